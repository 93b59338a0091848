"""The words of faults: what is committed follows from the table, and scenarios use it."""
import json
import subprocess

from conftest import CONFORM, ROOT


def words():
    out = subprocess.run([CONFORM, "list", "--faults", "--json"], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(out.stdout)


def test_schema_and_page_are_current():
    told = subprocess.run([ROOT / "tools/vocabulary", "--check", CONFORM], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_each_verb_has_a_scenario():
    assert [one["name"] for one in words()["verbs"] if not one["scenarios"]] == []


def test_each_moment_has_a_scenario_or_a_reason():
    """What no agent brings about is seen by unit tests and other clients; a reason that no longer holds goes."""
    moments = words()["moments"]
    assert [one["name"] for one in moments if not one["scenarios"] and not one["alone"]] == []
    assert [one["name"] for one in moments if one["scenarios"] and one["alone"]] == []
