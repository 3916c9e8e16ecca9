"""Temporal values beyond Python's own classes: any year of DMN, nanoseconds, durations of any length.

DMN 1.5, sections 10.3.2.3.4 to 10.3.2.3.7. A value that `datetime` holds exactly is always of Python's class; the
`make_` functions see to it. Everything here also takes Python's classes, by way of two whole numbers: the day, counted
as `date.toordinal` does but without end, and the nanoseconds of the day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import total_ordering

from ordain.engine.values.zones import CYCLE, DAY, SECOND, Zone, at_instant, at_local

LAST_YEAR = 999_999_999
_LONGEST = 10**34
_MICRO = dt.timedelta(microseconds=1)


@total_ordering
class _Ordered:
    """Order, equality and hash by place in time, Python's classes included; local values beside local ones only."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return (place := _place(other)) is not None and place == _place(self)

    def __lt__(self, other: object) -> bool:
        mine, its = _place(self), _place(other)
        if mine is None or its is None or mine[:2] != its[:2]:
            return NotImplemented
        return mine[2] < its[2]

    def __hash__(self) -> int:
        kind, local, count = _place(self) or ("", False, 0)
        if kind == "date and time" and not local and count % 1000 == 0:
            try:
                return hash(_MICRO * (count // 1000))  # what Python's class hashes to at the same moment
            except OverflowError:
                pass
        return hash((kind, local, count))


@dataclass(frozen=True, slots=True, eq=False)
class WideDate(_Ordered):
    """A date before year 1 or after year 9999."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True, eq=False)
class WideTime(_Ordered):
    """A time of day that needs nanoseconds."""

    hour: int
    minute: int
    second: int
    nanosecond: int
    tzinfo: dt.tzinfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WideDateTime(_Ordered):
    """A date and time that needs nanoseconds, or before year 1, or after year 9999."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    tzinfo: dt.tzinfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WideDuration(_Ordered):
    """A days and time duration that needs nanoseconds, or is longer than Python's can be."""

    nanoseconds: int

    def __abs__(self) -> WideDuration:
        return WideDuration(abs(self.nanoseconds))


Date = dt.date | WideDate
Time = dt.time | WideTime
DateTime = dt.datetime | WideDateTime
Duration = dt.timedelta | WideDuration


def _place(value: object) -> tuple[str, bool, int] | None:
    """Where a value stands among those it can be compared to: its kind, whether it is local, a whole number."""
    if isinstance(value, dt.datetime | WideDateTime):
        return "date and time", value.tzinfo is None, instant(value)
    if isinstance(value, dt.date | WideDate):
        return "date", True, day_number(value.year, value.month, value.day)
    if isinstance(value, dt.time | WideTime):
        return "time", value.tzinfo is None, clock(value) - offset(value)
    if isinstance(value, dt.timedelta | WideDuration):
        return "duration", True, length(value)
    return None


def day_number(year: int, month: int, day: int) -> int:
    """The number of a day of any year: 1 is 1 January of year 1. Raises ValueError for a day there is not."""
    cycles, rest = divmod(year - 1, 400)
    return dt.date(rest + 1, month, day).toordinal() + cycles * CYCLE


def calendar_day(number: int) -> tuple[int, int, int]:
    """Year, month and day of a day's number."""
    cycles, rest = divmod(number - 1, CYCLE)
    day = dt.date.fromordinal(rest + 1)
    return day.year + cycles * 400, day.month, day.day


def clock(value: Time | DateTime) -> int:
    """The nanoseconds of the day that the clock shows."""
    below = value.nanosecond if isinstance(value, WideTime | WideDateTime) else value.microsecond * 1000
    return ((value.hour * 60 + value.minute) * 60 + value.second) * SECOND + below


def offset(value: Time | DateTime) -> int:
    """The nanoseconds by which the clock is ahead of UTC; 0 for a local value."""
    ahead = value.tzinfo.utcoffset(None) if value.tzinfo is not None else None
    return 0 if ahead is None else length(ahead)


def local(value: DateTime) -> int:
    """The nanoseconds since day 0 that the clock shows."""
    return day_number(value.year, value.month, value.day) * DAY + clock(value)


def instant(value: DateTime) -> int:
    """The nanoseconds of UTC since day 0."""
    return local(value) - offset(value)


def length(span: Duration) -> int:
    """The nanoseconds of a duration."""
    return span // _MICRO * 1000 if isinstance(span, dt.timedelta) else span.nanoseconds


def make_date(year: int, month: int, day: int) -> Date:
    """Raises ValueError for a day there is not, OverflowError beyond the years of DMN."""
    if abs(year) > LAST_YEAR:
        raise OverflowError("the date is out of the calendar")
    if dt.MINYEAR <= year <= dt.MAXYEAR:
        return dt.date(year, month, day)
    day_number(year, month, day)
    return WideDate(year, month, day)


def make_day(number: int) -> Date:
    """The date of a day's number. Raises OverflowError."""
    return make_date(*calendar_day(number))


def make_time(nanoseconds: int, zone: dt.tzinfo | None) -> Time:
    """The time of day so many nanoseconds after midnight, taken round the clock."""
    whole, below = divmod(nanoseconds % DAY, SECOND)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    if below % 1000:
        return WideTime(hour, minute, second, below, zone)
    return dt.time(hour, minute, second, below // 1000, tzinfo=zone)


def make_date_time(local: int, zone: dt.tzinfo | None) -> DateTime:
    """The date and time whose clock shows so many nanoseconds since day 0.

    A named zone gets the offset it has then. Raises OverflowError beyond the years of DMN.
    """
    if isinstance(zone, Zone):
        local, zone = at_local(zone.name, local)
    return _made(local, zone)


def make_instant(instant: int, zone: dt.tzinfo | None) -> DateTime:
    """The date and time so many nanoseconds of UTC since day 0, in a zone. Raises OverflowError."""
    if isinstance(zone, Zone):
        zone = at_instant(zone.name, instant)
    ahead = zone.utcoffset(None) if zone is not None else None
    return _made(instant + (0 if ahead is None else length(ahead)), zone)


def _made(local: int, zone: dt.tzinfo | None) -> DateTime:
    number, of_day = divmod(local, DAY)
    year, month, day = calendar_day(number)
    if abs(year) > LAST_YEAR:
        raise OverflowError("the date is out of the calendar")
    time = make_time(of_day, zone)
    if dt.MINYEAR <= year <= dt.MAXYEAR and isinstance(time, dt.time):
        return dt.datetime.combine(dt.date(year, month, day), time)
    return WideDateTime(year, month, day, time.hour, time.minute, time.second, of_day % SECOND, zone)


def make_duration(nanoseconds: int) -> Duration:
    """Raises OverflowError for a duration that has more nanoseconds than a number has digits."""
    if abs(nanoseconds) >= _LONGEST:
        raise OverflowError("the duration is too long")
    if nanoseconds % 1000 == 0:
        try:
            return _MICRO * (nanoseconds // 1000)
        except OverflowError:
            pass
    return WideDuration(nanoseconds)
