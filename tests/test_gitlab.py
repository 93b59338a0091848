"""The fake GitLab as a program: what it answers, what it bears, and what it keeps."""
import http.client
import itertools
import json
import os
import pathlib
import random
import subprocess
import threading
import time

import pytest

from gitlab_client import AGENTS, FAKEGITLAB, INTERNAL, Gitlab, b64url, jwt

pytestmark = pytest.mark.skipif(not FAKEGITLAB.exists(), reason=f"{FAKEGITLAB} is not built")


@pytest.fixture
def gitlab():
    started = []

    def call(*args):
        started.append(Gitlab(*args))
        return started[-1]

    yield call
    for one in started:
        one.end()


def message(answer):
    return json.loads(answer[2])["message"]


def test_help_teaches():
    text = subprocess.run([FAKEGITLAB, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    for word in ("--listen", "--data", "--kas-secret-file", "SEED.yaml", "exit: 0"):
        assert word in text


@pytest.mark.parametrize("args, code, says", [
    (["sevre"], 2, "did you mean serve"),
    (["serve", "--listen", "ftp=127.0.0.1:0"], 2, "expected http, https or gitaly"),
    (["serve", "--listen", "http"], 2, "http=127.0.0.1:8080"),
    (["serve", "--version", "new"], 2, "gitlab.version"),
    (["serve", "--kas-secret-file", "/dev/null"], 2, "--kas-secret-file /dev/null: is empty"),
    (["serve", "--kas-secret-file", "/proc/version"], 2, "gitlab.kas_secret"),
    (["serve", "--gitaly-token-file", "/dev/null"], 2, "--gitaly-token-file /dev/null: is empty"),
    (["serve", "no-such-seed.yaml"], 2, "no-such-seed.yaml"),
    (["serve", "--listen", "http=192.0.2.1:0"], 3, "no address of this machine"),
])
def test_mistakes_are_told(args, code, says):
    done = subprocess.run([FAKEGITLAB, *args], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == code
    assert says in done.stderr


def test_for_people():
    with subprocess.Popen([FAKEGITLAB, "serve"], stdout=subprocess.PIPE, text=True) as process:
        lines = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        process.terminate()
        process.wait(10)
    text = "".join(lines)
    assert process.returncode == 0
    for word in ("token of agent", "my-agent", "authentication_secret_file:", "tcp://127.0.0.1:", "kas --configuration-file="):
        assert word in text


def test_private_folder_goes_away(gitlab):
    one = gitlab()
    folder = pathlib.Path(one.announced["kas_secret_file"]).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    one.end()
    assert not folder.exists()


def test_agent_info_of_a_kas(gitlab):
    one = gitlab()
    status, headers, text = one.as_kas("GET", "/agent_info", **{"X-Request-Id": "01ABC"})
    info = json.loads(text)
    assert (status, headers["Content-Type"], headers["X-Request-Id"]) == (200, "application/json", "01ABC")
    assert info["agent_name"] == "my-agent" and info["gitaly_info"]["address"] == one.announced["gitaly"]


def test_jwts_that_are_none(gitlab):
    one = gitlab()
    good = jwt(one.key)
    head, claims, signature = good.split(".")
    none = b64url(b'{"alg":"none"}')
    bad = [None, "", "x", "a.b.c", jwt(b"k" * 32), jwt(one.key, iss="gitlab"), jwt(one.key, aud=None),
           jwt(one.key, aud=["kas"]), jwt(one.key, exp=1), jwt(one.key, nbf=2 ** 40), f"{none}.{claims}.",
           f"{none}.{claims}.{signature}", jwt(one.key, header={"alg": "HS512"}), f"{head}.{claims}.", good + "x",
           "A" * 30000, jwt(one.key, exp=int(time.time()) - 5), jwt(one.key, nbf=int(time.time()) + 30),
           jwt(one.key, header={"alg": "RS256", "jwk": {"kty": "oct", "k": b64url(one.key)}}), jwt(one.key, header={"alg": ["HS256"]}),
           jwt(one.key, header={"alg": "none", "typ": "JWT"}), jwt(one.key, header=["HS256"]), jwt(one.key, exp="never"), jwt(one.key, iss=["gitlab-kas"]),
           good.replace(".", ".."), "." + good, good.upper(), f" {good} {good}"]
    for token in bad:
        headers = {"Authorization": f"Bearer {one.token}"} | ({"Gitlab-Kas-Api-Request": token} if token is not None else {})
        answer = one.ask("GET", INTERNAL + "/agent_info", headers)
        assert (answer[0], message(answer)) == (401, "KAS JWT authentication invalid"), token
    assert one.as_kas("GET", "/agent_info")[0] == 200


def test_bytes_that_are_no_http(gitlab):
    one = gitlab()
    for data in (b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                 b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        assert one.raw(data).startswith(b"HTTP/1.1 400 Bad Request"), data
    assert one.raw(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 100000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
    chance = random.Random(7)
    for _ in range(50):
        one.raw(chance.randbytes(chance.randrange(1, 2000)))
    assert one.as_kas("GET", "/agent_info")[0] == 200


def test_bodies_that_are_none(gitlab):
    one = gitlab()
    json_type = {"Content-Type": "application/json"}
    for body in ("{", "[]", "1", "\"\"", "{\"a\":\"\ud800\"}".encode("utf-8", "surrogatepass"), "[" * 100000, "{\"a\":1e999}"):
        for path in ("/usage_metrics", "/agent_configuration", "/modules/cilium_alert"):
            status, _, text = one.as_kas("POST", path, body, **json_type)
            assert status == 400 and "error" in json.loads(text) or path == "/usage_metrics", (path, body, text)
    answer = one.as_kas("POST", "/usage_metrics", "x" * (2 << 20), **json_type)
    assert (answer[0], message(answer)) == (413, "413 Request Entity Too Large")
    chunked = (f"POST {INTERNAL}/usage_metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               f"200000\r\n{'x' * 0x200000}\r\n0\r\n\r\n")
    assert b" 413 " in one.raw(chunked.encode()).splitlines()[0]
    assert one.as_kas("POST", "/usage_metrics", {"gitops_sync_count": 1})[0] == 204
    assert one.as_kas("POST", "/usage_metrics", {"gitops_sync_count": -1})[0] == 400


@pytest.mark.parametrize("path", ["/..", "/../agent_info", "/%2e%2e/agent_info", "//agent_info", "/./agent_info",
                                  "%2Fagent_info", "/agent_info%2F..", "/%252e%252e/agent_info", "/agent_info;x"])
def test_paths_that_lead_elsewhere(gitlab, path):
    one = gitlab()
    assert one.as_kas("GET", path)[0] == 404
    for bad in ("/agent_info%00", "/%", "/%zz", "/%ff", "/agent_info?x=%"):
        assert one.as_kas("GET", bad)[0] == 400


def test_agents_and_tokens_by_rest(gitlab):
    one = gitlab()
    assert message(one.ask("GET", AGENTS)) == "401 Unauthorized"
    assert message(one.as_user("GET", AGENTS.replace("proj/", "none/"))) == "404 Project Not Found"
    assert one.as_user("POST", AGENTS, {})[2] == '{"error":"name is missing"}'
    assert message(one.as_user("POST", AGENTS, {"name": "No_"})).startswith("400 Bad request - Name can contain only")
    agent = json.loads(one.as_user("POST", AGENTS, {"name": "second"})[2])
    status, _, text = one.as_user("POST", f"{AGENTS}/{agent['id']}/tokens", {"name": "t", "description": "d"})
    token = json.loads(text)
    assert status == 201 and token["status"] == "active"
    assert json.loads(one.as_kas("GET", "/agent_info", token=token["token"])[2])["agent_name"] == "second"
    listed = json.loads(one.as_user("GET", f"{AGENTS}/{agent['id']}/tokens")[2])
    assert "token" not in listed[0] and "last_used_at" not in listed[0]
    assert one.as_user("DELETE", f"{AGENTS}/{agent['id']}/tokens/{token['id']}")[0] == 204
    assert message(one.as_kas("GET", "/agent_info", token=token["token"])) == "401 Unauthorized"
    assert one.as_user("DELETE", f"{AGENTS}/{agent['id']}")[0] == 204
    assert one.as_user("GET", f"{AGENTS}/{agent['id']}")[0] == 404


def test_pages(gitlab):
    one = gitlab()
    for i in range(6):
        assert one.as_user("POST", AGENTS, {"name": f"agent-{i}"})[0] == 201
    status, headers, text = one.as_user("GET", AGENTS + "?per_page=3&page=2")
    assert status == 200 and [agent["name"] for agent in json.loads(text)] == ["agent-2", "agent-3", "agent-4"]
    assert [headers[name] for name in ("X-Total", "X-Total-Pages", "X-Page", "X-Next-Page", "X-Prev-Page")] == ["7", "3", "2", "3", "1"]
    for rel in ("prev", "next", "first", "last"):
        assert f'rel="{rel}"' in headers["Link"]
    assert one.as_user("GET", AGENTS + "?page=x")[2] == '{"error":"page is invalid"}'
    assert one.as_user("GET", AGENTS + "?page=9")[2] == "[]"


def test_by_hand(gitlab, tmp_path):
    one = gitlab("--events", tmp_path / "events.jsonl")
    assert one.do("revoke_token", "my-agent") == {"ok": True}
    assert one.as_kas("GET", "/agent_info")[0] == 401
    assert "did you mean revoke_token" in one.do("revoke_tokne", "my-agent")["error"]
    one.end()
    text = (tmp_path / "events.jsonl").read_text()
    for secret in (one.token, one.pat, one.key.hex()):
        assert secret not in text
    events = [json.loads(line) for line in text.splitlines()]
    assert any(e["event"] == "gitlab.api" and e["status"] == 401 for e in events)
    assert any(e["event"] == "gitlab.verb" and e["verb"] == "revoke_token" for e in events)


def test_kill_9_loses_nothing_that_was_acknowledged(gitlab, tmp_path):
    data = tmp_path / "data"
    one = gitlab("--data", data)
    made = []
    for i in range(20):
        agent = json.loads(one.as_user("POST", AGENTS, {"name": f"agent-{i}"})[2])
        made.append((agent["name"], json.loads(one.as_user("POST", f"{AGENTS}/{agent['id']}/tokens", {"name": "t"})[2])["token"]))
    os.kill(one.process.pid, 9)
    one.process.wait(10)
    again = gitlab("--data", data)
    assert again.key == one.key and "secrets" not in again.announced
    for name, token in made:
        assert json.loads(again.as_kas("GET", "/agent_info", token=token)[2])["agent_name"] == name
    assert again.as_kas("GET", "/agent_info", token=one.token)[0] == 200


# Each of these is refused, or answered in bounds; the words of the refusal are held in fakegitlab/graphql/*_test.c.
TOO_MUCH = {
    "braces": "{" * 100000, "lists": "{ echo(text: " + "[" * 100000 + ") }", "open string": '{ echo(text: "', "no utf-8 in an escape": '{ echo(text: "\\ud800") }',
    "deep": "{ project(fullPath: \"grp/proj\") " + "{ clusterAgents { nodes { project " * 40 + "{ id }" + " } } }" * 40 + " }",
    "wide": "{ " + " ".join(f"a{i}: echo(text: \"x\")" for i in range(20000)) + " }",
    "one field a thousand times": "{ " + "currentUser { id } " * 4000 + "}",
    "many that may conflict": "{ " + " ".join(f"currentUser {{ a: id b{i}: name }}" for i in range(1500)) + " }",
    "fragment of itself": "{ ...F } fragment F on Query { ...F }",
    "fragments in a ring": "{ ...A } " + " ".join(f"fragment {a} on Query {{ currentUser {{ id }} ...{b} }}" for a, b in ("AB", "BC", "CA")),
    "fragments that double": "{ ...F0 } " + " ".join(f"fragment F{i} on Query {{ a{i}: currentUser {{ id }} ...F{i + 1} ...F{i + 1} }}" for i in range(60))
                             + " fragment F60 on Query { currentUser { id } }",
    "a long chain of fragments": "{ ...F0 } " + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(3000)) + " fragment F3000 on Query { __typename }",
    "introspection in depth": "{ __schema { types " + "{ fields { type " * 60 + "{ name }" + " } }" * 60 + " } }",
    "comments": "#" + "x" * 200000 + "\n{ __typename }", "nothing": "", "only a comment": "# x", "nul": "{ __typename \0 }",
    "variables in a default": "query($a: Int = $b) { __typename }",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_graphql_that_is_too_much(gitlab, what):
    one = gitlab()
    began = time.monotonic()
    status, headers, text = one.as_user("POST", "/api/graphql", {"query": TOO_MUCH[what]})
    assert time.monotonic() - began < 30, "it took too long"
    answer = json.loads(text)
    assert status in (200, 400) and headers["Content-Type"] == "application/json" and len(text) < 1 << 20
    assert "data" not in answer or what in ("comments", "one field a thousand times"), text[:300]
    assert all(error["message"] for error in answer.get("errors", [])) or "error" in answer
    assert json.loads(one.as_user("POST", "/api/graphql", {"query": "{ __typename }"})[2]) == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("body", ['{"query": 1}', '{"query": ["{a}"]}', '{"variables": {}}', '{"query": "{ __typename }", "variables": [1]}',
                                  '{"query": "{ __typename }", "variables": "{"}', '{"query": "{ __typename }", "operationName": "x"}', '{"query": "query A { __typename } query B { __typename }"}',
                                  '{"query": "query($x: Int) { __typename }", "variables": {"x": ' + "[" * 1500 + "]" * 1500 + "}}",
                                  '{"query": "query($x: Int!) { __typename @skip(if: $x) }", "variables": {"x": 99999999999999999999}}', "[]", "null", "{"])
def test_requests_that_are_no_graphql(gitlab, body):
    one = gitlab()
    status, _, text = one.as_user("POST", "/api/graphql", body)
    assert status in (200, 400, 422) and ("errors" in json.loads(text) or "error" in json.loads(text)), text
    status, _, text = one.ask("POST", "/api/graphql", {"PRIVATE-TOKEN": one.pat, "Content-Type": "application/json"}, body)
    assert status in (200, 400, 422) and ("errors" in json.loads(text) or "error" in json.loads(text)), text
    assert one.as_user("POST", "/api/graphql", {"query": "{ __typename }"})[0] == 200


class Writer(threading.Thread):
    """Changes this and that until nobody answers, and knows what was acknowledged."""

    def __init__(self, one, number):
        super().__init__()
        self.one, self.number = one, number
        self.made, self.deleted, self.alerts, self.usage, self.configured, self.wrong = {}, set(), 0, 0, {}, None

    def run(self):
        try:
            for i in range(10000):
                self.change(i)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # killed in the midst of it: what was not answered was not acknowledged

    def answered(self, answer, status):
        if answer[0] != status:
            self.wrong = answer
            raise ValueError
        return json.loads(answer[2]) if answer[2] else None

    def change(self, i):
        agent = self.answered(self.one.as_user("POST", AGENTS, {"name": f"agent-{self.number}-{i}"}), 201)["id"]
        self.made[agent] = None
        self.made[agent] = self.answered(self.one.as_user("POST", f"{AGENTS}/{agent}/tokens", {"name": "t"}), 201)["token"]
        if i % 3 == 0:
            gone, _ = self.made.popitem()  # whether it is deleted or not is open until it is acknowledged
            self.answered(self.one.as_user("DELETE", f"{AGENTS}/{gone}"), 204)
            self.deleted.add(gone)
            return
        self.answered(self.one.as_kas("POST", "/agent_configuration", {"agent_id": agent, "agent_config": {"n": i}}), 204)
        self.configured[agent] = i
        self.answered(self.one.as_kas("POST", "/modules/cilium_alert", {"alert": {"writer": self.number, "n": i}}), 200)
        self.alerts += 1
        self.answered(self.one.as_kas("POST", "/usage_metrics", {"gitops_sync_count": 1}), 204)
        self.usage += 1


def state_of(one):
    done = subprocess.run(["curl", "-fs", "--unix-socket", one.announced["control"], "http://fakegitlab/state"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_kill_9_in_the_midst_of_writing(gitlab, tmp_path):
    """Three times, on the same data: all that was acknowledged is there, and what was deleted stays away."""
    data = tmp_path / "data"
    token = pat = None
    writers = []
    for life in range(3):
        one = gitlab("--data", data)
        one.token, one.pat = token or one.token, pat or one.pat
        token, pat = one.token, one.pat
        now = [Writer(one, 3 * life + n) for n in range(3)]
        writers += now
        for writer in now:
            writer.start()
        while sum(writer.alerts for writer in now) < 12 and any(writer.is_alive() for writer in now):
            now[0].join(0.005)
        os.kill(one.process.pid, 9)
        one.process.wait(10)
        for writer in now:
            writer.join(20)
        again = gitlab("--data", data)
        again.token, again.pat = token, pat
        state = state_of(again)
        agents = {agent["id"]: agent for agent in state["agents"]}
        for writer in writers:
            assert writer.alerts > 0 and not writer.wrong, writer.wrong
            assert set(writer.made) <= set(agents) and not writer.deleted & set(agents)
            for agent, secret in writer.made.items():
                assert not secret or json.loads(again.as_kas("GET", "/agent_info", token=secret)[2])["agent_id"] == agent
            assert all(agents[agent]["config"] == {"n": n} for agent, n in writer.configured.items())
            seen = sum(alert["payload"]["writer"] == writer.number for alert in state["received"]["alerts"])
            assert writer.alerts <= seen <= writer.alerts + 1
        counted = state["received"]["usage"]["counters"]["gitops_sync_count"]
        assert sum(writer.usage for writer in writers) <= counted <= sum(writer.usage + 1 for writer in writers)
        again.end()
