// The GraphQL explorer. Without this script its form asks by GET, and the browser shows the answer.
"use strict";

const form = document.getElementById("explorer");
const [query, variables, operation] = ["query", "variables", "operation"].map((id) => document.getElementById(id));
const outcome = document.getElementById("outcome");
const result = document.getElementById("result");

function show(text, outcomeText, good) {
  result.textContent = text;
  outcome.textContent = outcomeText;
  outcome.className = good ? "muted" : "bad";
}

function asked() {
  const body = { query: query.value, variables: variables.value.trim() ? JSON.parse(variables.value) : null };
  if (operation.value.trim()) body.operationName = operation.value.trim();
  return JSON.stringify(body);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function run() {
  let body;
  try {
    body = asked();
  } catch (error) {
    show("", `The variables are no JSON: ${error.message}`, false);
    variables.focus();
    return;
  }
  const began = performance.now();
  outcome.textContent = "Asking …";
  try {
    const answer = await fetch("/api/graphql", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
      },
      body,
    });
    const text = await answer.text();
    show(pretty(text), `${answer.status} ${answer.statusText}, ${Math.round(performance.now() - began)} ms`, answer.ok);
  } catch (error) {
    show("", `No answer: ${error.message}`, false);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
document.getElementById("example").addEventListener("change", (event) => {
  const example = event.target.value && document.getElementById(event.target.value);
  if (!example) return;
  query.value = example.content.textContent;
  variables.value = example.dataset.variables || "";
  operation.value = example.dataset.operation || "";
  query.focus();
});
