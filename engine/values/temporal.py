"""Dates, times, durations: how they are read from text, and how they are written.

Two ways to read: `date`, `time`, `date_time`, `duration` and `months` are for requests, facts and the ledger and take
one form each; the `read_` functions take every form that DMN 1.5, section 10.3.4.1, gives a FEEL text.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import total_ordering

from ordain.engine.errors import NotThatType, quoted
from ordain.engine.values.wide import (
    Date,
    DateTime,
    Duration,
    Time,
    WideDateTime,
    clock,
    day_number,
    length,
    make_date,
    make_date_time,
    make_duration,
    make_time,
)
from ordain.engine.values.zones import DAY, SECOND, Zone, named

_MOST_MONTHS = 12 * 999_999_999
WIDEST_OFFSET = dt.timedelta(hours=14)
"""The offset of a time is at most 14 hours (DMN 1.5, table 65, after XML Schema)."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Months:
    """FEEL's years and months duration: whole months, because a month is not a number of days."""

    count: int

    def __post_init__(self) -> None:
        if abs(self.count) > _MOST_MONTHS:
            raise OverflowError("the duration is too long")

    def __lt__(self, other: Months) -> bool:
        return self.count < other.count


_DATE = r"(?P<year>-?(?:\d{4}|[1-9]\d{4,8}))-(?P<month>\d{2})-(?P<day>\d{2})"
_CLOCK = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:\.(?P<below>\d{1,9}))?"
_PLACE = r"(?:(?P<offset>[Zz]|[+-]\d{2}:\d{2}(?::\d{2})?)|@(?P<zone>[A-Za-z][\w+\-/]{0,63}))?"
_ANY_DATE = re.compile(_DATE, re.ASCII)
_ANY_TIME = re.compile(_CLOCK + _PLACE, re.ASCII)
_ANY_DATE_TIME = re.compile(f"{_DATE}T{_CLOCK}{_PLACE}", re.ASCII)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[\dT])(?:(?P<days>\d{1,32})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,32})H)?(?:(?P<minutes>\d{1,32})M)?(?:(?P<seconds>\d{1,32}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_MONTHS = re.compile(r"(?P<sign>-)?P(?=\d)(?:(?P<years>\d{1,10})Y)?(?:(?P<months>\d{1,11})M)?", re.ASCII)
_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN_TIME = re.compile(r"(\d{2}:\d{2}:\d{2})(?:(\.\d{1,6})\d{0,3})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)
_PLAIN_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:(\.\d{1,6})\d{0,3})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def date(text: str) -> dt.date:
    """A date of a request, years 1 to 9999. Raises NotThatType."""
    if not _PLAIN_DATE.fullmatch(text):
        raise NotThatType(f"{quoted(text)} is not a date such as 2026-01-31")
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise NotThatType(f"{quoted(text)} is not a date: {error}") from None


def time(text: str) -> dt.time:
    """A time of a request, cut to the microsecond. Raises NotThatType."""
    match = _PLAIN_TIME.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a time such as 08:00:00")
    try:
        return dt.time.fromisoformat(f"{match[1]}{match[2] or ''}{match[3] or ''}".upper())
    except ValueError as error:
        raise NotThatType(f"{quoted(text)} is not a time: {error}") from None


def date_time(text: str) -> dt.datetime:
    """A date and time of a request, with an offset (RFC 3339), cut to the microsecond. Raises NotThatType.

    .NET, Go and Java write seven to nine digits after the second.
    """
    match = _PLAIN_DATE_TIME.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a date and time with offset such as 2026-01-31T08:00:00+05:30")
    try:
        return dt.datetime.fromisoformat(f"{match[1]}{match[2] or ''}{match[3]}".upper())
    except ValueError as error:
        raise NotThatType(f"{quoted(text)} is not a date and time: {error}") from None


def fixed_offset(moment: dt.datetime) -> dt.datetime:
    """The same moment with a plain offset instead of a zone.

    Python adds to and compares two times of one zone by the clock on the wall, which is wrong when clocks change,
    and a record keeps the offset alone: so no date and time of a request or a record has a zone.
    """
    return moment.replace(tzinfo=dt.timezone(moment.utcoffset() or dt.timedelta(0)), fold=0)


def noon(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Twelve o'clock of a day by the clock of a place."""
    return fixed_offset(dt.datetime.combine(day, dt.time(12), zone))


def duration(text: str) -> dt.timedelta:
    """Days and time duration of a request, ISO 8601 ("P30D", "PT8H"), to the microsecond. Raises NotThatType."""
    span = _span(text)
    if not isinstance(span, dt.timedelta):
        below = abs(length(span)) // 1000
        try:
            return dt.timedelta(microseconds=below if length(span) >= 0 else -below)
        except OverflowError:
            raise NotThatType(f"{quoted(text)} is too long a duration") from None
    return span


def _span(text: str) -> Duration:
    match = _DURATION.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a duration such as P30D or PT8H")
    whole, _, below = (match["seconds"] or "0").partition(".")
    minutes = (int(match["days"] or 0) * 24 + int(match["hours"] or 0)) * 60 + int(match["minutes"] or 0)
    count = (minutes * 60 + int(whole)) * SECOND + int(below.ljust(9, "0"))
    try:
        return make_duration(-count if match["sign"] else count)
    except OverflowError:
        raise NotThatType(f"{quoted(text)} is too long a duration") from None


def months(text: str) -> Months:
    """Years and months duration, ISO 8601 ("P1Y6M"). Raises NotThatType."""
    match = _MONTHS.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a duration in years and months such as P1Y6M")
    count = int(match["years"] or 0) * 12 + int(match["months"] or 0)
    try:
        return Months(-count if match["sign"] else count)
    except OverflowError:
        raise NotThatType(f"{quoted(text)} is too long a duration") from None


def read_date(text: str) -> Date:
    """A date as FEEL writes it, of any year. Raises NotThatType."""
    match = _ANY_DATE.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a date such as 2026-01-31")
    return _date_in(match, text)


def read_time(text: str) -> Time:
    """A time as FEEL writes it: to the nanosecond, with or without offset or zone. Raises NotThatType."""
    match = _ANY_TIME.fullmatch(text)
    if not match:
        raise NotThatType(f"{quoted(text)} is not a time such as 08:00:00, 08:00:00+05:30 or 08:00:00@Europe/Paris")
    return make_time(_clock_in(match, text), _zone_in(match, text))


def read_date_time(text: str) -> DateTime:
    """A date and time as FEEL writes it; a date alone is its midnight, without offset. Raises NotThatType."""
    if _ANY_DATE.fullmatch(text):
        text += "T00:00:00"
    match = _ANY_DATE_TIME.fullmatch(text)
    if not match:
        raise NotThatType(
            f"{quoted(text)} is not a date and time such as 2026-01-31T08:00:00 or 2026-01-31T08:00:00+05:30"
        )
    day = _date_in(match, text)
    midnight = day_number(day.year, day.month, day.day) * DAY
    try:
        return make_date_time(midnight + _clock_in(match, text), _zone_in(match, text))
    except OverflowError as error:
        raise NotThatType(f"{quoted(text)} is not a date and time: {error}") from None


def read_duration(text: str) -> Duration | Months:
    """A duration of either kind as FEEL writes it, to the nanosecond. Raises NotThatType."""
    return months(text) if _MONTHS.fullmatch(text) else _span(text)


def read_any(text: str) -> Date | Time | DateTime | Duration | Months:
    """What FEEL's `@"..."` says: a temporal value or duration. Raises NotThatType."""
    for pattern, reader in (
        (_ANY_DATE, read_date),
        (_ANY_DATE_TIME, read_date_time),
        (_ANY_TIME, read_time),
        (_MONTHS, months),
        (_DURATION, _span),
    ):
        if pattern.fullmatch(text):
            return reader(text)
    raise NotThatType(f"{quoted(text)} is no date, time, date and time or duration")


def _date_in(match: re.Match[str], text: str) -> Date:
    year = match["year"]
    try:
        if year == "-0000":
            raise ValueError("year 0 has no sign")
        return make_date(int(year), int(match["month"]), int(match["day"]))
    except ValueError as error:
        raise NotThatType(f"{quoted(text)} is not a date: {error}") from None


def _clock_in(match: re.Match[str], text: str) -> int:
    """Nanoseconds since midnight. `24:00:00` is the midnight at the end of the day, as in XML Schema."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    below = int((match["below"] or "").ljust(9, "0"))
    count = ((hour * 60 + minute) * 60 + second) * SECOND + below
    if minute > 59 or second > 59 or count > DAY:
        raise NotThatType(f"{quoted(text)} has no time of day: hours go to 23, minutes and seconds to 59")
    return count


def _zone_in(match: re.Match[str], text: str) -> dt.tzinfo | None:
    if match["zone"] is not None:
        return named(match["zone"])
    if match["offset"] is None:
        return None
    if match["offset"] in "Zz":
        return dt.UTC
    hours, minutes, seconds = (*map(int, match["offset"][1:].split(":")), 0)[:3]
    ahead = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or ahead > WIDEST_OFFSET:
        raise NotThatType(f"{quoted(text)} has no offset from -14:00 to +14:00")
    return dt.timezone(-ahead if match["offset"].startswith("-") else ahead)


def is_local(value: object) -> bool:
    """Whether a date and time has neither offset nor zone."""
    return isinstance(value, dt.datetime | WideDateTime) and value.tzinfo is None


def at_midnight(day: Date) -> DateTime:
    """The date and time that a date stands for where one is asked: midnight of UTC (DMN 1.5, 10.3.2.3.5)."""
    return make_date_time(day_number(day.year, day.month, day.day) * DAY, dt.UTC)


def text(value: Date | Time | DateTime | Duration | Months) -> str:
    """A temporal value as FEEL writes it: `2026-01-31T08:30:00@Europe/Paris`, `P1DT2H`, `PT0S`, `P0M`."""
    if isinstance(value, Months):
        return months_text(value)
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, Time):
        return _time_text(value)
    if isinstance(value, DateTime):
        return f"{_date_text(value)}T{_time_text(value)}"
    return _date_text(value)


def _date_text(value: Date | DateTime) -> str:
    sign = "-" if value.year < 0 else ""
    return f"{sign}{abs(value.year):04d}-{value.month:02d}-{value.day:02d}"


def _time_text(value: Time | DateTime) -> str:
    below = clock(value) % SECOND
    fraction = f".{below:09d}".rstrip("0") if below else ""
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction}{place_text(value.tzinfo)}"


def place_text(zone: dt.tzinfo | None) -> str:
    if zone is None:
        return ""
    if isinstance(zone, Zone):
        return f"@{zone.name}"
    seconds = length(zone.utcoffset(None) or dt.timedelta(0)) // SECOND
    if not seconds:
        return "Z"
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    tail = f":{second:02d}" if second else ""
    return f"{'-' if seconds < 0 else '+'}{hour:02d}:{minute:02d}{tail}"


def duration_text(span: Duration) -> str:
    """A days and time duration: `P1DT2H`, `-PT0.5S`, `PT0S`."""
    count = length(span)
    whole, below = divmod(abs(count), SECOND)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{below:09d}".rstrip("0") if below else ""
    day = f"{days}D" if days else ""
    of_day = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    of_day += f"{seconds}{fraction}S" if seconds or fraction else ""
    if not day and not of_day:
        of_day = "0S"
    return f"{'-' if count < 0 else ''}P{day}" + (f"T{of_day}" if of_day else "")


def months_text(span: Months) -> str:
    """A years and months duration: `P1Y6M`, `-P1M`, `P0M`."""
    years, rest = divmod(abs(span.count), 12)
    written = (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
    return ("-P" if span.count < 0 else "P") + written
