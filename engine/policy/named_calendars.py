"""The section `calendars` of a shared part: the days of named calendars, each written out.

A calendar becomes a constant, a context that `is working day` and its like take. No library is asked what a holiday is:
what counts is what the text says, so that a decision replays as it was, whatever a library has learned since.
"""

from __future__ import annotations

import datetime as dt
import re

from ordain.engine.errors import NotThatType, did_you_mean
from ordain.engine.limits import LIMITS
from ordain.engine.policy.draft import Draft
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.calendar import CALENDAR, WEEKDAYS
from ordain.engine.values.temporal import date

_YEARS = re.compile(r"(\d{4})(?:\s*\.\.\s*(\d{4}))?")

CALENDARS: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["years", "closed", "holidays"],
        "additionalProperties": False,
        "properties": {
            "years": {
                "type": ["string", "number"],
                "description": "the years whose holidays stand here, such as 2026..2028; any other day is an error",
            },
            "closed": {
                "type": "array",
                "items": {"type": "string"},
                "description": "the weekdays on which nobody works, such as [Saturday, Sunday]; [] for none",
            },
            "holidays": {
                "anyOf": [
                    {"type": "array", "items": {"type": "string"}},
                    {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
                ],
                "description": "the dates, alone or with what is celebrated; see `ordain import holidays`",
            },
            "source": {"type": "string", "description": "where the days come from"},
        },
    },
    "description": "named calendars, for `is holiday`, `is working day` and their like",
}


def calendars(draft: Draft, node: Node | None) -> None:
    """The `calendars` section: contexts of the type CALENDAR that expressions may name."""
    for name, part in node.items() if node is not None else ():
        place = node.keys[name] if node is not None else part.span
        draft.name(name, place)
        draft.refuse_known(name, place)
        before = len(draft.issues)
        years = _years(draft, part["years"])
        closed = _closed(draft, part["closed"])
        holidays = _holidays(draft, name, part["holidays"], years)
        if len(draft.issues) > before or years is None:
            draft.broken(name)
            continue
        first, last = years
        value = {"from": dt.date(first, 1, 1), "until": dt.date(last, 12, 31), "closed": closed, "holidays": holidays}
        draft.constants[name] = (CALENDAR, value)
        draft.scope[name] = CALENDAR


def _years(draft: Draft, node: Node) -> tuple[int, int] | None:
    match = _YEARS.fullmatch(node.text.strip())
    if match is None:
        draft.fault(node.span, f"`{node.text}` is no years", "write 2026, or 2026..2028", code="calendar")
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last:
        draft.fault(
            node.span, f"the years {node.text} are none", "the first year stands first: 2026..2028", code="calendar"
        )
        return None
    if last - first >= LIMITS.calendar_years:
        most = f"a calendar has at most {LIMITS.calendar_years} years"
        draft.fault(node.span, f"these are {last - first + 1:,} years", most, code="calendar")
        return None
    return first, last


def _closed(draft: Draft, node: Node) -> tuple[str, ...]:
    closed = []
    for part in node.nodes():
        if part.text not in WEEKDAYS:
            draft.fault(part.span, f"`{part.text}` is no weekday", did_you_mean(part.text, WEEKDAYS), code="calendar")
        elif part.text in closed:
            draft.fault(part.span, f"`{part.text}` stands here twice", "keep one of them", code="calendar")
        else:
            closed.append(part.text)
    return tuple(closed)


def _holidays(draft: Draft, name: str, node: Node, years: tuple[int, int] | None) -> tuple[dt.date, ...]:
    """The dates, in their order. A year of the calendar without any has been forgotten."""
    places = node.keys if isinstance(node.value, dict) else {}
    written = list(places.items()) or [(part.text, part.span) for part in node.nodes()]
    days: dict[dt.date, None] = {}
    for text, span in written:
        try:
            day = date(text)
        except NotThatType as error:
            draft.fault(span, str(error), "a date such as 2026-01-26", code="calendar")
            continue
        if years is not None and not years[0] <= day.year <= years[1]:
            what = f"{text} is outside the years {years[0]} to {years[1]} of `{name}`"
            draft.fault(span, what, "change `years`, or remove the day", code="calendar")
        elif day in days:
            draft.fault(span, f"{text} stands here twice", "keep one of them", code="calendar")
        else:
            days[day] = None
    with_some = {day.year for day in days}
    for year in range(years[0], years[1] + 1) if years is not None and days else ():
        if year not in with_some:
            what = f"`{name}` knows no holiday of {year}, so no day of it would be one"
            draft.fault(node.span, what, f"write those of {year}, or take the year out of `years`", code="calendar")
    return tuple(sorted(days))
