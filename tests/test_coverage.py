"""What users meet, and the scenarios that show it, fit each other."""
import json
import re
import shutil
import subprocess

from conftest import CONFORM, ROOT


def coverage(*args):
    return subprocess.run([CONFORM, "list", "--coverage", "--json", *args], capture_output=True, text=True, check=False,
                          cwd=ROOT)


def test_each_row_is_shown_or_says_why_not():
    told = coverage()
    assert told.returncode == 0, told.stderr
    rows = json.loads(told.stdout)
    pages = [row["id"] for row in rows if row["id"].startswith("P")]
    assert pages == [f"P{n:02}" for n in range(1, len(pages) + 1)] and len(pages) >= 30
    assert [row["id"] for row in rows if row["id"].startswith("F")] == [f"F{n}" for n in range(1, 63)]
    for row in rows:
        if "test" in row:
            file, name = row["test"].split(":")
            assert re.search(rf"\b{name}\b", (ROOT / file).read_text()), row


def test_a_row_that_loses_its_scenario_is_told(tmp_path):
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures, ignore=shutil.ignore_patterns("golden"))
    for path in (fixtures / "scenarios").rglob("*.yaml"):
        text = path.read_text()
        if re.search(r"^covers:.*\bF52\b", text, re.M):
            path.write_text(re.sub(r"^covers:.*\n", "", text, flags=re.M))
    told = coverage("--fixtures", fixtures)
    assert told.returncode == 1
    assert "F52: no scenario covers it" in told.stderr


def test_a_scenario_that_names_no_row_is_told(tmp_path):
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures, ignore=shutil.ignore_patterns("golden"))
    path = fixtures / "scenarios/kas/bad-secret.yaml"
    path.write_text(re.sub(r"^covers:.*\n", "covers: [F52, F99]\n", path.read_text(), flags=re.M))
    told = coverage("--fixtures", fixtures)
    assert told.returncode == 2
    assert "kas/bad-secret says covers: [F99], which fixtures/coverage.yaml has not" in told.stderr


def test_the_page_is_current():
    told = subprocess.run([ROOT / "tools/coverage", "--check", CONFORM], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
