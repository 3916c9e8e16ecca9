"""What a compliance rule demands, taken from its row, and where the demands of two rules are opposite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ordain.engine.check.across.conjuncts import Computed, Condition, condition_of, conditions, value_of
from ordain.engine.errors import Level
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy, Rule, Table, Verdict
from ordain.engine.values.types import Value, plain


@dataclass(frozen=True, slots=True)
class Demand:
    """A rule of a policy. `applies` is None when its conditions read what cannot be tried; so is `permitted`.

    `permits` is the expression that must hold for a permit; without it `refuses` says whether the rule always denies.
    """

    policy: Policy
    rule: Rule
    applies: tuple[Condition, ...] | None
    permits: Checked | None
    permitted: tuple[Condition, ...] | None
    refuses: bool

    @property
    def obligations(self) -> Mapping[str, Value]:
        return self.rule.obligations


def demands(policy: Policy, vocabulary: Vocabulary) -> list[Demand]:
    """The demands of the rules in force of a compliance policy."""
    table = next((decision for decision in policy.decisions if decision.name == "findings"), None)
    return [_demand(rule, policy, vocabulary) for rule in table.rules] if isinstance(table, Table) else []


def _demand(rule: Rule, policy: Policy, vocabulary: Vocabulary) -> Demand:
    wanted = conditions(rule.condition, policy, vocabulary) if rule.condition is not None else []
    applies = None if wanted is None else tuple(wanted)
    verdict, permits, permitted = rule.gives[0], None, None
    if isinstance(verdict.tree, tree.If):
        permits = replace(verdict, tree=verdict.tree.condition)
        parts = conditions(permits, policy, vocabulary)
        permitted = None if parts is None else tuple(parts)
    refuses = isinstance(verdict.tree, tree.Literal) and verdict.tree.value == Verdict.DENY
    return Demand(policy, rule, applies, permits, permitted, refuses)


def not_applying(demand: Demand, vocabulary: Vocabulary) -> Condition | None:
    """That a rule does not apply, as one condition; None when it always applies or cannot be tried."""
    condition = demand.rule.condition
    return condition_of(condition, demand.policy, vocabulary, want=False) if condition is not None else None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two obligations that differ: what the one and the other rule ask for, and how sure it is that both cannot be."""

    one: str
    other: str
    level: Level


def clashing_obligations(one: Demand, other: Demand) -> Iterator[Clash]:
    """One key with two values. Flags and numbers cannot both be met; of two texts a person must judge, so it is a note.

    A key that ends in `_min` is met by more and one in `_max` by less, so these clash only with each other.
    """
    for key, value in one.obligations.items():
        theirs = other.obligations.get(key)
        ranged = key.endswith(("_min", "_max"))
        if key in other.obligations and not _same(value, theirs) and not (ranged and _numbers(value, theirs)):
            level = Level.NOTE if isinstance(value, str) or isinstance(theirs, str) else Level.WARNING
            yield Clash(_asked(key, value), _asked(key, theirs), level)
        for mine, yours in (("_min", "_max"), ("_max", "_min")):
            if not key.endswith(mine):
                continue
            across = key.removesuffix(mine) + yours
            low, high = (value, other.obligations.get(across))[:: 1 if mine == "_min" else -1]
            if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
                yield Clash(_asked(key, value), _asked(across, other.obligations[across]), Level.WARNING)


def _same(one: Value, other: Value) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _numbers(*values: Value) -> bool:
    return all(isinstance(value, Decimal) for value in values)


def _asked(key: str, value: Value) -> str:
    return f"`{key}: {str(plain(value)).lower() if isinstance(value, bool) else plain(value)}`"


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def opposed_bounds(one: Demand, other: Demand, vocabulary: Vocabulary) -> Condition | None:
    """When one rule permits a value at most something and the other at least something: the least is above the most.

    None when the rules do not permit by one comparison each of the same value, one upwards and one downwards.
    """
    bounds = [bound for demand in (one, other) for bound in _bounds(demand)]
    for name, op, limit, demand in bounds:
        for same, against, most, theirs in bounds:
            if name != same or demand is theirs or op not in (">", ">=") or against not in ("<", "<="):
                continue
            low, high = (value_of(part, of.policy, vocabulary) for part, of in ((limit, demand), (most, theirs)))
            if low is not None and high is not None:
                return above(low, high, strict=(op, against) == (">=", "<="))
    return None


def _bounds(demand: Demand) -> Iterator[tuple[tree.Expr, str, Checked, Demand]]:
    permits = demand.permits
    if permits is None or not isinstance(permits.tree, tree.Comparison):
        return
    left, op, right = permits.tree.left, permits.tree.op, permits.tree.right
    if op in _MIRRORED:
        if isinstance(left, tree.Name | tree.Path):
            yield left, op, replace(permits, tree=right), demand
        if isinstance(right, tree.Name | tree.Path):
            yield right, _MIRRORED[op], replace(permits, tree=left), demand


def above(low: Computed, high: Computed, *, strict: bool) -> Condition:
    """That `low` is above `high`; where a bound itself is excluded, also that they are equal."""

    def holds(values: Mapping[str, Value], at: object) -> bool:
        least, most = low[1](values, at), high[1](values, at)  # type: ignore[arg-type]
        if least is None or most is None:
            return False
        try:
            return bool(least > most or (not strict and least == most))
        except TypeError:
            return False

    plain = not (low[0] | high[0])
    return Condition(low[0] | high[0], holds, (*low[2], *high[2]), plain)
