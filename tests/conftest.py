"""pytest drives, C judges.

`conform list --rows` is turned into items; one `conform run` behind them does all of the work in parallel; each item
waits for its own line in that run's stream and reads its verdict from it. The run begins beside the other tests, which
mostly wait, and its items come after them.
"""
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("FAKEKAS_BUILD", ROOT / "build"))
CONFORM = BUILD / "conformance" / "conform"
FAKEKAS = BUILD / "fakekas" / "fakekas"
REFAGENT = BUILD / "conformance" / "refagent"


def pytest_addoption(parser):
    group = parser.getgroup("fakekas")
    group.addoption("--sut", action="append", default=[], metavar="agentk=PATH",
                    help="component under test; repeatable (default: all in $FAKEKAS_AGENTS and the reference agent)")
    group.addoption("--out", default=None, metavar="DIR", help="where conform writes its results")
    group.addoption("--real-agents", choices=("documented", "all", "smoke"), default="documented",
                    help="which scenarios real agents play here: those of the documented failures (default) or the smoke "
                         "selection, each over transports that take turns (conform run --spread), or all over all; the "
                         "reference agent plays all, and so do all in ci/conformance")
    group.addoption("--no-suite", action="store_true", help="leave the conformance suite out")


def pytest_configure(config):
    config.addinivalue_line("markers", "suite: a row of the conformance suite")


def pytest_report_header(config):
    if not CONFORM.exists():
        return f"conform: {CONFORM} is not built"
    version = subprocess.run([CONFORM, "version"], capture_output=True, text=True, check=False)
    return [f"conform: {line}" for line in version.stdout.splitlines()]


def mark_of(text):
    """A name that pytest -m understands: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in text)


class SuiteRun:
    """One `conform run` for all selected rows, started when they are known."""

    def __init__(self, config):
        self.config = config
        self.rows = []
        self.verdicts = {}
        self.changed = threading.Condition()
        self.process = None
        self.ended = False

    def start(self):
        args = [CONFORM, "run", "--jsonl", "-", "--rows-from", "-"]
        for sut in self.config.getoption("--sut"):
            args += ["--sut", sut]
        if self.config.getoption("--out"):
            args += ["--out", self.config.getoption("--out")]
        # The tests beside it are one at a time and go first; what they leave is the suite's.
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                                        preexec_fn=lambda: os.nice(5))
        self.process.stdin.write("".join(row + "\n" for row in self.rows))
        self.process.stdin.close()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if not line.startswith("{"):
                continue
            verdict = json.loads(line)
            with self.changed:
                self.verdicts[verdict["row"]] = verdict
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def verdict(self, row):
        with self.changed:
            self.changed.wait_for(lambda: row in self.verdicts or self.ended)
            return self.verdicts.get(row)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


# The areas of the documented failures of reaching KAS; the rest of the vocabulary is the reference agent's here.
DOCUMENTED = {"alerts", "auth", "chain", "config", "connection", "gitlab", "gitops", "healthy", "install", "kas", "kas-address",
              "lifecycle", "start", "transport", "tunnel", "versions"}


def plays(row, selection):
    if row["sut"] == "refagent" or selection == "all":
        return True
    meant = "smoke" in row.get("tags", []) or selection == "documented" and row["id"].split("/")[0] in DOCUMENTED
    return meant and row["in_turn"]


class RowFailed(Exception):
    pass


class RowItem(pytest.Item):
    def __init__(self, *, row, run, **kwargs):
        super().__init__(**kwargs)
        self.row, self.run = row, run
        self.add_marker("suite")
        words = [row["sut"], f"{row['sut']}_{row['version']}", row["transport"], *row.get("layers", []), *row.get("tags", [])]
        for word in words + (["cure"] if row.get("cure") else []):
            self.add_marker(mark_of(word))

    def runtest(self):
        verdict = self.run.verdict(self.row["row"])
        if verdict is None:
            raise RowFailed("conform ended without a verdict for this row")
        if verdict["verdict"] in ("SKIPPED", "UNSUPPORTED"):
            pytest.skip(verdict["reason"])
        if verdict["verdict"] == "KNOWN-FAILING":
            pytest.xfail(verdict["reason"])
        if verdict["verdict"] != "PASS":
            raise RowFailed(verdict.get("report") or verdict["reason"])

    def repr_failure(self, excinfo, style=None):
        return str(excinfo.value) if isinstance(excinfo.value, RowFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self):
        return ROOT / "fixtures" / "scenarios" / f"{self.row['id']}.yaml", 0, self.row["row"]


class Suite(pytest.File):
    def listed(self):
        args = [CONFORM, "list", "--rows", "--json"]
        for sut in self.config.getoption("--sut"):
            args += ["--sut", sut]
        listed = subprocess.run(args, capture_output=True, text=True, cwd=ROOT, check=False)
        if listed.returncode != 0:
            raise self.CollectError(listed.stderr)
        return json.loads(listed.stdout)

    def collect(self):
        config = self.config
        rows = self.listed()
        chosen = [row for row in rows if plays(row, config.getoption("--real-agents"))]
        config.left_out = len(rows) - len(chosen)
        for row in chosen:
            for word in [row["sut"], f"{row['sut']}_{row['version']}", row["transport"], "cure", *row.get("layers", []), *row.get("tags", [])]:
                config.addinivalue_line("markers", f"{mark_of(word)}: rows of the suite")
            yield RowItem.from_parent(self, name=row["row"], row=row, run=config.suite_run)


def pytest_collect_file(file_path, parent):
    if file_path.name == "suite.yaml" and not parent.config.getoption("--no-suite"):
        if not hasattr(parent.config, "suite_run"):
            parent.config.suite_run = SuiteRun(parent.config)
        return Suite.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: isinstance(item, RowItem))  # stable: rows last


def pytest_collection_finish(session):
    run = getattr(session.config, "suite_run", None)
    if run is not None:
        run.rows = [item.row["row"] for item in session.items if isinstance(item, RowItem)]
        if run.rows and not session.config.option.collectonly:
            run.start()
    # What mostly waits begins now, beside the others, and is asked for its result when its turn comes.
    for item in session.items:
        begin = getattr(getattr(item, "obj", None), "begin", None)
        if begin is not None and not session.config.option.collectonly:
            begin(**item.callspec.params)


def pytest_terminal_summary(terminalreporter, config):
    if getattr(config, "left_out", 0):
        terminalreporter.write_line(f"{config.left_out} rows of real agents were left to ci/conformance (here: --real-agents=all)")


def pytest_unconfigure(config):
    run = getattr(config, "suite_run", None)
    if run is not None:
        run.stop()


@pytest.fixture(scope="session")
def conform():
    def call(*args, **kwargs):
        kwargs.setdefault("timeout", 120)
        return subprocess.run([CONFORM, *map(str, args)], capture_output=True, text=True, cwd=ROOT, check=False, **kwargs)
    return call


@pytest.fixture
def fakekas():
    """Starts `fakekas COMMAND --json …` and gives its process and what it announced; ends it afterwards."""
    started = []

    def call(command, *args):
        process = subprocess.Popen([FAKEKAS, command, "--json", *map(str, args)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"fakekas {command} said nothing: {process.stderr.read()}")
        return process, json.loads(line)

    yield call
    for process in started:
        if process.poll() is None:
            process.terminate()
        _, errors = process.communicate(timeout=20)
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors
        assert process.returncode in (0, -9), errors  # -9: by the test


@pytest.fixture
def serve(fakekas):
    return lambda *args: fakekas("serve", *args)
