"""GraphQL of the fake GitLab held against graphql-core, which is written by others: verdicts, reasons and places."""
import json
import re
import subprocess

from conftest import BUILD, ROOT
from graphql_documents import documents
from peers import graphql_core

CHECK = BUILD / "fakegitlab" / "graphql" / "graphql_check"
SEED = 20211001
HOW_MANY = 2000


def lines(program, said):
    """One process for all: a line of JSON for each line of JSON."""
    done = subprocess.run(program, input="".join(json.dumps(s) + "\n" for s in said), capture_output=True, text=True, cwd=ROOT,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def place(document, position):
    """Line and column as the specification counts lines (graphql-core counts those of Python)."""
    before = re.split("\r\n|\n|\r", document[:position])
    return {"line": len(before), "column": len(before[-1]) + 1}


def difference(document, theirs, ours, wide):
    if (theirs is None) != (ours is None):
        return "verdict"
    if theirs is None or theirs["message"] is None:
        return None
    if not wide and ("Unexpected String" in theirs["message"] or "escape sequence" in theirs["message"]):
        return None  # version 2 does not look behind a description, and points into an escape
    if ours["locations"] != [place(document, theirs["position"])]:
        return "place"
    # Quotation marks are graphql-js's with us, and Python's there; version 2 says it in other words altogether.
    if wide and ours["message"].replace('"', "'") != theirs["message"].replace('"', "'"):
        return "reason"
    return None


def test_syntax_as_graphql_core_judges_it():
    python, version = graphql_core()
    wide = version >= (3, 2)
    made = documents(SEED, HOW_MANY, wide)
    theirs = lines([python, "tests/graphql_oracle.py"], made)[1:]
    ours = lines([CHECK], made)
    assert len(theirs) == len(ours) == HOW_MANY
    found = [(difference(*row, wide), *row) for row in zip(made, theirs, ours)]
    wrong = [row for row in found if row[0]]
    assert not wrong, f"{len(wrong)} differ; the first: %s\n%r\ngraphql-core: %s\nours: %s" % wrong[0]
    right = sum(verdict is None for verdict in theirs)
    assert HOW_MANY // 3 < right < HOW_MANY * 2 // 3, "the documents are of one kind"
    assert len({verdict["message"] for verdict in theirs if verdict}) > 100


def test_a_difference_would_be_seen():
    refused = {"message": "Syntax Error: Expected Name, found '}'.", "position": 1}
    ours = {"message": 'Syntax Error: Expected Name, found "}".', "locations": [{"line": 1, "column": 2}]}
    assert difference("{}", refused, ours, True) is None
    assert difference("{}", refused, None, True) == "verdict"
    assert difference("{}", None, ours, True) == "verdict"
    assert difference("{}", refused, {**ours, "locations": [{"line": 1, "column": 1}]}, True) == "place"
    assert difference("{}", refused, {**ours, "message": "Syntax Error: no."}, True) == "reason"
