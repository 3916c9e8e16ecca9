"""A table of demand read as a series: one row for each product and hour or day, in any order.

Dates, or dates and times that are all at midnight, make a series of days; other times one of hours. Rows of one product
and step are added up. A step without a row was not counted: it is no demand of nought, is not learned from and not
measured by.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import holidays
import numpy as np

from ordain.engine.errors import DataQualityIssue, Issue, SettingsError
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Value
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.arrays import Flags, Floats
from ordain.models.methods.demand.grid import DAYS_AHEAD, Grid
from ordain.models.methods.demand.origins import WEEKS_NEEDED

LATEST_DAYS = 7
"""A product that was last counted longer before the end is not sold any more, and is not forecast."""
LEAST_LEVEL = 0.01
"""Of a product's mean over the series."""
SPARE_DAYS = 2
"""Days of the calendar beyond those that are forecast: what follows a day counts, and the last day may be cut short."""


@dataclass(frozen=True, slots=True)
class SeriesOfTable:
    """`covariates` are the table's facts, each optional; `offset` the minutes from UTC that all times have, None where
    they differ or have none. `absent` steps have no row; `left` are products that are not sold any more."""

    grid: Grid
    covariates: tuple[Fact, ...]
    offset: int | None
    absent: int
    left: tuple[str, ...]
    flags_holidays: bool


def read_series(table: Table, country: str) -> SeriesOfTable:
    """The series of a table. Raises DataQualityIssue, with all findings, and SettingsError for an unknown `country`."""
    roles = table.roles
    if issues := _unusable(table):
        raise DataQualityIssue(issues)
    at = [_moment(value) for value in roles["at"]]
    hourly = any(moment.time() != dt.time() for moment in at)
    names = roles.get("product") or ("",) * len(table)
    products = tuple(sorted({str(name) for name in names}))
    start = dt.datetime.combine(min(at).date(), dt.time())
    steps = _step(max(at), start, hourly) + 1
    _raise_size(table, len(products), steps, hourly)
    covariates = tuple(replace(fact, optional=True, default=None) for fact in table.facts)
    cells = Encoder(covariates).rows(table.rows).astype(np.float64)
    quantity = np.full((len(products), steps), np.nan)
    known = np.full((len(products), steps, cells.shape[1]), np.nan)
    number = {name: index for index, name in enumerate(products)}
    for row, (moment, name, amount) in enumerate(zip(at, names, roles["quantity"], strict=True)):
        place = number[str(name)], _step(moment, start, hourly)
        if np.isnan(quantity[place]):
            quantity[place], known[place] = 0.0, cells[row]
        quantity[place] += float(amount)
    days = steps // (24 if hourly else 1) + 1 + DAYS_AHEAD + SPARE_DAYS
    off = holiday_days(country, start.date(), days)
    flags = roles.get("holiday")
    for moment, flag in zip(at, flags or (), strict=False):
        off[(moment.date() - start.date()).days] |= flag == 1
    least = np.maximum(LEAST_LEVEL * np.nanmean(quantity, axis=1), np.finfo(np.float32).tiny)
    grid = Grid(start, hourly, products, quantity, known, off, least)
    sold = _sold(grid)
    absent = _absent(quantity[sold])
    _raise_absent(table, absent, quantity[sold])
    left = tuple(name for name, still in zip(products, sold, strict=True) if not still)
    kept = tuple(name for name in products if name not in left)
    grid = replace(grid, products=kept, quantity=quantity[sold], covariates=known[sold], least=least[sold])
    return SeriesOfTable(grid, covariates, _offset(roles["at"]), absent, left, bool(flags))


def holiday_days(country: str, start: dt.date, count: int) -> Flags:
    """Which of `count` days from `start` on are public holidays there; none without a country.

    `country` is an ISO 3166 code such as `IN` or, with its subdivision, `US-NY`. Raises SettingsError.
    """
    days = [start + dt.timedelta(days=number) for number in range(count)]
    if not country:
        return np.zeros(count, dtype=np.bool_)
    code, _, part = country.partition("-")
    try:
        known = holidays.country_holidays(code, subdiv=part or None, years=range(days[0].year, days[-1].year + 1))
    except NotImplementedError:  # what the library raises for a country, or a part, that it does not know
        hint = "write a code of ISO 3166 such as `IN` or `US-NY`"
        raise SettingsError(f"no public holidays are known of `{country}`", hint) from None
    return np.array([day in known for day in days])


def wall_clock(moment: dt.datetime, offset: int | None) -> dt.datetime:
    """The series' own clock, without an offset. A series at UTC, which also stands for no offset at all, or at several
    takes the clock that was sent; one at another offset is told by it."""
    if offset and moment.tzinfo is not None:
        moment = moment.astimezone(dt.timezone(dt.timedelta(minutes=offset)))
    return moment.replace(tzinfo=None)


def _unusable(table: Table) -> list[Issue]:
    issues: list[Issue] = []
    for role in ("at", "quantity"):
        if not table.roles.get(role):
            hint = f"let the mapping say which column is `{role}`"
            issues.append(Issue(f"`{table.name}`: no column plays the role `{role}`", hint))
    rows: Mapping[str, Sequence[Value]] = table.roles
    for role, right in (("at", dt.date), ("quantity", Decimal), ("product", str)):
        wrong = [number for number, value in enumerate(rows.get(role) or (), 1) if not isinstance(value, right)]
        if wrong:
            message = f"`{table.name}`: `{role}` is missing in {len(wrong):,} rows, first in row {wrong[0]}"
            issues.append(Issue(message, "leave such rows out"))
    low = [
        number for number, value in enumerate(rows.get("quantity") or (), 1) if isinstance(value, Decimal) and value < 0
    ]
    if low:
        message = f"`{table.name}`: `quantity` is below 0 in {len(low):,} rows, first in row {low[0]}"
        issues.append(Issue(message, "returns are no demand: leave them out"))
    taken = [fact.name for fact in table.facts if fact.name in ("demand_hour", "demand_day", "product", "holiday")]
    issues += [Issue(f"`{name}` is what the model itself asks for", "give the feature another name") for name in taken]
    return issues


def _moment(value: Value) -> dt.datetime:
    """The clock on the wall."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    assert isinstance(value, dt.date)  # noqa: S101 - `_unusable` has seen to it
    return dt.datetime.combine(value, dt.time())


def _step(moment: dt.datetime, start: dt.datetime, hourly: bool) -> int:
    past = moment - start
    return past.days * 24 + past.seconds // 3600 if hourly else past.days


def _offset(at: Sequence[Value]) -> int | None:
    offsets = {value.utcoffset() if isinstance(value, dt.datetime) else None for value in at}
    if len(offsets) != 1 or (only := offsets.pop()) is None:
        return None
    return int(only.total_seconds() // 60)


def _sold(grid: Grid) -> Flags:
    """Which products were counted in the last days."""
    return np.array([not np.isnan(last).all() for last in grid.quantity[:, -LATEST_DAYS * grid.day :]])


def _absent(quantity: Floats) -> int:
    """Steps without a row, from the first row of each product on."""
    known = ~np.isnan(quantity)
    begun = np.cumsum(known, axis=1) > 0
    return int((begun & ~known).sum())


def _raise_size(table: Table, products: int, steps: int, hourly: bool) -> None:
    called, day = ("hours", 24) if hourly else ("days", 1)
    weeks = steps // day // 7
    if weeks < WEEKS_NEEDED:
        message = f"`{table.name}` holds {weeks} weeks, {WEEKS_NEEDED} at least are needed"
        raise DataQualityIssue(message, "a forecast is measured at origins a week apart: bring a longer series")
    if products > LIMITS.text_values:
        message = f"`{table.name}`: {products:,} products, {LIMITS.text_values} at most can be learned together"
        raise DataQualityIssue(message, "group the products, or train for some of them")
    if products * steps > LIMITS.series_steps:
        message = f"`{table.name}`: {products} products over {steps:,} {called} are more than {LIMITS.series_steps:,}"
        raise DataQualityIssue(message, "is one of the dates far off? Otherwise bring a shorter series")


def _raise_absent(table: Table, absent: int, quantity: Floats) -> None:
    begun = int((np.cumsum(~np.isnan(quantity), axis=1) > 0).sum())
    if absent > LIMITS.absent_share * begun:
        message = f"`{table.name}`: {absent:,} of {begun:,} steps have no row"
        raise DataQualityIssue(message, "write a row with 0 where nothing was sold; a step without one was not counted")
