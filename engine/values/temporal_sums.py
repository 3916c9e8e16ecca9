"""Sums and differences of temporal values (DMN 1.5, tables 57 and 59), exact for every year and to the nanosecond.

Python's classes go the short way; the wide ones, and what leaves Python's range, by whole numbers. Faults are
ValueError or ArithmeticError with words for people.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from decimal import Decimal
from typing import Any

from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import Months
from ordain.engine.values.wide import (
    Date,
    DateTime,
    Duration,
    Time,
    WideDate,
    WideDateTime,
    clock,
    day_number,
    instant,
    length,
    local,
    make_date,
    make_date_time,
    make_day,
    make_duration,
    make_instant,
    make_time,
    offset,
)
from ordain.engine.values.zones import DAY, Zone


def add(value: Any, span: Any) -> Any:
    """A date, time or date and time, so much later; the two may stand in either order."""
    if isinstance(value, Duration | Months):
        value, span = span, value
    return _add_months(value, span.count) if isinstance(span, Months) else _add_span(value, span)


def subtract(value: Any, span: Any) -> Any:
    """A date, time or date and time, so much earlier."""
    return _add_months(value, -span.count) if isinstance(span, Months) else _add_span(value, negated(span))


def _add_span(value: Date | Time | DateTime, span: Duration) -> Any:
    if isinstance(span, dt.timedelta):
        try:
            if type(value) is dt.date:
                return value + dt.timedelta(span.days)
            if type(value) is dt.datetime and not isinstance(value.tzinfo, Zone):
                return value + span
        except OverflowError:
            pass  # beyond Python's years: the long way
    if isinstance(value, DateTime):
        return make_instant(instant(value) + length(span), value.tzinfo)
    if isinstance(value, Date):
        return make_day(day_number(value.year, value.month, value.day) + length(span) // DAY)
    return make_time(clock(value) + length(span), value.tzinfo)


def _add_months(value: Any, months: int) -> Any:
    """So many months on; the 31st becomes the last day of a shorter month. A time of day has no months."""
    if not isinstance(value, Date | DateTime):
        raise ValueError("months cannot be added to a time of day")
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    day = min(value.day, monthrange(year % 400 + 400, month + 1)[1])
    whole = make_date(year, month + 1, day)
    if not isinstance(value, DateTime):
        return whole
    if isinstance(value, dt.datetime) and isinstance(whole, dt.date) and not isinstance(value.tzinfo, Zone):
        return value.replace(year=year, month=month + 1, day=day)
    return make_date_time(day_number(year, month + 1, day) * DAY + clock(value), value.tzinfo)


def difference(later: Any, earlier: Any) -> Duration:
    """The time from one to the other: two dates, times, or dates and times, a date among these being UTC midnight."""
    if type(later) is dt.date and type(earlier) is dt.date:
        return later - earlier
    if isinstance(later, Time) and isinstance(earlier, Time):
        _same_way_of_telling(later.tzinfo, earlier.tzinfo)
        return make_duration(clock(later) - offset(later) - clock(earlier) + offset(earlier))
    if not isinstance(later, DateTime) and not isinstance(earlier, DateTime):
        return make_duration((_day(later) - _day(earlier)) * DAY)
    _same_way_of_telling(_zone(later), _zone(earlier))
    if isinstance(later, dt.datetime) and isinstance(earlier, dt.datetime):
        return later - earlier
    return make_duration(_instant(later) - _instant(earlier))


def _zone(value: Date | DateTime) -> dt.tzinfo | None:
    return value.tzinfo if isinstance(value, DateTime) else dt.UTC


def _day(value: Date) -> int:
    return day_number(value.year, value.month, value.day)


def _instant(value: Date | DateTime) -> int:
    return instant(value) if isinstance(value, DateTime) else _day(value) * DAY


def _same_way_of_telling(one: dt.tzinfo | None, other: dt.tzinfo | None) -> None:
    """DMN 1.5, table 57: there is no difference between a value with an offset and one without."""
    if (one is None) != (other is None):
        raise ValueError("one of the two has an offset from UTC and the other has none")


def alike(one: Any, other: Any) -> tuple[Any, Any]:
    """The two times, or dates and times, ready to compare: one without offset takes the other's (DMN 1.5, table 54)."""
    if one.tzinfo is None and other.tzinfo is not None:
        return _placed(one, other.tzinfo), other
    if other.tzinfo is None and one.tzinfo is not None:
        return one, _placed(other, one.tzinfo)
    return one, other


def _placed(value: Time | DateTime, zone: dt.tzinfo) -> Time | DateTime:
    if type(value) is dt.time and not isinstance(zone, Zone):
        return value.replace(tzinfo=zone)
    return make_date_time(local(value), zone) if isinstance(value, DateTime) else make_time(clock(value), zone)


def negated(span: Any) -> Any:
    if isinstance(span, Months):
        return Months(-span.count)
    return make_duration(-length(span))


def spans_added(one: Any, other: Any) -> Any:
    """The sum of two durations of one kind."""
    if isinstance(one, dt.timedelta) and isinstance(other, dt.timedelta):
        try:
            return one + other
        except OverflowError:
            pass  # longer than Python's: the long way
    if isinstance(one, Months) and isinstance(other, Months):
        return Months(one.count + other.count)
    if isinstance(one, Months) or isinstance(other, Months):
        raise ValueError("months and days are no sum: a month is not a number of days")
    return make_duration(length(one) + length(other))


def spans_subtracted(one: Any, other: Any) -> Any:
    """The difference of two durations of one kind."""
    return spans_added(one, negated(other))


def scaled(span: Any, by: Decimal) -> Any:
    """So many times a duration, to the whole month or nanosecond, towards zero."""
    return _sized(span, NUMBERS.multiply(_count(span), by))


def divided(span: Any, by: Decimal) -> Any:
    """A duration divided, to the whole month or nanosecond, towards zero."""
    if not by:
        raise ZeroDivisionError("a duration cannot be divided by zero")
    return _sized(span, NUMBERS.divide(_count(span), by))


def ratio(one: Any, other: Any) -> Decimal:
    """How many times one duration holds another of its kind."""
    if isinstance(one, Months) != isinstance(other, Months):
        raise ValueError("months cannot be divided by days: a month is not a number of days")
    if not _count(other):
        raise ZeroDivisionError("a duration cannot be divided by zero")
    return NUMBERS.divide(_count(one), _count(other))


def _count(span: Any) -> Decimal:
    return Decimal(span.count if isinstance(span, Months) else length(span))


def _sized(span: Any, count: Decimal) -> Any:
    """A duration of the same kind. The size is looked at first: a huge power of ten is a huge whole number."""
    if count.adjusted() > 34:
        raise OverflowError("the duration is too long")
    return Months(int(count)) if isinstance(span, Months) else make_duration(int(count))


def in_zone(moment: DateTime, zone: dt.tzinfo) -> DateTime:
    """The same moment as clocks of a zone show it. Raises ValueError for a date and time without offset."""
    if moment.tzinfo is None:
        raise ValueError("a date and time without offset from UTC cannot be told in another zone")
    return make_instant(instant(moment), zone)


def weekday(value: Date | DateTime) -> int:
    """1 for Monday to 7 for Sunday."""
    return (day_number(value.year, value.month, value.day) - 1) % 7 + 1


def as_python(value: Date | DateTime) -> dt.date:
    """A date of the same place in the calendar: the same day of a year 400 years, or a multiple of it, away."""
    year = value.year if not isinstance(value, WideDate | WideDateTime) else value.year % 400 + 800
    return dt.date(year, value.month, value.day)


def date_of(value: Date | DateTime) -> Date:
    """The date alone."""
    if type(value) is dt.datetime:
        return value.date()
    return make_date(value.year, value.month, value.day)


def months_between(start: Date | DateTime, end: Date | DateTime) -> Months:
    """Whole months from one day to another, negative when `end` is earlier; times of day do not count."""
    one, other = (start.year, start.month, start.day), (end.year, end.month, end.day)
    if other < one:
        return Months(-months_between(end, start).count)
    count = (end.year - start.year) * 12 + end.month - start.month
    return Months(count - 1 if end.day < start.day else count)
