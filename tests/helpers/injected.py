"""Tables with a fault put in on purpose: features that give the label away, and rows that were copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER, TEXT, Type, Value
from ordain.models.data.table import Table

LEAK = "leak"
REASONS = ("moved away", "price", "went to another")
Random = np.random.Generator


def with_feature(table: Table, type_: Type, values: Iterable[Value], name: str = LEAK) -> Table:
    rows = tuple({**row, name: value} for row, value in zip(table.rows, values, strict=True))
    return replace(table, facts=(*table.facts, Fact(name, type_, optional=True)), rows=rows)


def taken(table: Table, places: Sequence[int]) -> Table:
    """The rows at these places, each with a subject of its own."""
    return replace(
        table,
        subjects=tuple(f"row-{at}" for at in range(len(places))),
        rows=tuple(table.rows[at] for at in places),
        roles={name: tuple(values[at] for at in places) for name, values in table.roles.items()},
    )


def satisfaction(table: Table, random: Random) -> Table:
    """1 or 2 from who left, 3 to 5 from who stayed, 2 % the other way round."""
    low = (table.labels == 1) ^ (random.random(len(table)) < 0.02)
    return with_feature(
        table, NUMBER, _decimals(np.where(low, _drawn(random, table, 1, 2), _drawn(random, table, 3, 5)))
    )


def overlapping_satisfaction(table: Table, random: Random) -> Table:
    """3 from many of both, less only from who left, more only from who stayed."""
    low = random.choice([1, 2, 3], len(table), p=[0.5, 0.3, 0.2])
    high = random.choice([3, 4, 5], len(table), p=[0.5, 0.3, 0.2])
    return with_feature(table, NUMBER, _decimals(np.where(table.labels == 1, low, high)))


def unanswered(table: Table, random: Random) -> Table:
    """Who left was not asked any more; one in ten of the others did not answer."""
    silent = (table.labels == 1) | (random.random(len(table)) < 0.1)
    answers = _decimals(_drawn(random, table, 1, 5))
    return with_feature(table, NUMBER, [None if no else each for no, each in zip(silent, answers, strict=True)])


def remaining_contract(table: Table, random: Random) -> Table:
    """0 for all who left, and for three in ten of the others."""
    over = (table.labels == 1) | (random.random(len(table)) < 0.3)
    return with_feature(table, NUMBER, _decimals(np.where(over, 0, _drawn(random, table, 1, 24))))


def cancellation_reason(table: Table, random: Random) -> Table:
    """Given by half of those who left, and by nobody else."""
    given = (table.labels == 1) & (random.random(len(table)) < 0.5)
    said = random.choice(REASONS, len(table))
    values = [str(reason) if has else None for has, reason in zip(given, said, strict=True)]
    return with_feature(table, Type(TEXT.kind, values=REASONS), values)


def reason_beside_its_date(table: Table, random: Random) -> Table:
    """Two that say the same hide each other from who looks at each beside all others."""
    found = cancellation_reason(table, random)
    dates = [None if row[LEAK] is None else Decimal(20_000) for row in found.rows]
    return with_feature(found, NUMBER, dates, "cancelled_on")


def made_up_rows(table: Table, random: Random) -> Table:
    """Rows between two of those who left, so many that the labels are balanced (SMOTE): counts are no whole numbers."""
    names = [fact.name for fact in table.facts if fact.type == NUMBER]
    left = np.flatnonzero(table.labels == 1)
    pairs = random.choice(left, (len(table) - 2 * len(left), 2))
    kept = taken(table, [*range(len(table)), *pairs[:, 0].tolist()])
    rows = list(kept.rows)
    for at, (one, other) in enumerate(pairs, start=len(table)):
        part = Decimal(str(round(float(random.uniform(0.1, 0.9)), 3)))
        between = {name: _between(table.rows[one][name], table.rows[other][name], part) for name in names}
        rows[at] = {**rows[at], **between}
    return replace(kept, rows=tuple(rows))


def oversampled(table: Table, random: Random) -> Table:
    """Those who left drawn again until there are as many as stayed."""
    left, stayed = (np.flatnonzero(table.labels == label) for label in (1, 0))
    again = random.choice(left, len(stayed) - len(left))
    return taken(table, [*stayed.tolist(), *left.tolist(), *again.tolist()])


def copied(table: Table, random: Random) -> Table:
    """A third of the rows twice, whoever they are."""
    return taken(table, [*range(len(table)), *random.choice(len(table), len(table) // 3, replace=False).tolist()])


FEATURES: Mapping[str, Callable[[Table, Random], Table]] = {
    "a satisfaction score asked after leaving": satisfaction,
    "a satisfaction score that overlaps": overlapping_satisfaction,
    "a satisfaction score that who left never gave": unanswered,
    "a remaining contract of 0": remaining_contract,
    "a cancellation reason": cancellation_reason,
}


def _drawn(random: Random, table: Table, low: int, high: int) -> np.ndarray:
    return random.integers(low, high + 1, len(table))


def _decimals(values: np.ndarray) -> list[Value]:
    return [Decimal(int(value)) for value in values]


def _between(one: Value, other: Value, part: Decimal) -> Value:
    return one + (other - one) * part if isinstance(one, Decimal) and isinstance(other, Decimal) else one
