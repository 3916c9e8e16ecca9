"""The result of a backtest, counted decision by decision in little memory, and told as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ordain.api.backtest.flows import NumberFlow, WordFlow
from ordain.api.backtest.leaves import NOTHING, Leaf, leaves
from ordain.api.backtest.pair import Failed, Pair, Side, Unreadable, Unrecorded
from ordain.api.backtest.slices import Slices
from ordain.api.limits import LIMITS
from ordain.engine.policy.facts import Fact
from ordain.engine.policy.model import Status

Json = dict[str, Any]

VERDICT = "verdict"
"""The path of what compliance said; whether an answer was decided, refused or left for a person follows from it."""
_OTHER_CODE = "(other)"


@dataclass(slots=True)
class _Errors:
    """Of one code: how many, the facts that were lacking, and the first one met."""

    count: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    first: Json = field(default_factory=dict)

    def add(self, pair: Pair, failed: Failed) -> None:
        self.count += 1
        _count_names(self.facts, failed.facts)
        if not self.first:
            self.first = {"decision": pair.name, "message": failed.message}

    def data(self) -> Json:
        return {"count": self.count, "facts": dict(self.facts.most_common()), "first": self.first}


class Tally:
    """`segments` and `groups` are the facts by which the decisions are told apart."""

    def __init__(self, segments: Iterable[Fact] = (), groups: Iterable[Fact] = ()) -> None:
        self._segments = [Slices(fact) for fact in segments]
        self._groups = [Slices(fact) for fact in groups]
        self.decisions = self.compared = self.changed = 0
        self._by_itself = self._by_other_rules = self._not_offered = self._no_longer_offered = 0
        self._instead_of: Counter[str] = Counter()
        self._words: dict[str, WordFlow] = {}
        self._numbers: dict[str, NumberFlow] = {}
        self._rules: dict[str, WordFlow] = {}
        self._unreadable: Counter[str] = Counter()
        self._not_restored: Counter[str] = Counter()
        self._unrecorded = 0
        self._unrecorded_facts: Counter[str] = Counter()
        self._errors: dict[str, _Errors] = {}
        self._errors_before: dict[str, _Errors] = {}

    def add(self, pair: Pair) -> bool | None:
        """Counts one decision: whether it changed, or None where that is not known."""
        self.decisions += 1
        self._instead_of.update(pair.policies)
        old, new = pair.old, pair.new
        if isinstance(old, Unreadable):
            self._unreadable[old.status] += 1
            if old.message:
                _count_names(self._not_restored, [old.message])
        if isinstance(old, Failed):
            _errors_of(self._errors_before, old).add(pair, old)
        if isinstance(new, Unrecorded):
            self._unrecorded += 1
            _count_names(self._unrecorded_facts, new.facts)
        if isinstance(new, Failed):
            _errors_of(self._errors, new).add(pair, new)
        if not (isinstance(old, Side) and isinstance(new, Side)):
            return None
        return self._compare(pair, old, new)

    def _compare(self, pair: Pair, old: Side, new: Side) -> bool:
        self.compared += 1
        self._by_itself += pair.by_itself
        changed = old.differs(new)
        self.changed += changed
        self._by_other_rules += not changed and old.fired != new.fired
        decided = str(Status.DECIDED)
        self._not_offered += old.status != decided and new.status == decided
        self._no_longer_offered += old.status == decided and new.status != decided
        before, after = _leaves(old), _leaves(new)
        for path in dict.fromkeys((*before, *after)):
            self._flow(pair.name, path, before.get(path), after.get(path))
        for table in dict.fromkeys((*old.fired, *new.fired)):
            flow = self._rules.setdefault(table, WordFlow(LIMITS.flow_rules))
            flow.add(_rules(old, table), _rules(new, table))
        for slices in (*self._segments, *self._groups):
            slices.add(pair.facts, changed, before, after)
        return changed

    def _flow(self, name: str, path: str, old: Leaf | None, new: Leaf | None) -> None:
        if any(leaf is not None and leaf.is_number for leaf in (old, new)):
            unit = next((leaf.unit for leaf in (old, new) if leaf is not None and leaf.unit), "")
            flow = self._numbers.setdefault(path, NumberFlow(unit))
            flow.add(name, old or Leaf(NOTHING), new or Leaf(NOTHING))
        else:
            words = self._words.setdefault(path, WordFlow())
            words.add(NOTHING if old is None else old.word, NOTHING if new is None else new.word)

    def data(self) -> Json:
        """Everything, as JSON data: see docs/backtest.md."""
        return {
            "decisions": self.decisions,
            "compared": self.compared,
            "changed": self.changed,
            "same": self.compared - self.changed,
            "same_by_other_rules": self._by_other_rules,
            "by_itself": self._by_itself,
            "instead_of": dict(sorted(self._instead_of.items())),
            "outputs": {path: flow.data() for path, flow in (self._words | self._numbers).items()},
            "rules": {table: flow.data() for table, flow in self._rules.items()},
            "segments": [slices.segments() for slices in self._segments if slices.seen],
            "groups": [slices.groups() for slices in self._groups if slices.seen],
            "groups_not_seen": [slices.fact.name for slices in self._groups if not slices.seen],
            "not_known": self._not_known(),
        }

    def _not_known(self) -> Json:
        return {
            "unreadable": dict(sorted(self._unreadable.items())),
            "not_restored": dict(self._not_restored.most_common()),
            "never_recorded": {"decisions": self._unrecorded, "facts": dict(self._unrecorded_facts.most_common())},
            "errors": {code: errors.data() for code, errors in self._errors.items()},
            "errors_before": {code: errors.data() for code, errors in self._errors_before.items()},
            "behaviour": {
                "changed": self.changed,
                "not_offered_then": self._not_offered,
                "no_longer_offered": self._no_longer_offered,
            },
        }


def _leaves(side: Side) -> dict[str, Leaf]:
    told = {} if side.verdict is None else {VERDICT: Leaf(side.verdict)}
    for path, leaf in leaves(side.outcome, side.gives):
        told[path if path != VERDICT else f"outcome.{path}"] = leaf
    return told


def _rules(side: Side, table: str) -> str:
    return " + ".join(side.fired.get(table, ())) or NOTHING


def _errors_of(errors: dict[str, _Errors], failed: Failed) -> _Errors:
    is_told = failed.code in errors or len(errors) < LIMITS.facts_named
    return errors.setdefault(failed.code if is_told else _OTHER_CODE, _Errors())


def _count_names(counts: Counter[str], names: Iterable[str]) -> None:
    for name in names:
        counts[name if name in counts or len(counts) < LIMITS.facts_named else _OTHER_CODE] += 1
