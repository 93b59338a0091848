"""Worlds have a parent, and that has `conform run`: whoever of them ends, nothing is left behind and it is told."""
import json
import os
import pathlib
import select
import signal
import subprocess
import time

import pytest

from conftest import CONFORM


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kept(folder, *options):
    """A run in whose one world an agent lives: (process, pid of the parent of worlds, pid of the world)."""
    run = subprocess.Popen([CONFORM, "run", "healthy/connect", "--transport", "ws", "--only-reference", "--out", folder,
                            "--keep", *options], stdout=subprocess.PIPE, text=True)
    for line in run.stdout:
        if "nsenter" in line:
            break
    (parent,) = children(run.pid)
    (world,) = children(parent)
    return run, parent, world


@pytest.fixture
def playing(tmp_path, request):
    seen = kept(tmp_path, *getattr(request, "param", ()))
    yield seen
    seen[0].kill()
    seen[0].wait()


def gone(pids):
    """They end, before pytest's patience does."""
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([fd], [], [], 20)[0], pid
        os.close(fd)


def test_an_interrupted_run_ends_what_it_kept_in_order(playing):
    run, parent, world = playing
    agents = children(world)
    assert len(agents) == 1
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert out.strip().endswith("1 passed, 0 failed, 0 skipped"), out
    gone([parent, world, *agents])


def test_a_killed_run_leaves_nothing_behind(playing):
    run, parent, world = playing
    agents = children(world)
    run.kill()
    gone([parent, world, *agents])


def test_a_killed_world_is_an_error_of_the_harness(playing):
    run, _, world = playing
    os.kill(world, signal.SIGKILL)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 3, out
    assert "the world was killed by signal 9" in out


def test_a_killed_parent_of_worlds_is_an_error_of_the_harness(playing):
    run, parent, world = playing
    os.kill(parent, signal.SIGKILL)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 3, out
    assert "the parent of all worlds has ended" in out
    gone([world])


@pytest.mark.parametrize("playing", [("--stop-after", "500")], indirect=True, ids=["kept"])
@pytest.mark.parametrize("frozen", ["the parent of worlds", "the world"])
def test_an_interrupt_has_a_limit(playing, tmp_path, frozen):
    """Who is stopped hears no SIGTERM, and a parent that is stopped hands on no SIGKILL."""
    run, parent, world = playing
    agents = children(world)
    os.kill(parent if frozen == "the parent of worlds" else world, signal.SIGSTOP)
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 1, out
    (row,) = json.loads((tmp_path / "results.json").read_text())
    assert row["verdict"] == "SKIPPED" and row["reason"] == "interrupted", row
    gone([parent, world, *agents])


def until(condition):
    end = time.monotonic() + 30
    while not (seen := condition()):
        assert time.monotonic() < end
    return seen


def descendants(run, generations):
    """Those of the last generation: parent of worlds, worlds, agents."""
    seen = [run.pid]
    for _ in range(generations):
        try:
            seen = [c for p in seen for c in children(p)]
        except FileNotFoundError:
            return []
    return seen


@pytest.mark.parametrize("phase", ["the parent of worlds", "a world", "an agent", "the first outcome"])
def test_an_interrupt_ends_a_run_in_every_phase(tmp_path, request, phase):
    """Without their faults these rows would stay for 15 s each."""
    run = subprocess.Popen([CONFORM, "run", "kas-address/status-40*", "healthy/connect", "--only-reference", "--out", tmp_path,
                            "--no-cures", "--faults-off"], stdout=subprocess.PIPE, text=True)
    request.addfinalizer(run.kill)
    if phase == "the first outcome":
        run.stdout.readline()
    else:
        until(lambda: descendants(run, {"the parent of worlds": 1, "a world": 2, "an agent": 3}[phase])
              and (tmp_path / "results.jsonl").exists())
    left = [p for generation in (1, 2, 3) for p in descendants(run, generation)]
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 1, out
    assert "interrupted" in (tmp_path / "summary.txt").read_text().splitlines()
    reasons = {row["reason"] for row in json.loads((tmp_path / "results.json").read_text())}
    assert "interrupted" in reasons
    gone(left)


@pytest.mark.parametrize("option", [None, "--no-thrift"])
def test_an_agent_saves_processor_time_unless_told_not_to(tmp_path, option):
    run, _, world = kept(tmp_path, *([option] if option else []))
    (agent,) = children(world)
    environment = pathlib.Path(f"/proc/{agent}/environ").read_bytes().split(b"\0")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert (b"GOGC=400" in environment) == (option is None)
