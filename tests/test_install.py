"""A person who installs the agent: what is told where kubectl is missing, where a command does not what was said of it, and which
rights the agent asked for."""
import json
import os
import pathlib
import shutil

from conftest import ROOT
from peers import program

HOW = "apt-get install kubernetes-client, or unpack that package's kubectl into $FAKEKAS_PEERS"


def reference(conform, folder, scenario, *options, **kwargs):
    run = conform("run", scenario, "--only-reference", "--out", folder, *options, **kwargs)
    return run, json.loads((folder / "results.json").read_text())


def test_skipped_without_kubectl(conform, tmp_path):
    env = {**os.environ, "FAKEKAS_PEERS": str(tmp_path), "PATH": str(tmp_path)}
    run, rows = reference(conform, tmp_path / "out", "install/removed", env=env)
    assert run.returncode == 77, run.stdout
    assert [row["verdict"] for row in rows] == ["SKIPPED"]
    assert rows[0]["reason"].startswith("needs kubectl; cure: apt-get install kubernetes-client")


def changed(folder, old, new):
    """The fixtures with install/removed changed."""
    fixtures = folder / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures, ignore=shutil.ignore_patterns("golden"))
    path = pathlib.Path(fixtures / "scenarios/install/removed.yaml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return fixtures


def test_a_command_that_does_not_what_was_said_fails_the_row(conform, tmp_path):
    program("kubectl", HOW)
    fixtures = changed(tmp_path, "{ run: kubectl create namespace gitlab-kubernetes-agent }",
                       "{ run: kubectl create namespace gitlab-kubernetes-agent, prints: namespace/other created }")
    run, rows = reference(conform, tmp_path / "out", "install/removed", "--fixtures", fixtures)
    assert run.returncode == 1, run.stdout
    assert rows[0]["reason"].startswith("a person's `kubectl create namespace gitlab-kubernetes-agent`: ")
    assert "it printed: namespace/gitlab-kubernetes-agent created" in rows[0]["reason"]


def test_an_edit_that_finds_nothing_is_told(conform, tmp_path):
    fixtures = changed(tmp_path, '"<version>": stable', '"<edition>": stable')
    run, rows = reference(conform, tmp_path / "out", "install/removed", "--fixtures", fixtures)
    assert run.returncode == 3, run.stdout
    assert '"<edition>" is not in it' in rows[0]["reason"]


def test_removed_as_documented(conform, tmp_path):
    program("kubectl", HOW)
    run, rows = reference(conform, tmp_path / "out", "install/removed")
    assert run.returncode == 0, run.stdout
    assert rows[0]["verdict"] == "PASS"
    assert "refused" not in rows[0].get("rights", {})
