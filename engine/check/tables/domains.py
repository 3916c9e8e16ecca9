"""The values that a column can have: what its fact declares, what an earlier decision gives, or all of a type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile

from ordain.engine.feel.syntax.tree import Expr, Literal, Name, Path
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Decision, Formula, Policy, Table
from ordain.engine.tables.cells import AFTER, BEFORE, Cut, Family
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Kind, Limits, Type, Value
from ordain.engine.values.zones import zone_names

_FAMILIES: Mapping[Kind, Family] = {
    Kind.NUMBER: Decimal,
    Kind.TEXT: str,
    Kind.FLAG: bool,
    Kind.DATE: dt.date,
    Kind.TIME: (dt.time, False),
    Kind.DATE_TIME: (dt.datetime, True),
    Kind.DURATION: dt.timedelta,
    Kind.MONTHS: Months,
}


@dataclass(frozen=True, slots=True)
class Domain:
    """`listed` are all values when they can be told, otherwise they lie between `low` and `high`.

    `family` is None for values that have no order of their own, such as lists. `given` says that a caller can give
    any of these values whatever the other columns have: a fact, and nothing computed. `said` is how the range is
    written where it is declared.
    """

    family: Family | None
    listed: tuple[Value, ...] | None = None
    low: Cut | None = None
    high: Cut | None = None
    precision: int | None = None
    nullable: bool = False
    given: bool = False
    declared: bool = False
    said: str = ""


@dataclass(frozen=True)
class Domains:
    """The domains of the names that a policy's tables read. `hidden` names are parameters and no facts; `takes` are
    those of which the type is declared."""

    policy: Policy
    vocabulary: Vocabulary
    hidden: frozenset[str] = frozenset()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    takes: Mapping[str, Type] = field(default_factory=dict)

    def of(self, tree: Expr, type: Type) -> Domain:
        """The domain of a column that asks `tree`, an expression of that type."""
        if isinstance(tree, Literal):
            return Domain(_family(type), listed=(tree.value,), nullable=tree.value is None)
        if isinstance(tree, Name) and tree.name in self.takes:
            return _declared(self.takes[tree.name])
        if isinstance(tree, Name) and tree.name not in self.hidden:
            if tree.name in self.decisions:
                decision = self.decisions[tree.name]
                if isinstance(decision, Formula) and isinstance(decision.expression.tree, Name):
                    return self._before(tree.name).of(decision.expression.tree, decision.type)
                return _decided(decision, "", type)
            if tree.name in self.vocabulary:
                return _fact(self.vocabulary[tree.name], type)
        if isinstance(tree, Path) and isinstance(tree.base, Name) and tree.base.name in self.decisions:
            return _decided(self.decisions[tree.base.name], tree.name, type)
        return _free(type)

    def _before(self, name: str) -> Domains:
        """What was known when a decision was made."""
        earlier = {other: self.decisions[other] for other in takewhile(lambda other: other != name, self.decisions)}
        return replace(self, decisions=earlier)


def _family(type: Type) -> Family | None:
    return _FAMILIES.get(type.kind)


def _free(type: Type) -> Domain:
    """Every value of a type."""
    if type.kind is Kind.FLAG:
        return Domain(bool, listed=(True, False), nullable=type.optional)
    listed = type.values or None
    return Domain(_family(type), listed=listed, nullable=type.optional, declared=listed is not None)


def _declared(type: Type) -> Domain:
    """Every value that a call may give a parameter: what is not of its type is refused."""
    if type.limits is None:
        return _free(type)
    low, high = _cuts(type.limits)
    return Domain(_family(type), None, low, high, nullable=type.optional, said=str(type.limits))


def _cuts(limits: Limits) -> tuple[Cut | None, Cut | None]:
    low = None if limits.low is None else (limits.low, AFTER if limits.low_open else BEFORE)
    high = None if limits.high is None else (limits.high, BEFORE if limits.high_open else AFTER)
    return low, high


def _fact(fact: Fact, type: Type) -> Domain:
    kind = fact.type
    nullable, given = type.optional or fact.nullable, not fact.given_by
    if fact.time_zone:
        return Domain(str, tuple(sorted(zone_names())), nullable=nullable, given=given, declared=True)
    if kind.kind is Kind.FLAG:
        return Domain(bool, (True, False), nullable=nullable, given=given)
    if kind.values:
        return Domain(str, kind.values, nullable=nullable, given=given, declared=True)
    low = high = None
    if (limits := fact.limits) is not None and kind.kind is Kind.NUMBER:
        low, high = _cuts(limits)
    said = "" if fact.limits is None else str(fact.limits)
    return Domain(_family(kind), None, low, high, fact.precision, nullable, given, False, said)


def _decided(decision: Decision, output: str, type: Type) -> Domain:
    """What an earlier decision can give: the outputs of a table when all of them are written out."""
    free = _free(type)
    if not isinstance(decision, Table) or decision.hit_policy.gives_list or free.family is None:
        return free
    place = next((number for number, part in enumerate(decision.outputs) if part.name == output), None)
    if place is None:
        return free
    rows = [rule.gives for rule in decision.rules] + ([decision.otherwise] if decision.otherwise is not None else [])
    trees = [row[place].tree for row in rows]
    if any(rule.missing is not None for rule in decision.rules):
        return free
    values = dict.fromkeys(tree.value for tree in trees if isinstance(tree, Literal))
    if any(not isinstance(tree, Literal) for tree in trees):
        return free
    known = [value for value in values if value is not None]
    order = {value: number for number, value in enumerate(free.listed or ())}
    if all(value in order for value in known):
        known.sort(key=lambda value: order[value])
    elif free.family is not str:
        known.sort()
    return Domain(free.family, tuple(known), nullable=None in values, declared=True)
