"""Policies for zen-engine (GoRules, PyPI): a graph of decision tables and expression nodes.

The table's cells are taken from the YAML policy, so that both engines read the same twenty rules; the guard is
written in ZEN's own expression language. https://docs.gorules.io/reference/python
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import zen

from bench.timing import in_turns
from ordain.engine.text.source import parse

Evaluate = Callable[[Any, Any], Any]
"""One decision of a context with zen-engine's options."""

KEY = "offer"
_INPUTS = ("churn_risk", "tenure_months", "plan")
_BELOW_FLOOR = "{0} < lowest_price and $.exact >= lowest_price"
_BELOW_STEP = "{0} < $.step_down and $.exact >= $.step_down"
_GUARD = {
    "discount_percent": "discount_percent",
    "proposed_price": "round(base_price * (100 - discount_percent) / 100, 2)",
    "step_down": "current_price - current_price * 10 / 100",
    "step_up": "current_price + current_price * 10 / 100",
    "exact": "min([min([max([max([$.proposed_price, lowest_price]), $.step_down]), $.step_up]), highest_price])",
    "rounded": "round($.exact)",
    "crossed_up": "$.rounded > $.step_up or $.rounded > highest_price",
    "crossed_down": " or ".join(f"({part.format('$.rounded')})" for part in (_BELOW_FLOOR, _BELOW_STEP)),
    "price": "$.crossed_up ? floor($.exact) : $.crossed_down ? ceil($.exact) : $.rounded",
    "kept": "$.price <= $.step_up and $.price <= highest_price and not ("
    + " or ".join(f"({part.format('$.price')})" for part in (_BELOW_FLOOR, _BELOW_STEP))
    + ")",
}


def graph(policies: Path) -> dict[str, Any]:
    """The JSON decision model of the benchmark's policies."""
    table = {"id": "discount", "name": "discount", "type": "decisionTableNode", "content": _table(policies)}
    return chain([table, {"id": "guard", "name": "guard", "type": "expressionNode", "content": _guard()}])


def chain(nodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON decision model that runs these nodes one after the other."""
    request = {"id": "request", "name": "request", "type": "inputNode"}
    every = [request, *nodes, {"id": "response", "name": "response", "type": "outputNode"}]
    ids = [node["id"] for node in every]
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in pairwise(ids)
    ]
    placed = [{**node, "position": {"x": 200 * place, "y": 0}} for place, node in enumerate(every)]
    return {"contentType": "application/vnd.gorules.decision", "nodes": placed, "edges": edges}


def first_hit(
    inputs: Sequence[str], output: str, rules: Sequence[tuple[str, Mapping[str, str], str]]
) -> dict[str, Any]:
    """A table: of each rule its id, its cells by input (a missing one asks nothing), its output in ZEN's language."""
    return {
        "hitPolicy": "first",
        "passThrough": True,
        "executionMode": "single",
        "inputs": [{"id": name, "name": name, "field": name} for name in inputs],
        "outputs": [{"id": "gives", "name": output, "field": output}],
        "rules": [
            {"_id": id, "gives": gives, **{name: cells.get(name, "") for name in inputs}} for id, cells, gives in rules
        ],
    }


def _table(policies: Path) -> dict[str, Any]:
    file = policies / "loyalty-discount" / "v1.yaml"
    rules = parse(file.read_bytes(), file.name).data()["decides"]["discount_percent"]["rules"]
    read = [
        (rule["id"], {name: _cell(name, rule) for name in _INPUTS if name in rule["when"]}, str(rule["then"]))
        for rule in rules
    ]
    return first_hit(_INPUTS, "discount_percent", read)


def _cell(name: str, rule: dict[str, Any]) -> str:
    """A cell of the YAML policy in ZEN's language: ranges and comparisons are the same, texts are quoted."""
    cell = rule["when"][name]
    return f'"{cell}"' if name == "plan" else str(cell)


def _guard() -> dict[str, Any]:
    expressions = [{"id": key, "key": key, "value": value} for key, value in _GUARD.items()]
    return {"passThrough": False, "expressions": expressions}


def ways(policies: Path) -> dict[str, Evaluate]:
    """Every way in which the Python binding can evaluate a decision that is loaded beforehand."""
    return ways_of(graph(policies))


def ways_of(model: dict[str, Any]) -> dict[str, Evaluate]:
    """The same for a JSON decision model."""
    content = zen.ZenDecisionContent(json.dumps(model))
    by_callback = zen.ZenEngine({"loader": lambda key: content})
    static = zen.ZenEngine({"loader": {"type": "static", "content": {KEY: model}}})
    return {
        "loader, evaluate(key)": lambda context, options: by_callback.evaluate(KEY, context, options),
        "loader, get_decision().evaluate": by_callback.get_decision(KEY).evaluate,
        "static loader, evaluate(key)": lambda context, options: static.evaluate(KEY, context, options),
        "static loader, get_decision().evaluate": static.get_decision(KEY).evaluate,
        "create_decision().evaluate": zen.ZenEngine().create_decision(content).evaluate,
    }


def fastest(
    policies: Path, contexts: list[dict[str, object]], options: Mapping[str, object]
) -> tuple[str, Evaluate, bool]:
    """Name, function, and whether its contexts are best given as JSON bytes made beforehand."""
    return fastest_of(ways(policies), contexts, options)


def fastest_of(
    ways: Mapping[str, Evaluate], contexts: list[dict[str, object]], options: Mapping[str, object]
) -> tuple[str, Evaluate, bool]:
    """The same of these ways."""
    encoded = [json.dumps(context).encode() for context in contexts]
    traced = {(name, raw): way for name, way in ways.items() for raw in (False, True)}

    def runner(way: Evaluate, given: list[Any]) -> Callable[[], object]:
        return lambda: [way(context, options) for context in given]

    runs = {
        f"{name} of {'JSON bytes' if raw else 'dict'}": (way, raw, runner(way, encoded if raw else contexts))
        for (name, raw), way in traced.items()
    }
    rounds = in_turns({name: run for name, (_, _, run) in runs.items()}, size=len(contexts), rounds=3)
    best = min(rounds, key=lambda name: min(rounds[name]))
    way, raw, _ = runs[best]
    return best, way, raw


def outcome(answer: Any) -> tuple[Decimal, Decimal]:
    """The price and the discount in percent, as decimals of what the floats print. Raises ValueError."""
    result = answer["result"]
    if not result["kept"]:
        raise ValueError("no whole rupee lies between the limits")
    return Decimal(str(result["price"])), Decimal(str(result["discount_percent"]))
