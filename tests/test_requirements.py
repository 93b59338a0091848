"""The list of requirements and the scenarios that judge them fit each other."""
import json
import subprocess

from conftest import CONFORM, ROOT


def test_each_requirement_is_judged_or_says_why_not():
    told = subprocess.run([CONFORM, "list", "--requirements", "--json"], capture_output=True, text=True, check=False,
                          cwd=ROOT)
    assert told.returncode == 0, told.stderr
    requirements = json.loads(told.stdout)
    assert [one["id"] for one in requirements] == [f"R{n:02}" for n in range(1, 113)]
    bare = [one["id"] for one in requirements if not (one["judged_by"] or one.get("later") or one.get("open"))]
    assert bare == []
