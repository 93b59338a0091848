"""A suite that cannot fail is none: each deliberately wrong reference agent must be caught."""
import json
import re


def test_every_mutant_is_caught(conform):
    run = conform("mutants", timeout=600)
    last = run.stdout.splitlines()[-1]
    found = re.fullmatch(r"(\d+) caught, (\d+) missed", last)
    assert found and int(found[1]) >= 20 and int(found[2]) == 0, run.stdout
    assert run.returncode == 0
