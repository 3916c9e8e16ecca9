"""Functions of calendars, which are Ordain's own: holidays and working days.

A calendar knows the days from its first to its last. Of any other day it knows nothing, so that is an error and never
quietly a working day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.signature import signature
from ordain.engine.values import temporal
from ordain.engine.values.calendar import WEEKDAYS
from ordain.engine.values.temporal_sums import weekday
from ordain.engine.values.types import plain

Calendar = Mapping[str, Any]

_DAY = dt.timedelta(days=1)
_EXAMPLE = '{from: @"2026-01-01", until: @"2026-12-31", closed: ["Saturday", "Sunday"], holidays: [@"2026-01-26"]}'


def _is_holiday(date: Any, calendar: Calendar) -> bool:
    _refuse_unknown(date, calendar)
    return date in calendar["holidays"]


def _is_working_day(date: Any, calendar: Calendar) -> bool:
    _refuse_unknown(date, calendar)
    return date not in calendar["holidays"] and WEEKDAYS[weekday(date) - 1] not in calendar["closed"]


def _next_working_day(date: Any, calendar: Calendar) -> Any:
    return _add_working_days(date, Decimal(1), calendar)


def _add_working_days(date: Any, days: Decimal, calendar: Calendar) -> Any:
    """The working day that is so many after the date; before it, of a number below 0."""
    if days != days.to_integral_value():
        raise ValueError(f"`{plain(days)}` is no number of days: it is not a whole number")
    _refuse_unknown(date, calendar)
    holidays, step, left = frozenset(calendar["holidays"]), _DAY if days > 0 else -_DAY, abs(days)
    while left:
        date = date + step
        _refuse_unknown(date, calendar)
        left -= date not in holidays and WEEKDAYS[weekday(date) - 1] not in calendar["closed"]
    return date


def _refuse_unknown(date: Any, calendar: Calendar) -> None:
    first, last = calendar["from"], calendar["until"]
    if not first <= date <= last:
        known = f"{temporal.text(first)} to {temporal.text(last)}"
        raise ValueError(f"{temporal.text(date)} is outside the calendar, which knows the days from {known}")


FUNCTIONS: dict[str, Function] = {
    "is holiday": Function(
        "Whether a date is a holiday of a calendar, whatever weekday it is.",
        f'is holiday(@"2026-01-26", {_EXAMPLE})',
        "true",
        (signature("(date: date, calendar: calendar) -> flag", _is_holiday),),
        own=True,
    ),
    "is working day": Function(
        "Whether a date is no holiday of a calendar and no weekday on which it is closed.",
        f'is working day(@"2026-01-26", {_EXAMPLE})',
        "false",
        (signature("(date: date, calendar: calendar) -> flag", _is_working_day),),
        own=True,
    ),
    "next working day": Function(
        "The first working day after a date.",
        f'next working day(@"2026-01-23", {_EXAMPLE})',
        '@"2026-01-27"',
        (signature("(date: date, calendar: calendar) -> date", _next_working_day),),
        own=True,
    ),
    "add working days": Function(
        "The working day that is so many working days after a date, or before it; the date itself for 0.",
        f'add working days(@"2026-01-23", 3, {_EXAMPLE})',
        '@"2026-01-29"',
        (signature("(date: date, days: number, calendar: calendar) -> date", _add_working_days),),
        own=True,
    ),
}
