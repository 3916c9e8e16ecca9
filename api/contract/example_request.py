"""A request that works: put together from the examples of a plan's policies, and decided before it is shown.

The policies' examples give each fact the values that their authors thought of. One of each policy are merged; what is
missing then gets a value out of other examples, or of its type; and as long as there is no answer, or a worse verdict
than permit, one fact after another is changed to a value that does better.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from ordain.api.contract.sample_values import raw, samples, told
from ordain.api.limits import LIMITS
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.decision_form import DecisionForm
from ordain.engine.catalog import Catalog
from ordain.engine.errors import CustomerDataIncomplete, OrdainError
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import REQUEST, Fact, Vocabulary
from ordain.engine.policy.facts import Facts as GatheredFacts
from ordain.engine.policy.model import Verdict
from ordain.engine.values.temporal import fixed_offset

Json = dict[str, Any]
Facts = Mapping[str, object]

SUBJECT = "C-1"
MADE_ANEW: Json = {
    "decision_id": "01a00000-0000-7000-8000-000000000000",
    "receipt": {"entry_id": "01a00000-0000-7000-8000-000000000000", "leaf_hash": "0" * 64},
}
"""What each answer has of its own stands in the example's as these."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request's body, and the answer to it but for `MADE_ANEW`."""

    request: Json
    answer: Json


class Examples:
    """The examples of the plans of one catalog, each searched for once; of another catalog, all anew."""

    def __init__(self) -> None:
        self._kept: tuple[Catalog | None, dict[int, Example | None]] = None, {}

    def of(self, plan: Plan, catalog: Catalog, vocabulary: Vocabulary, zone: dt.tzinfo) -> Example | None:
        """The example of a plan of the catalog, which keeps its plans, so that their identities stay theirs."""
        of, kept = self._kept
        if of is not catalog:
            kept = {}
            self._kept = catalog, kept
        if id(plan) not in kept:
            kept[id(plan)] = example_of(plan, vocabulary, zone)
        return kept[id(plan)]


def example_of(plan: Plan, vocabulary: Vocabulary, zone: dt.tzinfo) -> Example | None:
    """A request that the plan answers, best with a permit. None when none was found, or if only a model gives a fact.

    It is for noon, in `zone`, of the day from which all of the plan's versions were in force: so it says the same
    tomorrow, unless the service takes no time.
    """
    if any(REQUEST not in need.fact.sources for need in plan.needs):
        return None
    day = max(compiled.policy.effective.start for compiled in plan.policies)
    at = fixed_offset(dt.datetime.combine(day, dt.time(12), zone))
    search = _Search(plan, vocabulary, at)
    best: _Tried | None = None
    for start in search.starts():
        tried = search.improved(start)
        works = tried.outcome is not None and not tried.refused
        if works and (best is None or (tried.rank, tried.bent) < (best.rank, best.bent)):
            best = tried
        if search.left <= 0 or (best is not None and best.rank == _BEST and not best.bent):
            break
    if best is None or best.outcome is None or best.gathered is None:
        return None
    return _example(best.facts, best.gathered, best.outcome, at)


def _example(facts: Facts, gathered: GatheredFacts, outcome: Outcome, at: dt.datetime) -> Example:
    form, no_one = DecisionForm(outcome.plan, ()), UUID(MADE_ANEW["decision_id"])
    entry = DecisionEntry(form, no_one, at, at, SUBJECT, None, gathered, outcome)
    answer = orjson.loads(entry.answer_with(MADE_ANEW["receipt"]["leaf_hash"]))
    names = [need.fact.name for need in outcome.plan.needs if need.fact.name in facts]
    time = {"at": at.isoformat()} if outcome.plan.service.takes_time else {}
    request = {"subject": SUBJECT, **time, "facts": {name: told(facts[name]) for name in names}}
    return Example(request, answer)


Rank = tuple[int, int]
_BEST: Rank = (0, 0)
_VERDICTS = {None: 0, Verdict.PERMIT: 0, Verdict.REVIEW: 1, Verdict.DENY: 2}
_REFUSED, _INCOMPLETE = 3, 4
_FREE = 1
"""The last turn in which a fact gets a value that no example gave it another way."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """Facts decided: `rank` is the better the less it is; `wanted` are the facts to look at first.

    `bent` counts the facts that were given a value only for the sake of a better verdict.
    """

    facts: Facts
    rank: Rank
    wanted: tuple[str, ...] = ()
    gathered: GatheredFacts | None = None
    outcome: Outcome | None = None
    refused: bool = False
    bent: int = 0


@dataclass(slots=True)
class _Search:
    plan: Plan
    vocabulary: Vocabulary
    at: dt.datetime
    left: int = LIMITS.example_tries
    values: dict[str, list[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """For each fact the values to try: those of the policies' examples, then those of its type."""
        for need in self.plan.needs:
            name = need.fact.name
            given = [raw(each.given[name]) for each in self._given() if each.given.get(name) is not None]
            usable = [value for value in given + samples(need.fact, self.at) if _taken(need.fact, value)]
            self.values[name] = [value for place, value in enumerate(usable) if value not in usable[:place]]

    def _given(self) -> Iterator[Any]:
        for compiled in self.plan.policies:
            yield from (example for example in compiled.policy.examples if not example.refused)

    def starts(self) -> Iterator[Facts]:
        """One example of each policy, merged: first the first ones, then the second ones."""
        lists = [[e for e in compiled.policy.examples if not e.refused] for compiled in self.plan.policies]
        for turn in range(max(map(len, lists), default=0) or 1):
            facts: dict[str, object] = {}
            for examples in lists:
                given = examples[turn % len(examples)].given if examples else {}
                for name, value in given.items():
                    if name in self.values and name not in facts and raw(value) in self.values[name]:
                        facts[name] = raw(value)
            yield facts

    def improved(self, facts: Facts) -> _Tried:
        """Goes from facts to better ones, one changed at a time, until nothing does better."""
        best, going = self._decided(facts), True
        while going and best.rank > _BEST:
            going = False
            for name in sorted(self.values, key=lambda each: self._turn(best, each)):
                tried = self._better(best, name)
                if tried is not None:
                    bent = best.bent + (self._turn(best, name) > _FREE)
                    best, going = replace(tried, bent=bent), True
                    break
        return best

    def _turn(self, best: _Tried, name: str) -> int:
        """What is missing is tried first, then what may be left out; what came from an example is changed last."""
        if name in best.wanted:
            return 0
        return 3 if name in best.facts else 2 if self.vocabulary[name].optional else _FREE

    def _better(self, best: _Tried, name: str) -> _Tried | None:
        for value in self.values.get(name, ()):
            if self.left <= 0:
                return None
            tried = self._decided({**best.facts, name: value})
            if tried.rank < best.rank:
                return tried
        return None

    def _decided(self, facts: Facts) -> _Tried:
        self.left -= 1
        try:
            gathered = gather(facts, self.plan.needs, self.vocabulary, {})
            outcome = self.plan.evaluate(gathered, self.at)
        except CustomerDataIncomplete as error:
            wanted = tuple(issue.fact for issue in error.issues if issue.fact)
            return _Tried(facts, (_INCOMPLETE, len(error.issues)), wanted)
        except OrdainError:
            return _Tried(facts, (_REFUSED, 0))
        missing = tuple(str(reason["missing"]) for reason in outcome.reasons() if "missing" in reason)
        rank = (_VERDICTS[outcome.verdict], len(missing))
        refused = outcome.verdict is Verdict.DENY and self.plan.service.refuses
        return _Tried(facts, rank, missing, gathered, outcome, refused)


def _taken(fact: Fact, value: object) -> bool:
    """Whether a request may send that value for the fact, and JSON says it exactly."""
    try:
        fact.read(value)
    except (ValueError, ArithmeticError):
        return False
    return not isinstance(value, Decimal) or Decimal(str(told(value))) == value
