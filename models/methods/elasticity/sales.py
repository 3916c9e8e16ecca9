"""A table of sales read for elasticities: a row for each sale, or for each sum of sales at one price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ordain.engine.errors import DataQualityIssue, Issue
from ordain.engine.values.types import Value
from ordain.models.data.table import Table
from ordain.models.limits import LIMITS
from ordain.models.methods.elasticity.log_log import PERIODS_NEEDED, Sales

PERIODS_OF_TABLE = 2 * PERIODS_NEEDED
"""Periods of a table."""
NOUGHT_SHARE = 0.2
"""Share of rows without a sale, which have no logarithm, above which leaving them out says too little."""


@dataclass(frozen=True, slots=True)
class SalesOfTable:
    """`groups` are the segment and product of each group, `""` where the table does not tell them.

    `prices` are the lowest and the highest by product; `usual` the segment and the product of most rows;
    `nought` is how many rows had no sale and were left out.
    """

    sales: Sales
    groups: tuple[tuple[str, str], ...]
    roles: tuple[str, ...]
    prices: dict[str, tuple[float, float]]
    usual: tuple[str, str]
    nought: int


def read_sales(table: Table) -> SalesOfTable:
    """Raises DataQualityIssue with all findings."""
    if issues := _unusable(table):
        raise DataQualityIssue(issues)
    given = tuple(role for role in ("segment", "product") if table.roles.get(role))
    sold = [number for number, value in enumerate(table.roles["quantity"]) if value]
    nought = len(table) - len(sold)
    segments, products = (_texts(table, role, sold) for role in ("segment", "product"))
    pairs = list(zip(segments, products, strict=True))
    groups = tuple(sorted(set(pairs)))
    number_of = {pair: number for number, pair in enumerate(groups)}
    named = [str(table.roles["period"][number]) for number in sold]
    numbers = {name: number for number, name in enumerate(sorted(set(named)))}
    period, periods = np.array([numbers[name] for name in named], dtype=np.int64), len(numbers)
    group = np.array([number_of[pair] for pair in pairs], dtype=np.int64)
    price, quantity = (np.array([float(str(table.roles[role][at])) for at in sold]) for role in ("price", "quantity"))
    if issues := _too_little(table, nought, len(groups), periods):
        raise DataQualityIssue(issues)
    bounds: dict[str, tuple[float, float]] = {}
    for product, value in zip(products, price.tolist(), strict=True):
        low, high = bounds.get(product, (value, value))
        bounds[product] = min(low, value), max(high, value)
    sales = Sales(np.log(price), np.log(quantity), group, period, len(groups), periods)
    return SalesOfTable(sales, groups, given, bounds, (_most(segments), _most(products)), nought)


def _unusable(table: Table) -> list[Issue]:
    issues: list[Issue] = []
    for role in ("price", "quantity", "period"):
        if not table.roles.get(role):
            hint = f"let the mapping say which column is `{role}`"
            issues.append(Issue(f"`{table.name}`: no column plays the role `{role}`", hint))
    if not table.roles.get("segment") and not table.roles.get("product"):
        hint = "without either, one elasticity would be all there is"
        issues.append(Issue(f"`{table.name}`: no column plays the role `segment` or `product`", hint))
    for role in ("price", "quantity"):
        issues += _told(table, role, "is missing", lambda value: not isinstance(value, Decimal))
    for role in ("segment", "product", "period"):
        issues += _told(table, role, "is missing", lambda value: value is None)
    issues += _told(table, "price", "is not above 0", lambda value: isinstance(value, Decimal) and value <= 0)
    issues += _told(table, "quantity", "is below 0", lambda value: isinstance(value, Decimal) and value < 0)
    return issues


def _told(table: Table, role: str, what: str, wrong: Callable[[Value], bool]) -> list[Issue]:
    rows = [number for number, value in enumerate(table.roles.get(role) or (), 1) if wrong(value)]
    if not rows:
        return []
    return [Issue(f"`{table.name}`: `{role}` {what} in {len(rows):,} rows, first in row {rows[0]}", "leave them out")]


def _too_little(table: Table, nought: int, groups: int, periods: int) -> list[Issue]:
    issues: list[Issue] = []
    if nought > NOUGHT_SHARE * len(table):
        message = f"`{table.name}`: {nought:,} of {len(table):,} rows have a quantity of 0, which has no logarithm"
        issues.append(Issue(message, "sum the sales of longer periods"))
    if periods < PERIODS_OF_TABLE:
        message = f"`{table.name}` holds {periods} periods, {PERIODS_OF_TABLE} at least are needed"
        issues.append(Issue(message, "bring sales of more weeks or months"))
    if 2 * groups + periods > LIMITS.fixed_effects:
        message = f"`{table.name}`: {groups:,} pairs of segment and product over {periods:,} periods are too many"
        issues.append(Issue(message, f"twice the pairs and the periods are {LIMITS.fixed_effects:,} at most"))
    return issues


def _texts(table: Table, role: str, rows: list[int]) -> list[str]:
    values: Sequence[Value] = table.roles.get(role) or ("",) * len(table)
    return [str(values[number]) for number in rows]


def _most(values: list[str]) -> str:
    """The value that stands most often, the first of equals."""
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value))
