"""The fake GitLab as a program: what it answers, what it bears, and what it keeps."""
import itertools
import json
import os
import pathlib
import random
import subprocess

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
    (["serve", "--kas-secret-file", "/dev/null"], 2, "gitlab.kas_secret"),
    (["serve", "--gitaly-token-file", "/dev/null"], 2, "--gitaly-token-file /dev/null: no token"),
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
           "A" * 30000]
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
