"""The command line: exit codes that mean something, errors that name the place, machine-readable output."""
import collections
import json
import pathlib
import re
import subprocess

import pytest

from conftest import CONFORM, FAKEKAS, REFAGENT, ROOT

BROKEN = sorted((ROOT / "lib/script/testdata/broken").rglob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_a_broken_scenario_is_told_at_its_place(conform, path):
    run = conform("check", path)
    assert run.returncode == 1
    assert re.search(rf"{re.escape(path.name)}:\d+:\d+: ", run.stdout + run.stderr), run.stdout + run.stderr


def test_there_are_thirty_broken_ones():
    assert len(BROKEN) >= 30


def test_every_scenario_is_well_written(conform):
    run = conform("check", *sorted((ROOT / "fixtures/scenarios").rglob("*.yaml")))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("program", [CONFORM, FAKEKAS, REFAGENT], ids=lambda p: p.name)
def test_help_and_nonsense(program):
    asked = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert asked.returncode == 0 and len(asked.stdout.splitlines()) > 5
    wrong = subprocess.run([program, "--no-such-flag"], capture_output=True, text=True, check=False)
    assert wrong.returncode in ((2,) if program != REFAGENT else (1, 2)) and wrong.stderr


@pytest.mark.parametrize("command", ["run", "list", "check", "explain", "record", "mutants", "version", "parity"])
def test_each_command_teaches(conform, command):
    run = conform(command, "--help")
    assert run.returncode == 0 and command in run.stdout


def test_nothing_selected_is_never_success(conform, tmp_path):
    assert conform("run", "no-such-scenario", "--out", tmp_path / "r").returncode in (2, 77)


def test_an_agent_that_is_not_there(conform, tmp_path):
    run = conform("run", "healthy/connect", "--sut", f"agentk={tmp_path}/none", "--out", tmp_path / "r")
    assert run.returncode in (2, 3) and "none" in run.stderr


def test_list_is_complete(conform):
    scenarios = json.loads(conform("list", "--json").stdout)
    files = {str(p.relative_to(ROOT / "fixtures/scenarios"))[:-5] for p in (ROOT / "fixtures/scenarios").rglob("*.yaml")}
    assert {s["id"].split(":")[0] for s in scenarios} == files  # an entry of a matrix is file:value
    for s in scenarios:
        assert s["title"] and s["transports"] and {"versions", "layers", "cures", "documented"} <= set(s), s  # versions: "" is all


def test_spread_lets_transports_take_turns(conform, tmp_path):
    for version in ("14.5", "14.6", "14.7", "14.8"):
        agent = tmp_path / f"agentk-{version}"
        agent.write_text(f"#!/bin/sh\necho agentk version v{version}.0, commit: none\n")
        agent.chmod(0o755)

    def told(*more):
        return conform("list", "--rows", "kas-address/**", "dns/**", "--agents", tmp_path, "--no-reference", *more).stdout

    def parted(rows):
        return [re.fullmatch("(agentk-[^/]+)/(.+)/(ws|wss|grpc|grpcs)(@.*)?", row).groups() for row in rows]

    rows = json.loads(told("--json"))
    everything, spread = parted(row["row"] for row in rows), parted(told("--spread").split())
    assert set(spread) < set(everything)
    # the same rows are marked in the list of all
    assert parted(row["row"] for row in rows if row["in_turn"]) == spread
    # each agent meets each scenario and each of its cures, once
    assert collections.Counter((agent, sc, cure) for agent, sc, _, cure in spread) == \
        collections.Counter({(agent, sc, cure) for agent, sc, _, cure in everything})
    # and four agents meet all of its transports
    assert {(sc, transport) for _, sc, transport, cure in spread if not cure} == \
        {(sc, transport) for _, sc, transport, cure in everything if not cure}


def test_a_run_writes_its_reports(conform, tmp_path):
    out = tmp_path / "results"
    run = conform("run", "healthy/connect", "kas-address/refused", "--only-reference", "--out", out)
    assert run.returncode == 0, run.stdout
    assert re.fullmatch(r"\d+ passed, \d+ failed, \d+ skipped", run.stdout.splitlines()[-1])
    rows = json.loads((out / "results.json").read_text())
    assert rows
    for row in rows:
        assert {"id", "cure", "sut", "version", "transport", "verdict", "reason", "seconds"} <= set(row)
    assert (out / "junit.xml").read_text().startswith("<?xml") and (out / "tap").read_text().startswith("TAP version 14")
    folders = list(out.rglob("verdict.json"))
    assert len(folders) == len(rows)
    for folder in folders:
        assert (folder.parent / "events.jsonl").exists() and (folder.parent / "sut.log").exists()


def test_no_secret_is_left_behind(conform, tmp_path):
    out = tmp_path / "results"
    conform("run", "healthy/connect", "--only-reference", "--out", out, "--verbose")
    for path in out.rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert b"glagent-" not in text and b"PRIVATE KEY" not in text, path


def test_without_its_fault_a_scenario_fails(conform, tmp_path):
    run = conform("run", "--faults-off", "kas-address/**", "tls/*", "auth/*", "--only-reference", "--out", tmp_path / "r", timeout=300)
    assert run.returncode == 0, run.stdout


def test_without_namespaces_the_rest_is_skipped_with_a_reason(conform, tmp_path):
    run = conform("run", "--no-namespace", "kas-address/no-such-host", "kas-address/status-403", "--no-cures",
                  "--only-reference", "--out", tmp_path / "r")
    rows = json.loads((tmp_path / "r" / "results.json").read_text())
    for row in rows:
        assert row["verdict"] == "PASS" or (row["verdict"] == "SKIPPED" and row["reason"]), row
    assert any(row["verdict"] == "SKIPPED" for row in rows)


def test_without_namespaces_an_agent_is_measured_by_whatever_name(conform, tmp_path):
    """In a world its program is called after its kind; here it is a file of any name."""
    named = tmp_path / "some-build-of-an-agent"
    named.symlink_to(REFAGENT)
    run = conform("run", "--no-namespace", "kas-address/status-403", "--no-cures", "--transport", "ws", "--sut",
                  f"agentk={named}", "--out", tmp_path / "r")
    (row,) = json.loads((tmp_path / "r" / "results.json").read_text())
    assert row["verdict"] == "PASS", run.stdout
    assert row["used"]["rss"] > 0, row


def test_commands_of_the_documentation_exist(conform):
    """Each `conform …` and `fakekas …` line of the README and the pages names a command and flags that exist."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
    helps = {}
    for page in pages:
        for line in re.findall(r"(?m)^(?:\$ |    |)(?:build/conformance/)?(conform [a-z]+[^\n|<]*)", page.read_text()):
            words = line.split()
            if words[1] not in helps:
                run = conform(words[1], "--help")
                assert run.returncode == 0, f"{page.name}: {line}"
                helps[words[1]] = run.stdout
            for flag in re.findall(r"(?<!\S)--[a-z-]+", line):
                assert flag in helps[words[1]] or flag in ("--help",), f"{page.name}: {line}: {flag}"


def test_without_a_kas_nothing_fails_and_it_is_told(conform, tmp_path):
    run = conform("run", "kas/bad-secret", "healthy/connect", "--transport", "ws", "--only-reference", "--out", tmp_path / "r")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "no real KAS has met:\n  kas/bad-secret\n" in run.stdout
    alone = conform("run", "kas/bad-secret", "--only-reference", "--out", tmp_path / "r")
    assert alone.returncode == 77, alone.stdout + alone.stderr
    listed = conform("list", "kas/**", "gitlab/**", "chain/**")
    assert listed.returncode == 0 and "kas/bad-secret" in listed.stdout and "chain/healthy" in listed.stdout
