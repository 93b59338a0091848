"""The fake Kubernetes API answers as a real one does, where a kube-apiserver and etcd are at hand; a difference would be seen."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import CONFORM, ROOT

NOTHING = {**os.environ, "FAKEKAS_PEERS": "/nonexistent", "PATH": "/nonexistent"}


def compare(out, *args, env=None):
    told = subprocess.run([CONFORM, "compare-kube", "--out", out, *map(str, args)], capture_output=True, text=True, check=False,
                          cwd=ROOT, env=env, timeout=300)
    if told.returncode == 77 and not env:
        pytest.skip(told.stderr.strip())
    return told


def test_answers_as_a_real_one(tmp_path):
    told = compare(tmp_path, "-q")
    assert told.returncode == 0, told.stdout + told.stderr
    calls = json.loads((tmp_path / "report.json").read_text())
    assert {call["session"] for call in calls} >= {"agentk-14.7", "agentk-15.7", "agentk-16.5", "kubectl-1.20", "refusals"}
    assert len(calls) > 500


def test_a_difference_is_seen(tmp_path):
    """One that nobody gives a reason for, and a reason for none."""
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures, ignore=shutil.ignore_patterns("golden", "scenarios"))
    (fixtures / "scenarios").mkdir()
    known = fixtures / "kube/differences.yaml"
    lines = [line for line in known.read_text().splitlines() if '"*: GET /apis"' not in line]
    known.write_text("\n".join([*lines, '  - { talk: "agentk-16.5: GET /version", at: body.major, reason: made up }']) + "\n")
    told = compare(tmp_path / "out", "agentk-16.5", "--fixtures", fixtures)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "DIFFER agentk-16.5: GET /apis\n" in told.stdout
    assert "body.groups.certificates.k8s.io" in told.stdout
    assert told.stdout.count("DIFFER") == 1
    assert "agentk-16.5: GET /version at body.major no longer differs" in told.stderr


def test_without_the_programs_it_says_so(tmp_path):
    told = compare(tmp_path, env=NOTHING)
    assert told.returncode == 77
    assert "nothing was compared: no kube-apiserver is here; cure: --kube-apiserver PATH" in told.stderr
    program = tmp_path / "kube-apiserver"
    program.touch(0o755)
    assert "cure: apt-get install etcd-server" in compare(tmp_path, "--kube-apiserver", program, env=NOTHING).stderr
