"""Values as a customer reads them: amounts with their currency, units, dates in words, yes and no."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Type

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T.+")
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~]|&(?=#?\w+;))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
SHARES = ("probability", "fraction")
"""Units of numbers from 0 to 1, which people read in percent."""

NOT_KNOWN = "not known"


def fact_words(fact: Fact | None, value: object) -> str:
    """A recorded fact's value; `fact` is its declaration, if there is one."""
    if fact is None or value is None:
        return words(value)
    return _with_unit(fact.type, value)


def _with_unit(type: Type, value: object) -> str:
    if type.kind is Kind.LIST and isinstance(value, list) and type.item is not None:
        return ", ".join(_with_unit(type.item, item) for item in value) or "none"
    text = words(value)
    if type.kind is not Kind.NUMBER or not type.unit or isinstance(value, Mapping):
        return text
    return f"{text} (on a scale from 0 to 1)" if type.unit in SHARES else f"{text} {type.unit}"


def words(value: object, nothing: str = NOT_KNOWN) -> str:
    """Any JSON value of a record; `nothing` stands for null."""
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return "; ".join(f"{spaced(name)}: {words(part, nothing)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(words(item, nothing) for item in value) or "none"
    text = str(value)
    if _DATE.fullmatch(text):
        return date_words(text)
    return moment_words(text) if _DATE_TIME.fullmatch(text) else text


def date_words(text: str) -> str:
    """2026-01-31 as 31 January 2026."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_words(text: str) -> str:
    """A date and time, with its offset from UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = "UTC" if not moment.utcoffset() else f"UTC{moment.strftime('%z')[:3]}:{moment.strftime('%z')[3:5]}"
    return f"{date_words(text[:10])}, {moment:%H:%M:%S} ({zone})"


def spaced(name: str) -> str:
    """A name of the vocabulary as words: `discount_percent` as discount percent."""
    return name.replace("_", " ").replace(".", " ")


def one_line(value: Any) -> str:
    """Text from a record as a terminal may be given it."""
    return _CONTROL.sub(" ", str(value))


def escaped(value: Any) -> str:
    """Text from a record in Markdown: it stays on its line and means only itself."""
    return _MARKS.sub(r"\\\1", one_line(value))


def code(value: Any) -> str:
    """Text as code in Markdown, whatever it holds: between more backticks than it has in a row (CommonMark 6.1)."""
    text = one_line(value)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def short(meaning: Any) -> str:
    """A fact's meaning without what the vocabulary adds for those who write policies, escaped."""
    return escaped(str(meaning).partition(";")[0])
