"""Small graphs in the published format, written in a line each."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from ordain.engine.jdm.imported import Imported, imported

CASES = Path(__file__).parents[2] / "cases" / "jdm"
Node = dict[str, Any]


def from_file(name: str) -> Imported:
    file = CASES / name
    return imported(file.read_bytes(), file.name, "", lambda key: (CASES / key).read_bytes())


def table(name: str, field: str, output: str, rows: list[list[str]], **around: Any) -> Node:
    """A table with one input column, for which "" means whole conditions, and one output."""
    asked = {"id": "i", "name": field or "Condition", **({"field": field} if field else {})}
    content = {
        "hitPolicy": around.pop("hit", "first"),
        "inputs": [asked],
        "outputs": [{"id": "o", "name": output, "field": output}],
        "rules": [{"_id": str(number), "i": test, "o": gives} for number, (test, gives) in enumerate(rows)],
        **around,
    }
    return {"id": name, "name": name, "type": "decisionTableNode", "content": content}


def lines(name: str, *pairs: tuple[str, str], **around: Any) -> Node:
    content = {"expressions": [{"id": key, "key": key, "value": value} for key, value in pairs], **around}
    return {"id": name, "name": name, "type": "expressionNode", "content": content}


def graph(*nodes: Node, tests: Any = (), edges: Any = None, schema: Any = None) -> bytes:
    """A graph of nodes one after the other, from an input node on."""
    start = {"id": "in", "name": "request", "type": "inputNode", "content": {"schema": json.dumps(schema or "")}}
    names = ["in", *(node["id"] for node in nodes)]
    chain = [{"id": a, "sourceId": a, "targetId": b} for a, b in pairwise(names)]
    cases = [{"input": given, "output": output} for given, output in tests]
    content = {"nodes": [start, *nodes], "edges": chain if edges is None else edges, "tests": cases}
    return json.dumps(content).encode()


def of(*nodes: Node, tests: Any = (), **more: Any) -> Imported:
    return imported(graph(*nodes, tests=tests, **more), "small.json")


def said(done: Imported) -> str:
    return "\n".join(map(str, done.notes))


def whys(done: Imported) -> set[str]:
    return {difference.why for trial in done.trials for difference in trial.differences}
