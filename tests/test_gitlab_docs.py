"""docs/fakegitlab.md is held to its word: what it shows is run."""
import json
import os
import re
import shlex
import subprocess

import pytest

from conftest import ROOT
from gitlab_client import FAKEGITLAB, Gitlab

pytestmark = pytest.mark.skipif(not FAKEGITLAB.exists(), reason=f"{FAKEGITLAB} is not built")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "fakegitlab.md").read_text(), re.M | re.S)


def blocks(kind, word=""):
    found = [text for name, text in BLOCKS if name == kind and word in text]
    assert found, f"no {kind} with {word} is in the page any more"
    return found


def test_every_block_is_of_a_kind_that_is_run():
    assert {name for name, _ in BLOCKS} == {"sh", "yaml", "graphql"}


def test_commands_that_serve(tmp_path):
    (tmp_path / "seed.yaml").write_text(blocks("yaml")[0])
    lines = blocks("sh", "fakegitlab serve")[0].splitlines()
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[:2] == ["fakegitlab", "serve"]
        one = Gitlab(*(tmp_path / word if word in ("seed.yaml", "data") else word for word in words[2:]))
        try:
            assert one.as_kas("GET", "/agent_info")[0] == 200, line
        finally:
            one.end()
    assert (tmp_path / "data").is_dir()


def test_commands_that_ask():
    one = Gitlab()
    try:
        host, port = one.address()
        env = {**os.environ, "GITLAB": f"http://{host}:{port}", "PAT": one.pat, "CONTROL": one.announced["control"]}
        for block in blocks("sh", "curl"):
            done = subprocess.run(["sh", "-ex"], input=block, capture_output=True, text=True, env=env, timeout=60, check=False)
            assert done.returncode == 0 and '"error"' not in done.stdout, done.stderr + done.stdout
        assert one.as_kas("GET", "/agent_info")[0] == 503, "the fault that the last command added"
    finally:
        one.end()


def test_seed_is_served(tmp_path):
    (tmp_path / "seed.yaml").write_text(blocks("yaml")[0])
    one = Gitlab(tmp_path / "seed.yaml")
    try:
        assert json.loads(one.as_kas("GET", "/agent_info", token="my-agent-token")[2])["agent_name"] == "my-agent"
        assert one.as_kas("GET", "/project_info?id=grp%2Fmanifests", token="my-agent-token")[0] == 200
        assert one.ask("GET", "/api/v4/job/allowed_agents", {"Job-Token": "job-token"})[0] == 200
        assert one.as_kas("POST", "/modules/cilium_alert", {"alert": {}}, token="my-agent-token")[0] == 403, "premium has no alerts"
    finally:
        one.end()


def test_graphql_documents():
    one = Gitlab()

    def ask(document, operation=None):
        return json.loads(one.as_user("POST", "/api/graphql", {"query": document, "operationName": operation})[2])

    try:
        query, mutations = blocks("graphql")
        agent = ask(query)["data"]["project"]["clusterAgent"]
        assert f'clusterAgentDelete(input: {{ id: "{agent["id"]}" }} )' in mutations
        assert f'clusterAgentTokenDelete(input: {{ id: "{agent["tokens"]["edges"][0]["node"]["id"]}" }})' in mutations
        assert ask(mutations)["errors"][0]["message"] == "An operation name is required"
        assert ask(mutations, "deleteAgent") == {"data": {"clusterAgentDelete": {"errors": []}}}
        gone = ask(mutations, "deleteToken")
        assert gone["data"] == {"clusterAgentTokenDelete": None} and "does not exist or you don't have permission" in gone["errors"][0]["message"]
    finally:
        one.end()
