"""Functions of dates, times and durations: DMN 1.5, sections 10.3.4.1 (conversion), 10.3.4.8, 10.3.4.11, 10.3.2.2.

Times are exact to the nanosecond and dates of any year that DMN has; see engine/values/wide.py.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from ordain.engine.feel.functions.entry import ByText, Function, ResultOffset
from ordain.engine.feel.functions.operators import equal
from ordain.engine.feel.signature import signature
from ordain.engine.values import temporal
from ordain.engine.values import temporal_sums as sums
from ordain.engine.values.calendar import WEEKDAYS
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import WIDEST_OFFSET, Months
from ordain.engine.values.types import Kind, Type, Value, kind_of, plain
from ordain.engine.values.wide import (
    clock,
    day_number,
    length,
    make_date,
    make_date_time,
    make_duration,
    make_time,
    offset,
)
from ordain.engine.values.zones import DAY, SECOND, Zone, named, offset_of

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_TEMPORAL = frozenset({Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS})


def _whole(number: Decimal, what: str) -> int:
    if number.adjusted() > 18:
        raise OverflowError("the number is too large")
    if number != number.to_integral_value():
        raise ValueError(f"`{plain(number)}` is no {what}: it is not a whole number")
    return int(number)


def _date(year: Decimal, month: Decimal, day: Decimal) -> Any:
    return make_date(_whole(year, "year"), _whole(month, "month"), _whole(day, "day"))


def _time(hour: Decimal, minute: Decimal, second: Decimal, ahead: Any = None) -> Any:
    """The second may have a fraction, to the nanosecond."""
    hours, minutes = _whole(hour, "hour"), _whole(minute, "minute")
    for name, part, last in (("hour", hours, 23), ("minute", minutes, 59), ("second", second, 59)):
        if not 0 <= part < last + 1:
            raise ValueError(f"{name} must be in 0..{last}")
    below = _whole(NUMBERS.multiply(second, Decimal(SECOND)), "number of nanoseconds")
    return make_time((hours * 60 + minutes) * 60 * SECOND + below, None if ahead is None else _fixed(ahead))


def _fixed(ahead: Any) -> dt.tzinfo:
    """The zone of an offset, whole seconds and up to 14 hours."""
    if length(ahead) % SECOND or abs(length(ahead)) > length(WIDEST_OFFSET):
        raise ValueError(f"`{temporal.text(ahead)}` is no offset from UTC: whole seconds, -PT14H to PT14H")
    return dt.timezone(ahead) if length(ahead) else dt.UTC


def _time_of(moment: Any) -> Any:
    """The time of day; a zone by name counts with its standard offset again."""
    zone = moment.tzinfo
    if type(moment) is dt.datetime and not isinstance(zone, Zone):
        return moment.timetz()
    return make_time(clock(moment), named(zone.name) if isinstance(zone, Zone) else zone)


def _joined(date: Any, time: Any) -> Any:
    """A date and time of the date of the one and all of the other."""
    midnight = day_number(date.year, date.month, date.day) * DAY
    return make_date_time(midnight + clock(time), time.tzinfo)


def _months(number: Decimal) -> Months:
    return Months(_whole(number, "number of months"))


def _days_and_time(text: str) -> Any:
    """A duration that must be one of days and time, since the text is not known before it is read."""
    span = temporal.read_duration(text)
    if kind_of(span) is not Kind.DURATION:
        raise ValueError(f"`{text}` is a duration of years and months; read it with months(...)")
    return span


def _in_zone(moment: Any, zone: str) -> Any:
    """With a plain offset, so that a record keeps it as it is."""
    if type(moment) is dt.datetime and type(moment.tzinfo) is dt.timezone and 2 < moment.year < dt.MAXYEAR - 1:
        return moment.astimezone(_fixed(offset_of(zone, moment)))
    ahead = make_duration(offset(sums.in_zone(moment, named(zone))))
    return sums.in_zone(moment, _fixed(ahead))


def _same(one: Value, other: Value) -> bool:
    """Whether two values are one element of the semantic domain: the same kind, the same value, offset and zone."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    kind = kind_of(one)
    if kind in _TEMPORAL:
        return temporal.text(one) == temporal.text(other)
    return equal(one, other) is True


def _number(part: Any) -> Any:
    return lambda value: Decimal(part(value))


def _of_date(gives: str, python: Any) -> tuple[Any, ...]:
    """A function of a date, or of a date and time."""
    return tuple(signature(f"(date: {kind}) -> {gives}", python) for kind in ("date", "date and time"))


FUNCTIONS: dict[str, Function] = {
    "date": Function(
        "A date from text, from year, month and day, or the date of a date and time.",
        'date("2026-01-31")',
        '@"2026-01-31"',
        (
            signature("(from: text) -> date", temporal.read_date),
            signature("(from: date) -> date", lambda date: date),
            signature("(from: date and time) -> date", sums.date_of),
            signature("(year: number, month: number, day: number) -> date", _date),
        ),
        folds=True,
    ),
    "time": Function(
        "A time from text, from hour, minute, second and offset, or the time of a date and time; a date is midnight.",
        'time("08:00:00")',
        '@"08:00:00"',
        (
            signature("(from: text) -> time", temporal.read_time),
            signature("(from: time) -> time", lambda time: time),
            signature("(from: date and time) -> time", _time_of),
            signature("(from: date) -> time", lambda date: make_time(0, dt.UTC)),
            signature("(hour: number, minute: number, second: number, offset?: duration?) -> time", _time),
        ),
        offset=ResultOffset.OF_TIME,
    ),
    "date and time": Function(
        "A date and time from text, or from a date and a time.",
        'date and time("2026-01-31T08:00:00Z")',
        '@"2026-01-31T08:00:00Z"',
        (
            signature("(from: text) -> date and time", temporal.read_date_time),
            signature("(from: date and time) -> date and time", lambda moment: moment),
            signature("(date: date, time: time) -> date and time", _joined),
            signature("(date: date and time, time: time) -> date and time", _joined),
        ),
        offset=ResultOffset.OF_TIME,
    ),
    "duration": Function(
        "A duration from text: of days and time, or of years and months.",
        'duration("P30D")',
        '@"P30D"',
        (signature("(from: text) -> duration", temporal.read_duration),),
        folds=True,
        by_text=ByText(lambda span: Type(kind_of(span)), _days_and_time),
    ),
    "months": Function(
        "A duration of years and months, from text or a whole number of months.",
        "months(6)",
        '@"P6M"',
        (
            signature("(from: text) -> months", temporal.months),
            signature("(from: number) -> months", _months),
        ),
        own=True,
    ),
    "years and months duration": Function(
        "The whole months from one date to another; times of day do not count.",
        'years and months duration(@"2025-01-31", @"2026-03-01")',
        '@"P1Y1M"',
        tuple(
            signature(f"(from: {one}, to: {other}) -> months", sums.months_between)
            for one in ("date", "date and time")
            for other in ("date", "date and time")
        ),
    ),
    "day of year": Function(
        "The number of the day in its year, from 1.",
        'day of year(@"2026-02-01")',
        "32",
        _of_date("number", _number(lambda date: sums.as_python(date).timetuple().tm_yday)),
    ),
    "day of week": Function(
        "The English name of the weekday.",
        'day of week(@"2026-01-31")',
        '"Saturday"',
        _of_date("text", lambda date: WEEKDAYS[sums.weekday(date) - 1]),
    ),
    "month of year": Function(
        "The English name of the month.",
        'month of year(@"2026-01-31")',
        '"January"',
        _of_date("text", lambda date: _MONTHS[date.month - 1]),
    ),
    "week of year": Function(
        "The number of the week by ISO 8601: the first week of a year is the one with its first Thursday.",
        'week of year(@"2027-01-01")',
        "53",
        _of_date("number", _number(lambda date: sums.as_python(date).isocalendar().week)),
    ),
    "now": Function(
        "The decision's own time.",
        "now() = now()",
        "true",
        (signature("() -> date and time", lambda at: at, clock=True),),
        offset=ResultOffset.ALWAYS,
    ),
    "today": Function(
        "The date of the decision's own time.",
        "today() = date(now())",
        "true",
        (signature("() -> date", sums.date_of, clock=True),),
    ),
    "is": Function(
        "Whether two values are the same in every respect: kind, value, offset and zone.",
        'is(@"10:00:00Z", @"11:00:00+01:00")',
        "false",
        (signature("(value1: any?, value2: any?) -> flag", _same),),
    ),
    "in zone": Function(
        "A date and time as clocks in a time zone show it, daylight saving included.",
        'in zone(@"2026-07-01T12:00:00Z", "Europe/Paris")',
        '@"2026-07-01T14:00:00+02:00"',
        (signature("(moment: date and time, zone: text) -> date and time", _in_zone),),
        own=True,
    ),
}
