"""Worlds have a parent, and that has `conform run`: whoever of them ends, nothing is left behind and it is told."""
import os
import pathlib
import select
import signal
import subprocess

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
def playing(tmp_path):
    seen = kept(tmp_path)
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


@pytest.mark.parametrize("option", [None, "--no-thrift"])
def test_an_agent_saves_processor_time_unless_told_not_to(tmp_path, option):
    run, _, world = kept(tmp_path, *([option] if option else []))
    (agent,) = children(world)
    environment = pathlib.Path(f"/proc/{agent}/environ").read_bytes().split(b"\0")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert (b"GOGC=400" in environment) == (option is None)
