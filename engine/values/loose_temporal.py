"""Dates, times and durations as other engines write them, read in a `.dmn` file only; no part of DMN.

`13:30`, `T23:59:00`, `2026-01-31T08:00`, `10:00:00+02:00[Europe/Berlin]`, `PT-5M`, `PT0.S`. Anything else is read as
FEEL has it. The last is XML Schema's only if a point may stand without digits after it, which it says it may not; the
conformance cases (1120, 011) have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ordain.engine.errors import NotThatType, quoted
from ordain.engine.values import temporal
from ordain.engine.values.temporal import Months
from ordain.engine.values.wide import DateTime, Time, make_duration
from ordain.engine.values.zones import SECOND

_PLACE = r"(?:[Zz]|[+-]\d{2}:\d{2}(?::\d{2})?)"
_CLOCK = re.compile(
    rf"(?P<before>-?\d{{4,9}}-\d{{2}}-\d{{2}}T|T?)(?P<minutes>\d{{2}}:\d{{2}})(?P<seconds>:\d{{2}}(?:\.\d{{1,9}})?)?"
    rf"(?:(?P<place>{_PLACE}|@[\w+\-/]{{1,64}})|{_PLACE}?\[(?P<zone>[A-Za-z][\w+\-/]{{0,63}})\])?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[\dT+-])(?:(?P<days>[+-]?\d{1,32})D)?"
    r"(?:T(?=[\d+-])(?:(?P<hours>[+-]?\d{1,32})H)?(?:(?P<minutes>[+-]?\d{1,32})M)?"
    r"(?:(?P<seconds>[+-]?\d{1,32}(?:\.\d{0,9})?)S)?)?",
    re.ASCII,
)
_MONTHS = re.compile(r"(?P<sign>-)?P(?=[\d+-])(?:(?P<years>[+-]?\d{1,10})Y)?(?:(?P<months>[+-]?\d{1,11})M)?", re.ASCII)


def read_time(text: str) -> Time:
    """Raises NotThatType, as all here do."""
    return temporal.read_time(_usual(text))


def read_date_time(text: str) -> DateTime:
    return temporal.read_date_time(_usual(text))


def read_duration(text: str) -> Any:
    return _loose_duration(text, temporal.read_duration)


def read_any(text: str) -> Any:
    """What `@"..."` says."""
    return _loose_duration(_usual(text), temporal.read_any)


def _usual(text: str) -> str:
    """A time, or date and time, in the form that FEEL has for it; any other text as it is."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return text
    before = "" if match["before"] == "T" else match["before"]
    place = f"@{match['zone']}" if match["zone"] else match["place"] or ""
    return f"{before}{match['minutes']}{match['seconds'] or ':00'}{place}"


def _loose_duration(text: str, strictly: Callable[[str], Any]) -> Any:
    try:
        return strictly(text)
    except NotThatType:
        if (match := _MONTHS.fullmatch(text)) is not None:
            made: Callable[[int], Any] = Months
            count = int(match["years"] or 0) * 12 + int(match["months"] or 0)
        elif (match := _DURATION.fullmatch(text)) is not None:
            made = make_duration
            minutes = (int(match["days"] or 0) * 24 + int(match["hours"] or 0)) * 60 + int(match["minutes"] or 0)
            count = minutes * 60 * SECOND + int(Decimal(match["seconds"] or 0) * SECOND)
        else:
            raise
    try:
        return made(-count if match["sign"] else count)
    except OverflowError:
        raise NotThatType(f"{quoted(text)} is too long a duration") from None
