"""`conform explain` on lines that real agents printed: the right failure, or none; never a wrong one."""
import json
import pathlib
import subprocess

import pytest

from conftest import CONFORM, ROOT

LINES = [json.loads(line) for line in (ROOT / "tests/data/explain.jsonl").read_text().splitlines()]
SHARED = ROOT.parent / "shared" / "logs" / "14.7"


def explain(text):
    run = subprocess.run([CONFORM, "explain", "--json"], input=text, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode in (0, 1), run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def explained():
    answers = explain("".join(line["line"] + "\n" for line in LINES))
    assert len(answers) == len(LINES)
    return answers


@pytest.mark.parametrize("number", range(len(LINES)), ids=lambda n: f"{n}-{LINES[n]['case']}")
def test_line(explained, number):
    assert sorted(f["id"] for f in explained[number]["failures"]) == sorted(LINES[number]["expect"])


def documented():
    """Each log object that the documentation page prints, from the scenarios that reproduce it."""
    run = subprocess.run([CONFORM, "list", "--json"], capture_output=True, text=True, cwd=ROOT, check=True)
    for scenario in json.loads(run.stdout):
        log = (scenario.get("documented") or {}).get("log")
        for one in [log] if isinstance(log, str) else log or []:
            yield scenario["id"], one


def test_what_the_page_prints():
    pairs = list(documented())
    assert len(pairs) >= 6
    for scenario, line in pairs:
        json.loads(line)
        ids = [f["id"].split(":")[0] for f in explain(line + "\n")[0]["failures"]]
        scenario = scenario.split(":")[0]  # entries of one file say the same
        # Removal and an unknown token print the same words.
        assert scenario in ids or (scenario == "auth/revoked-while-connected" and ids == ["auth/unknown-token"]), (scenario, ids)


def test_a_failure_has_cause_cure_and_command(explained):
    for answer in explained:
        for failure in answer["failures"]:
            assert failure["cause"] and failure["cures"] and failure["command"].startswith("conform run ")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared logs of real agents are not beside this checkout")
def test_no_line_of_a_healthy_agent_is_a_failure():
    for log in sorted(SHARED.glob("ok-*.log")):
        if log.name.endswith((".kas.log", ".kube.log")) or "enforcement" in log.name:
            continue
        for answer in explain(log.read_text()):
            assert not answer["failures"], (log.name, answer)
