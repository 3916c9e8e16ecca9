"""Large tables, first hit: Ordain, an if-chain by hand, and zen-engine, with their loading."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import zen

from bench import zen_peer
from bench.decision import AT
from bench.table_cases import SERVICES, VOCABULARY, BigTable, policy, queries
from bench.tables import Result
from bench.timing import Spread, in_turns, ratios
from ordain.engine.backends.plan import PlannedTable
from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.tables.index import TableIndex
from ordain.engine.values.types import plain

SIZES = (20, 200, 2_000, 4_000)
CHAINED = 3_700
"""Rules of each of two tables of which the second asks for what the first gives."""
CHECKED, CASES, ROUNDS = 400, 40, 15
BY_HAND = "by hand: if-chain, Decimal"
ORDAIN, ORDAIN_SHOWN = "Ordain: trace in hand", "Ordain: trace as dicts"
INDEX = "Ordain: the lookup alone"
ZEN_TRACED, ZEN_UNTRACED = "zen-engine, trace on", "zen-engine, trace off"
_TRACED, _UNTRACED = {"trace": True}, {"trace": False}


@dataclass(frozen=True, slots=True)
class Model:
    """Tables of which each but the last gives the text that the next one asks for; the last gives `percent`."""

    name: str
    tables: tuple[BigTable, ...]

    @classmethod
    def of(cls, rules: int, *, chained: bool = False) -> Model:
        if not chained:
            return cls(f"{rules:,}", (BigTable.of("percent", "segment", rules, seed=rules),))
        first = BigTable.of("class_code", "segment", rules, seed=rules, classes=True)
        second = BigTable.of("percent", "class_code", rules, seed=rules + 1, prefix="c")
        return cls(f"2 x {rules:,}", (first, second))

    def cases(self, count: int, seed: int) -> list[dict[str, Any]]:
        return queries(self.tables[0], count, seed)

    def by_hand(self) -> Callable[[dict[str, Any]], Decimal]:
        chains = [table.by_hand() for table in self.tables]
        if len(chains) == 1:
            one = chains[0]
            return lambda case: one(**case)
        first, second = chains
        return lambda case: second(
            first(**case), usage_gb=case["usage_gb"], tenure_months=case["tenure_months"], autopay=case["autopay"]
        )

    def texts(self) -> Texts:
        """What Ordain loads, with one example that the if-chain decided."""
        example = self.cases(1, seed=9)[0]
        text = policy(self.tables, example, str(self.by_hand()(example)))
        return Texts(VOCABULARY, SERVICES, {"policies/big/v1.yaml": text})

    def graph(self) -> dict[str, Any]:
        """What zen-engine loads."""
        return zen_peer.chain([table.zen() for table in self.tables])


def run() -> Result:
    """Compares outcomes first, then times; loads in processes of their own, so that memory is that of one engine."""
    models = [*map(Model.of, SIZES), Model.of(CHAINED, chained=True)]
    rows: dict[str, Mapping[str, Any]] = {}
    answered: dict[str, int] = {}
    for model in models:
        rows.update(_rows(model, answered))
    columns = {
        "microseconds": "us a decision",
        "of hand": "this / by hand",
        "zen": "zen traced / this",
        "zen untraced": "zen untraced / this",
        "load": "load s",
        "memory": "MB",
    }
    hit = ", ".join(f"{name} {count}" for name, count in answered.items())
    notes = (
        f"Median of {ROUNDS} rounds in turns over {CASES} customers (first to third quartile); ratios are medians of "
        "the rounds' own.",
        f"Outcomes first, on {CHECKED} customers of each model: Ordain, by hand and zen-engine gave the same, all of "
        "them. zen-engine takes floats; no value has more than two digits after the point, so this changes nothing.",
        f"Different answers among those customers, by number of rules: {hit}. Four columns: a text, two ranges of "
        "numbers, a flag; rules in random order, the last one for all others; one customer in ten falls through to it.",
        "trace in hand: facts are typed already, the outcome holds the trace. as dicts: written out, as zen-engine's "
        "comes. The lookup alone: which rules match, of the first table.",
        "load: from YAML text or a JSON model to a first answer, in a process of its own, Ordain's with checks and "
        "example; MB: how much more memory Ordain's process then holds (too little to see for zen-engine).",
        f"zen-engine {version('zen-engine')}, preloaded, in the fastest of its ways for each row.",
    )
    return Result("Large tables by number of rules, first hit, in process", columns, rows, notes)


def _rows(model: Model, answered: dict[str, int]) -> dict[str, Mapping[str, Any]]:
    plan = load_catalog(model.texts()).pick("offer", AT)
    answered[model.name] = _compare(model, plan)
    rounds = in_turns(_ways(model, plan), size=CASES, rounds=ROUNDS)
    loaded = {ORDAIN: _weighed("ordain", model), ZEN_TRACED: _weighed("zen", model)}
    rows: dict[str, Mapping[str, Any]] = {}
    for name, times in rounds.items():
        ours = name.startswith("Ordain")
        seconds, megabytes = loaded.get(name, (None, None))
        rows[f"{model.name}: {name}"] = {
            "microseconds": Spread.of(times),
            "of hand": ratios(times, rounds[BY_HAND]).median,
            "zen": ratios(rounds[ZEN_TRACED], times).median if ours else None,
            "zen untraced": ratios(rounds[ZEN_UNTRACED], times).median if ours else None,
            "load": seconds,
            "memory": megabytes if ours else None,
        }
    return rows


def _compare(model: Model, plan: Plan) -> int:
    """How many different answers there were. Raises AssertionError where two contestants do not agree."""
    chain, evaluate = model.by_hand(), zen_peer.ways_of(model.graph())["static loader, evaluate(key)"]
    seen = set()
    for case in model.cases(CHECKED, seed=1):
        expected = chain(case)
        ours = plan.evaluate(gather(case, plan.needs, _vocabulary(), {}), AT).values["percent"]
        theirs = Decimal(str(evaluate(_floats(case), _UNTRACED)["result"]["percent"]))
        assert ours == expected, f"{model.name}, {case}: Ordain {ours}, by hand {expected}"
        assert theirs == expected, f"{model.name}, {case}: zen-engine {theirs}, by hand {expected}"
        seen.add(expected)
    return len(seen)


def _ways(model: Model, plan: Plan) -> dict[str, Callable[[], object]]:
    cases = model.cases(CASES, seed=2)
    gathered = [gather(case, plan.needs, _vocabulary(), {}) for case in cases]
    chain, index = model.by_hand(), _index(plan)
    asked = [tuple(facts.values[name] for name in cases[0]) for facts in gathered]

    def shown() -> None:
        for facts in gathered:
            outcome = plan.evaluate(facts, AT)
            {"facts": {name: plain(outcome.values[name]) for name in facts.values}, "trace": outcome.trace()}

    return {
        BY_HAND: lambda: [chain(case) for case in cases],
        INDEX: lambda: [index.lookup(values) for values in asked],
        ORDAIN: lambda: [plan.evaluate(facts, AT) for facts in gathered],
        ORDAIN_SHOWN: shown,
        ZEN_TRACED: _zen(model, cases, _TRACED),
        ZEN_UNTRACED: _zen(model, cases, _UNTRACED),
    }


def _index(plan: Plan) -> TableIndex:
    """The first table's, over the facts in the order of a query."""
    table = plan.policies[0].plan.decisions[0]
    assert isinstance(table, PlannedTable)
    place = {column.text: number for number, column in enumerate(table.columns)}
    order = [place[name] for name in ("segment", "usage_gb", "tenure_months", "autopay")]
    cells = [[None if cell is None else cell.plain for cell in rule.cells] for rule in table.rules]
    return TableIndex([[row[number] for number in order] for row in cells], [False] * len(order))


def _zen(model: Model, cases: list[dict[str, Any]], options: Mapping[str, object]) -> Callable[[], object]:
    contexts = [_floats(case) for case in cases]
    _, way, raw = zen_peer.fastest_of(zen_peer.ways_of(model.graph()), contexts[:10], options)
    given = [json.dumps(context).encode() for context in contexts] if raw else contexts
    return lambda: [way(context, options) for context in given]


def _floats(case: Mapping[str, Any]) -> dict[str, object]:
    return {name: float(part) if isinstance(part, Decimal) else part for name, part in case.items()}


@cache
def _vocabulary() -> Any:
    return load_catalog(Model.of(20).texts()).vocabulary


def _weighed(engine: str, model: Model) -> tuple[float, float]:
    """Seconds to load a model and answer once, and the megabytes that this takes."""
    rules, chained = len(model.tables[0].rules), len(model.tables) > 1
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(weigh, (engine, rules, chained))


def weigh(engine: str, rules: int, chained: bool) -> tuple[float, float]:
    """The same, in this process, which should be a fresh one."""
    small, model = Model.of(20), Model.of(rules, chained=chained)
    texts, graph, case = model.texts(), model.graph(), model.cases(1, seed=3)[0]
    load: Callable[[Any], object] = _answer_of_zen if engine == "zen" else _answer_of_ordain
    load((small.graph() if engine == "zen" else small.texts(), case))  # modules and grammars are loaded once
    gc.collect()
    before, start = _resident(), perf_counter()
    kept = load((graph if engine == "zen" else texts, case))
    seconds = perf_counter() - start
    gc.collect()
    assert kept is not None
    return round(seconds, 3), round((_resident() - before) / 1e6, 1)


def _answer_of_zen(given: tuple[dict[str, Any], dict[str, Any]]) -> object:
    graph, case = given
    content = zen.ZenDecisionContent(json.dumps(graph))
    decision = zen.ZenEngine().create_decision(content)
    return decision, decision.evaluate(_floats(case), {"trace": False})


def _answer_of_ordain(given: tuple[Texts, dict[str, Any]]) -> object:
    texts, case = given
    catalog = load_catalog(texts)
    plan = catalog.pick("offer", AT)
    return catalog, plan.evaluate(gather(case, plan.needs, catalog.vocabulary, {}), AT)


def _resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
