"""The fake KAS says what a real one says, and a difference would be seen."""
import atexit
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from conftest import CONFORM, ROOT

AGENTS = pathlib.Path(os.environ.get("FAKEKAS_AGENTS", pathlib.Path.home() / "agents"))
KAS = sorted(AGENTS.glob("kas-*"))
needs_kas = pytest.mark.skipif(not KAS, reason=f"no kas-VERSION in {AGENTS}: nothing real to hold the fake against")


def parity(out, *args):
    return subprocess.run([CONFORM, "parity", "--out", out, *args], capture_output=True, text=True, check=False, cwd=ROOT,
                          timeout=300)


def differences(out):
    return {(one["talk"], one["over"], d["at"]): d for one in json.loads((out / "report.json").read_text())
            for d in one["differences"] if "reason" not in d}


@needs_kas
@pytest.mark.parametrize("kas", KAS, ids=lambda path: path.name)
def test_says_what_the_real_one_says(kas):
    told = BEGUN.pop(kas)
    stdout, stderr = told.communicate(timeout=300)
    assert told.returncode == 0, stdout + stderr


def begin(kas):
    """It waits for connections to grow old, for a minute and more: conftest calls this before the first test."""
    out = tempfile.TemporaryDirectory(prefix="parity-")  # pylint: disable=consider-using-with
    BEGUN[kas] = subprocess.Popen([CONFORM, "parity", "--out", out.name, "--sut", f"kas={kas}", "-q"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, cwd=ROOT)
    BEGUN[kas].out = out  # goes with the process
    atexit.register(BEGUN[kas].kill)


BEGUN = {}
test_says_what_the_real_one_says.begin = begin


@needs_kas
def test_a_difference_is_seen(tmp_path):
    """One header of one answer is another, one status has other words, and an entry of the list is about nothing."""
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures, ignore=shutil.ignore_patterns("golden", "scenarios"))
    (fixtures / "scenarios").mkdir()
    book = fixtures / "parity/plain.yaml"
    head, talks = book.read_text().split("\ntalks:\n")
    faults = """
    - transports: [ws]
      kas:
        faults:
          - { at: http.request, when: { path: /, method: POST }, do: { respond: { status: 405, headers: { x-one: more } } } }
          - { at: grpc.status, when: { code: 16 }, do: { status: { code: 16, message: who are you } } }
"""
    assert "\n  variants:\n" in head
    head = head.replace("\n  variants:\n", "\n  variants:" + faults, 1)
    meant = ("upgrade-by-post", "unknown-token", "configuration", "no-upgrade", "deadline")
    lines, keep = [], False
    for line in talks.splitlines():
        if line.startswith(("  - talk: ", "  - { talk: ")):
            keep = line.split("talk: ")[1].split(",")[0] in meant
        if keep:
            lines.append(line)
    book.write_text(head + "\ntalks:\n" + "\n".join(lines) + "\n")
    known = fixtures / "parity/differences.yaml"
    known.write_text(known.read_text() + "  - { talk: plain/no-upgrade, at: headers.Nobody, reason: made up }\n")
    told = parity(tmp_path / "out", "plain", "--transport", "ws", "--sut", f"kas={KAS[0]}", "--fixtures", fixtures)
    assert told.returncode == 1, told.stdout + told.stderr
    found = differences(tmp_path / "out")
    assert found["plain/unknown-token", "ws", "calls.a.trailers.grpc-message"]["fake"] == "who are you"
    assert found["plain/upgrade-by-post", "ws", "headers.x-one"] == {"at": "headers.x-one", "real": None, "fake": "more"}
    assert {talk for talk, _, _ in found} == {"plain/unknown-token", "plain/upgrade-by-post"}
    assert "plain/no-upgrade at headers.Nobody no longer differs" in told.stderr


def test_without_a_kas_it_says_so(tmp_path):
    told = subprocess.run([CONFORM, "parity", "--agents", tmp_path], capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode == 77
    assert "no real KAS is here" in told.stderr
