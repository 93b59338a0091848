"""Programs of others that the tests use where they are at hand: in $FAKEKAS_PEERS (default ~/peers), or in PATH."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

PEERS = pathlib.Path(os.environ.get("FAKEKAS_PEERS", pathlib.Path.home() / "peers"))


def program(name, how):
    """Its path; without it the test is skipped, and says how to get it."""
    found = shutil.which(name, path=f"{PEERS}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        pytest.skip(f"no {name} in {PEERS} or PATH; {how}")
    return found


def python_with(module, how):
    """A Python that has the module: this one, or that of a virtual environment among the peers."""
    for python in (sys.executable, PEERS / "venv" / "bin" / "python"):
        if os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True,
                                                     check=False).returncode == 0:
            return python
    pytest.skip(f"no Python with the module {module}; {how}")
    return None


def graphql_core():
    """A Python that has graphql-core, the newest that is at hand, and its version: Debian's is 2.3, which knows the
    specification of 2018; 3.2 knows that of 2021 (pip install graphql-core)."""
    best = None
    for python in (sys.executable, PEERS / "venv" / "bin" / "python", shutil.which("python3"), "/usr/bin/python3"):
        asked = python and os.path.exists(python) and subprocess.run(
            [python, "-c", "import graphql; print(*graphql.__version__.split('.')[:2])"], capture_output=True, text=True, check=False)
        if asked and asked.returncode == 0:
            found = (python, tuple(int(n) for n in asked.stdout.split()))
            best = found if best is None or found[1] > best[1] else best
    if best is None:
        pytest.skip("no Python with graphql-core; apt-get install python3-graphql-core")
    return best


class Bridge:
    """tools/wsbridge.py before a ws listener: HTTP/2 in TCP becomes HTTP/2 in WebSocket."""

    def __init__(self, target):
        self.process = subprocess.Popen([sys.executable, ROOT / "tools" / "wsbridge.py", target],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=10)
