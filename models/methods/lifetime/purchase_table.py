"""A table of purchases, many rows per customer, read for models of when customers buy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.errors import DataQualityIssue, Issue
from ordain.engine.values.types import Value
from ordain.models.data.table import Table
from ordain.models.limits import LIMITS
from ordain.models.methods.lifetime.purchases import Purchases, purchases_of

AT, AMOUNT, UNITS = "at", "amount", "units"
REVENUE = "revenue_12_months"


@dataclass(frozen=True, slots=True)
class Read:
    """`returned` counts the rows that were left out because they are returns."""

    purchases: Purchases
    returned: int


def read_purchases(table: Table) -> Read:
    """What the roles `at`, `amount` and, where there is one, `units` say. A row of no units or fewer is a return.

    Raises DataQualityIssue with the first findings: a date or an amount that is missing, an amount below 0.
    """
    missing = [f"`{role}`" for role in (AT, AMOUNT) if role not in table.roles]
    if missing:
        hint = f"map `{AT}` and `{AMOUNT}` for purchases, or `{REVENUE}` for subscribers"
        raise DataQualityIssue(f"`{table.name}` has no column for {' and '.join(missing)}", hint)
    units = table.roles.get(UNITS, (None,) * len(table))
    found: list[Issue] = []
    subjects: list[str] = []
    days: list[int] = []
    amounts: list[float] = []
    returned = 0
    cells = zip(table.subjects, table.roles[AT], table.roles[AMOUNT], units, strict=True)
    for number, (subject, at, amount, count) in enumerate(cells, start=1):
        if isinstance(count, Decimal) and count <= 0:
            returned += 1
        elif issue := _wrong(at, amount, number):
            found.append(issue)
        elif isinstance(at, dt.date) and isinstance(amount, Decimal):
            subjects.append(subject)
            days.append(at.toordinal())
            amounts.append(float(amount))
    if len(found) > LIMITS.listed:
        found = [*found[: LIMITS.listed], Issue(f"and {len(found) - LIMITS.listed:,} more rows of this kind")]
    if found:
        raise DataQualityIssue(found)
    if not subjects:
        raise DataQualityIssue(f"`{table.name}` has no purchase", "bring a table with one purchase per row")
    return Read(purchases_of(subjects, days, amounts), returned)


def _wrong(at: Value, amount: Value, number: int) -> Issue | None:
    if not isinstance(at, dt.date):
        return Issue(f"row {number}: the purchase has no date", "the role `at` is the day of a purchase")
    if not isinstance(amount, Decimal):
        return Issue(f"row {number}: the purchase has no amount")
    if amount < 0:
        return Issue(f"row {number}: the amount is {amount}", "leave returns out, or give their `units` as 0 or fewer")
    return None
