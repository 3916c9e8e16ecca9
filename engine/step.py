"""One step of a decision: what the trace holds of one table or expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ordain.engine.policy.model import Decision, Table
from ordain.engine.values.types import Value


class Step(NamedTuple):
    """`looked_at` is the number of rules that were tried, `fired` the positions of those that count, `value` what came
    out, and `missing` for compliance the position of each rule that lacked a fact, with the fact's name. `said` has the
    text of each reason that was worked out, with its rule's position; an expression's is 0.

    An expression tries no rules.
    """

    decision: Decision
    looked_at: int
    fired: tuple[int, ...]
    value: Value
    missing: tuple[tuple[int, str], ...] = ()
    said: tuple[tuple[int, str], ...] = ()


Trail = list[tuple[Decision, int, tuple[int, ...], Value, tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]]
"""Steps as compiled code leaves them: to make a `Step` of each takes as long as to decide a small table, and nobody
looks at most of them. `steps_of` makes them."""


def steps_of(trail: Trail) -> list[Step]:
    return list(map(Step._make, trail))


def fired_rules(steps: Iterable[Step]) -> frozenset[str]:
    """The ids of the rules that fired."""
    return frozenset(
        step.decision.rules[position].id
        for step in steps
        if isinstance(step.decision, Table)
        for position in step.fired
    )
