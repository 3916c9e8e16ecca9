"""Conversions to times and durations that also take the forms of other engines; see `values/loose_temporal`."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.temporals import FUNCTIONS as OF_DMN
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.values import loose_temporal as loose
from ordain.engine.values import temporal_sums as sums
from ordain.engine.values.wide import day_number, make_day
from ordain.engine.values.zones import named


def _in_zone(moment: Any, zone: str) -> Any:
    """A moment as clocks show it in a zone, which it keeps; one without offset would need the server's own zone."""
    if moment.tzinfo is None:
        raise ValueError("a date and time without offset is no moment; say its offset or zone")
    return sums.in_zone(moment, dt.UTC if zone in ("Z", "z") else named(zone))


def _last_of_month(day: Any) -> Any:
    first = day_number(day.year + day.month // 12, day.month % 12 + 1, 1)
    return make_day(first - 1)


def _with(name: str, example: str, result: str, *signatures: Signature, meaning: str = "") -> Function:
    """DMN's entry with these signatures before its own."""
    entry = OF_DMN[name]
    meaning = meaning or f"{entry.meaning[:-1]}; also as other engines write them."
    return replace(entry, meaning=meaning, example=example, result=result, signatures=(*signatures, *entry.signatures))


FUNCTIONS: dict[str, Function] = {
    "time": _with("time", 'time("13:30")', '@"13:30:00"', signature("(from: text) -> time", loose.read_time)),
    "date and time": _with(
        "date and time",
        'date and time("2018-04-29T09:30:00+02:00[Europe/Berlin]")',
        '@"2018-04-29T09:30:00@Europe/Berlin"',
        signature("(from: text) -> date and time", loose.read_date_time),
        signature("(date: date and time, timezone: text) -> date and time", _in_zone),
    ),
    "duration": _with(
        "duration", 'duration("PT-5M")', '@"-PT5M"', signature("(from: text) -> duration", loose.read_duration)
    ),
    "last day of month": Function(
        "The last day of the month of a date.",
        'last day of month(@"2024-02-03")',
        '@"2024-02-29"',
        tuple(signature(f"(date: {kind}) -> date", _last_of_month) for kind in ("date", "date and time")),
    ),
}
