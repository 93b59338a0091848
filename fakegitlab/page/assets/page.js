// What the page does beyond plain HTML: dialogs that keep the focus, and a list that follows what happens.
"use strict";

const EVERY = 2000;

function openDialog(link) {
  const dialog = document.querySelector(link.getAttribute("href"));
  const menu = link.closest("details");
  if (menu) menu.open = false;
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && link.matches(".opens")) {
    event.preventDefault();
    openDialog(link);
  } else if (link && link.matches("dialog .closes")) {
    event.preventDefault();
    link.closest("dialog").close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Makes `old` what `next` is and leaves alone what is the same: what is open, focused or just being clicked stays.
function morph(old, next) {
  if (old.nodeName !== next.nodeName || old.id !== next.id) {
    old.replaceWith(next);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  const [before, after] = [[...old.childNodes], [...next.childNodes]];
  after.forEach((child, i) => (before[i] ? morph(before[i], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

async function refresh(live) {
  const answer = await fetch(location.pathname, { cache: "no-store" });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const busy = document.querySelector("dialog[open]") || !getSelection().isCollapsed;
  if (next && !busy) morph(live, next);
}

function follow(live) {
  setTimeout(async () => {
    if (document.visibilityState === "visible") {
      await refresh(live).catch(() => {}); // a GitLab that is away for a while is nothing to tell of here
    }
    follow(live);
  }, EVERY);
}

const live = document.getElementById("live");
if (live) follow(live);
