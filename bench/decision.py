"""One decision of a 20-rule first-hit table and a price guard, in process: Ordain, by hand, and zen-engine."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import zen_peer
from bench.by_hand import decide
from bench.cases import Case, cases
from bench.tables import Result
from bench.timing import Spread, in_turns, ratios
from ordain.audit.entry.canonical import canonical
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import plain

POLICIES = Path(__file__).parent / "policies"
AT = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
CASES = 400
ROUNDS = 41
BY_HAND = "by hand: Python, Decimal, no trace"
ORDAIN = "Ordain: evaluate, trace in hand"
ORDAIN_GATHERED = "Ordain: gather + evaluate"
ORDAIN_SHOWN = "Ordain: gather + evaluate + trace as dicts"
ORDAIN_RENDERED = "Ordain: gather + evaluate + trace as JSON"
ZEN_TRACED = "zen-engine, trace on"
ZEN_UNTRACED = "zen-engine, trace off"
_TRACED, _UNTRACED = {"trace": True}, {"trace": False}


@dataclass(frozen=True, slots=True)
class Contest:
    """The same cases for everyone, and Ordain's policies ready to decide."""

    cases: list[Case]
    plan: Plan
    vocabulary: Vocabulary

    @classmethod
    def of(cls, count: int, seed: int) -> Contest:
        catalog = load_catalog(read_texts(POLICIES))
        return cls(cases(count, seed), catalog.pick("offer", AT), catalog.vocabulary)

    def differences(self) -> tuple[int, list[str]]:
        """How many cases were decided by all three, and those that zen-engine decides otherwise.

        Raises AssertionError when Ordain and the hand-written code do not give the same digits.
        """
        ways = zen_peer.ways(POLICIES)
        of_dict, of_bytes = ways["loader, evaluate(key)"], ways["static loader, evaluate(key)"]
        differing = []
        for case in self.cases:
            facts = gather(case.facts(), self.plan.needs, self.vocabulary, {})
            values = self.plan.evaluate(facts, AT).values
            ours = values["price"], values["discount_percent"]
            expected = decide(case)
            assert list(map(str, ours)) == list(map(str, expected)), f"{case}: {ours}, by hand {expected}"
            given = case.floats()
            theirs = zen_peer.outcome(of_dict(given, _TRACED))
            assert theirs == zen_peer.outcome(of_bytes(json.dumps(given).encode(), _UNTRACED)), f"zen-engine, {case}"
            if theirs != expected:
                differing.append(f"{case.base_price} at {expected[1]} %: zen-engine {theirs[0]}, exactly {expected[0]}")
        return len(self.cases), differing


def run() -> Result:
    """Compares outcomes first, then times."""
    checked, differing = Contest.of(2_000, seed=1).differences()
    contest = Contest.of(CASES, seed=2)
    contest.differences()
    ways, chosen = _ways(contest)
    rounds = in_turns(ways, size=CASES, rounds=ROUNDS)
    rows: dict[str, Mapping[str, object]] = {
        name: {
            "microseconds": Spread.of(times),
            "of hand": ratios(times, rounds[BY_HAND]),
            "zen": ratios(rounds[ZEN_TRACED], times) if name.startswith("Ordain") else None,
            "zen untraced": ratios(rounds[ZEN_UNTRACED], times) if name.startswith("Ordain") else None,
        }
        for name, times in rounds.items()
    }
    columns = {
        "microseconds": "us a decision",
        "of hand": "this / by hand",
        "zen": "zen traced / this",
        "zen untraced": "zen untraced / this",
    }
    hit = len({decide(case)[1] for case in contest.cases})
    notes = (
        f"Median of {ROUNDS} interleaved rounds over {CASES} cases (first to third quartile); ratios round by round.",
        f"Outcomes first, on {checked:,} other cases: Ordain and by hand the same to the digit; zen-engine differs in "
        f"{len(differing)}{': ' + differing[0] if differing else ''}. The timed cases hit {hit} of the 20 rules.",
        "Not counted for anyone: loading, compiling. Ordain and by hand start from decimals, zen-engine from what "
        "suits it best, a dict of floats or JSON bytes made beforehand.",
        "evaluate: facts are typed and checked already; the outcome holds the whole trace (each step, what it gave, "
        "which rule fired, how many were looked at, every value). gather: types, ranges, precision, sources.",
        "trace as dicts: that trace and the facts' values written out, as zen-engine's trace comes; as JSON: the "
        "canonical bytes that a ledger keeps. By hand there is none of this.",
        f"zen-engine {version('zen-engine')}, preloaded, in its fastest way: {chosen}.",
    )
    return Result("One decision: 20 rules, first hit, and a price guard, in process", columns, rows, notes)


def _ways(contest: Contest) -> tuple[dict[str, Callable[[], object]], str]:
    """What is timed, each over all cases; and how zen-engine is called."""
    plan, vocabulary, customers = contest.plan, contest.vocabulary, contest.cases
    requests = [case.facts() for case in customers]
    gathered = [gather(request, plan.needs, vocabulary, {}) for request in requests]

    def by_hand() -> None:
        for case in customers:
            decide(case)

    def ordain() -> None:
        for facts in gathered:
            plan.evaluate(facts, AT)

    def ordain_gathered() -> None:
        for request in requests:
            plan.evaluate(gather(request, plan.needs, vocabulary, {}), AT)

    def ordain_shown() -> None:
        for request in requests:
            _written_out(plan.evaluate(gather(request, plan.needs, vocabulary, {}), AT), request)

    def ordain_rendered() -> None:
        for request in requests:
            canonical(_written_out(plan.evaluate(gather(request, plan.needs, vocabulary, {}), AT), request))

    contexts = [case.floats() for case in customers]
    traced_by, traced = _zen(contexts, _TRACED)
    untraced_by, untraced = _zen(contexts, _UNTRACED)
    ways = {
        BY_HAND: by_hand,
        ORDAIN: ordain,
        ORDAIN_GATHERED: ordain_gathered,
        ORDAIN_SHOWN: ordain_shown,
        ORDAIN_RENDERED: ordain_rendered,
        ZEN_TRACED: traced,
        ZEN_UNTRACED: untraced,
    }
    return ways, f"traced {traced_by}; untraced {untraced_by}"


def _written_out(outcome: Outcome, facts: Mapping[str, object]) -> dict[str, object]:
    """All that zen-engine's trace says too: every value read, and each step with what it gave."""
    return {"facts": {name: plain(outcome.values[name]) for name in facts}, "trace": outcome.trace()}


def _zen(contexts: list[dict[str, object]], options: Mapping[str, object]) -> tuple[str, Callable[[], object]]:
    name, way, raw = zen_peer.fastest(POLICIES, contexts, options)
    given = [json.dumps(context).encode() for context in contexts] if raw else contexts

    def over_all() -> None:
        for context in given:
            way(context, options)

    return name, over_all
