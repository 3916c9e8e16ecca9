"""The types and values of facts, expressions and outcomes, and how they travel as JSON.

| type                      | Python value                  | as JSON                               |
|---------------------------|-------------------------------|---------------------------------------|
| number                    | Decimal, 34 digits, finite    | "0.85" (in a request also 0.85)       |
| text                      | str                           | "high"                                |
| flag                      | bool                          | true                                  |
| date                      | datetime.date                 | "2026-01-31"                          |
| time                      | datetime.time                 | "08:00:00"                            |
| date and time             | datetime.datetime with offset | "2026-01-31T08:00:00+05:30"           |
| duration                  | datetime.timedelta            | "P30D"                                |
| months                    | Months                        | "P1M"                                 |
| list of T                 | tuple                         | [...]                                 |
| context                   | dict, never changed           | {...}                                 |
| null                      | None                          | null                                  |
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from functools import total_ordering
from typing import Any

from engine.errors import did_you_mean

DIGITS = 34
"""Significant digits of a number (IEEE 754-2019 decimal128, as DMN 1.5 section 10.3.2.3.1 asks)."""

NUMBERS = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)
"""All arithmetic goes through this context's methods, so no thread's ambient context can change a price."""


class Kind(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date and time"
    DURATION = "duration"
    MONTHS = "months"
    LIST = "list"
    CONTEXT = "context"
    NULL = "null"
    ANY = "any"


_MOST_MONTHS = 12 * 999_999_999

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,18})?", re.ASCII)


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


@dataclass(frozen=True, slots=True)
class Type:
    """A type. `item` is set for lists, `fields` for contexts, `values` for texts limited to them.

    `optional` says that a value may be null; strict expressions refuse a null they were not written for.
    """

    kind: Kind
    item: Type | None = None
    fields: Mapping[str, Type] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    unit: str = ""
    optional: bool = False

    def __str__(self) -> str:
        if self.kind is Kind.LIST:
            return f"list of {self.item}"
        return str(self.kind)

    @property
    def is_money(self) -> bool:
        """Whether the unit is a currency: an ISO 4217 code, three capital letters."""
        return len(self.unit) == 3 and self.unit.isupper()

    def holds(self, other: Type) -> bool:
        """Whether every value of type `other` is one of this type, declared values, units and fields included."""
        return (
            self.accepts(other)
            and (self.optional or not other.optional)
            and (not self.values or (bool(other.values) and set(other.values) <= set(self.values)))
            and (self.unit == other.unit or not self.unit or not other.unit)
            and self.fields.keys() == other.fields.keys()
            and all(part.holds(other.fields[name]) for name, part in self.fields.items())
            and (self.item is None or other.item is None or self.item.holds(other.item))
        )

    def accepts(self, other: Type) -> bool:
        """Whether a value of type `other` may stand where this type is asked for."""
        if Kind.ANY in (self.kind, other.kind):
            return True
        if self.kind is not other.kind:
            return False
        if self.item and other.item:
            return self.item.accepts(other.item)
        return True


NUMBER = Type(Kind.NUMBER)
TEXT = Type(Kind.TEXT)
FLAG = Type(Kind.FLAG)
DATE = Type(Kind.DATE)
TIME = Type(Kind.TIME)
DATE_TIME = Type(Kind.DATE_TIME)
DURATION = Type(Kind.DURATION)
MONTHS = Type(Kind.MONTHS)
NULL = Type(Kind.NULL)
ANY = Type(Kind.ANY)

SIMPLE = {str(t.kind): t for t in (NUMBER, TEXT, FLAG, DATE, TIME, DATE_TIME, DURATION, MONTHS)}


def list_of(item: Type) -> Type:
    return Type(Kind.LIST, item=item)


def context_of(fields: Mapping[str, Type]) -> Type:
    return Type(Kind.CONTEXT, fields=dict(fields))


def type_named(name: str) -> Type | None:
    """The type that a policy calls `name` ("number", "list of text"), or None."""
    if name.startswith("list of "):
        item = type_named(name.removeprefix("list of "))
        return list_of(item) if item else None
    return SIMPLE.get(name)


# In Python values the field is typed Any: a dict of mixed FEEL values has no narrower useful type.
Value = Any


class NotThatType(ValueError):
    """A raw value is not of the type asked for; the message says what it is instead."""


_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,11})H)?(?:(?P<minutes>\d{1,12})M)?(?:(?P<seconds>\d{1,14}(?:\.\d{1,9})?)S)?)?"
)
_MONTHS = re.compile(r"(?P<sign>-)?P(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,10})M)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})")


def number(raw: Decimal | int | str) -> Decimal:
    """The number that `raw` says, exactly. Raises NotThatType for NaN, infinities and over 34 digits."""
    # Decimal itself also takes underscores, spaces and the digits of other scripts.
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        finite = raw.strip().lstrip("+-").lower() not in ("nan", "inf", "infinity")
        raise NotThatType(f"`{raw[:48]}` is not a {'number' if finite else 'finite number'}")
    value = Decimal(raw)
    if not value.is_finite():
        raise NotThatType(f"`{raw}` is not a finite number")
    try:
        # Rounding to 34 digits changes a number with more of them, and signals one that is too large.
        rounded = NUMBERS.plus(value)
        kept = rounded == value and -6000 <= value.adjusted() <= 6000
    except Overflow:
        kept = False
    if not kept:
        raise NotThatType(f"`{str(raw)[:48]}` has more than {DIGITS} digits or is too large")
    return rounded


def date(text: str) -> dt.date:
    if not _DATE.fullmatch(text):
        raise NotThatType(f"`{text}` is not a date such as 2026-01-31")
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise NotThatType(f"`{text}` is not a date: {error}") from None


def time(text: str) -> dt.time:
    if not _TIME.fullmatch(text):
        raise NotThatType(f"`{text}` is not a time such as 08:00:00")
    try:
        return dt.time.fromisoformat(text)
    except ValueError as error:
        raise NotThatType(f"`{text}` is not a time: {error}") from None


def date_time(text: str) -> dt.datetime:
    if not _DATE_TIME.fullmatch(text):
        raise NotThatType(f"`{text}` is not a date and time with offset such as 2026-01-31T08:00:00+05:30")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise NotThatType(f"`{text}` is not a date and time: {error}") from None


def fixed_offset(moment: dt.datetime) -> dt.datetime:
    """The same moment with a plain offset instead of a zone.

    Python adds to and compares two times of one zone by the clock on the wall, which is wrong when clocks change,
    and a record keeps the offset alone: so no date and time of the engine has a zone.
    """
    return moment.replace(tzinfo=dt.timezone(moment.utcoffset() or dt.timedelta(0)), fold=0)


def duration(text: str) -> dt.timedelta:
    """Days and time duration, ISO 8601 ("P30D", "PT8H"). Raises NotThatType."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match[part] for part in ("days", "hours", "minutes", "seconds")):
        raise NotThatType(f"`{text}` is not a duration such as P30D or PT8H")
    whole, _, part = (match["seconds"] or "0").partition(".")
    try:
        span = dt.timedelta(
            days=int(match["days"] or 0),
            hours=int(match["hours"] or 0),
            minutes=int(match["minutes"] or 0),
            seconds=int(whole),
            microseconds=int(part[:6].ljust(6, "0")),
        )
    except OverflowError:
        raise NotThatType(f"`{text}` is too long a duration") from None
    return -span if match["sign"] else span


def months(text: str) -> Months:
    """Years and months duration, ISO 8601 ("P1Y6M"). Raises NotThatType."""
    match = _MONTHS.fullmatch(text)
    if not match or not (match["years"] or match["months"]):
        raise NotThatType(f"`{text}` is not a duration in years and months such as P1Y6M")
    count = int(match["years"] or 0) * 12 + int(match["months"] or 0)
    try:
        return Months(-count if match["sign"] else count)
    except OverflowError:
        raise NotThatType(f"`{text}` is too long a duration") from None


def temporal(text: str) -> tuple[Value, Type]:
    """What FEEL's `@"..."` says, and its type: a temporal value or duration. Raises NotThatType."""
    for pattern, reader, of in (
        (_DATE, date, DATE),
        (_DATE_TIME, date_time, DATE_TIME),
        (_TIME, time, TIME),
        (_MONTHS, months, MONTHS),
        (_DURATION, duration, DURATION),
    ):
        if pattern.fullmatch(text):
            return reader(text), of
    raise NotThatType(f"`{text}` is no date, time, date and time or duration")


_FROM_TEXT = {
    Kind.DATE: date,
    Kind.TIME: time,
    Kind.DATE_TIME: date_time,
    Kind.DURATION: duration,
    Kind.MONTHS: months,
}


def read(type: Type, raw: object, *, stored: bool = False) -> Value:
    """The value of `type` that the JSON value `raw` says.

    In a request a number is a JSON number (already read as Decimal or int) and text is never taken for one;
    `stored=True` reads the ledger's form, in which numbers are strings. Raises NotThatType.
    """
    kind = type.kind
    if kind is Kind.NUMBER:
        if isinstance(raw, Decimal | int) and not isinstance(raw, bool):
            return number(raw)
        if stored and isinstance(raw, str):
            return number(raw)
        raise NotThatType(f"{said(raw)} is not a number")
    if kind is Kind.FLAG:
        if not isinstance(raw, bool):
            raise NotThatType(f"{said(raw)} is not true or false")
        return raw
    if kind is Kind.LIST:
        if not isinstance(raw, list | tuple):
            raise NotThatType(f"{said(raw)} is not a list")
        return tuple(read(type.item or ANY, item, stored=stored) for item in raw)
    if kind is Kind.CONTEXT:
        return _read_context(type, raw, stored)
    if not isinstance(raw, str):
        raise NotThatType(f"{said(raw)} is not a {type}")
    if kind in _FROM_TEXT:
        return _FROM_TEXT[kind](raw)
    if type.values and raw not in type.values:
        raise NotThatType(f"{said(raw)} is none of its values; {did_you_mean(raw, type.values)}")
    return raw


def _read_context(type: Type, raw: object, stored: bool) -> Value:
    if not isinstance(raw, Mapping):
        raise NotThatType(f"{said(raw)} is not a context")
    if extra := sorted(set(raw) - set(type.fields)):
        raise NotThatType(f"`{extra[0]}` is not a field of this context")
    if missing := sorted(set(type.fields) - set(raw)):
        raise NotThatType(f"the field `{missing[0]}` is missing")
    values = {}
    for name, of in type.fields.items():
        values[name] = None if stored and raw[name] is None else read(of, raw[name], stored=stored)
    return values


def plain(value: Value) -> Any:
    """The JSON form of a value: numbers as decimal strings, so that no reader makes them floats."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        text = NUMBERS.to_sci_string(value)
        return format(value, "f") if "E" in text and -40 < value.adjusted() < 40 else text
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return _duration_text(value)
    if isinstance(value, Months):
        years, rest = divmod(abs(value.count), 12)
        text = (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
        return ("-P" if value.count < 0 else "P") + text
    raise TypeError(f"no outcome may hold a {value.__class__.__name__}")


def _duration_text(span: dt.timedelta) -> str:
    sign, span = ("-", -span) if span < dt.timedelta(0) else ("", span)
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    day = f"{span.days}D" if span.days else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    if not day and not clock:
        clock = "0S"
    return f"{sign}P{day}" + (f"T{clock}" if clock else "")


def said(raw: object) -> str:
    """How an error names a raw JSON value: its kind and, shortened, itself."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return f"the flag `{str(raw).lower()}`"
    if isinstance(raw, Decimal | int):
        return f"the number `{raw}`"
    if isinstance(raw, str):
        return f'the text `"{raw if len(raw) <= 40 else raw[:37] + "..."}"`'
    if isinstance(raw, float):
        return f"the float `{raw}` (numbers are decimals here)"
    return "a list" if isinstance(raw, list | tuple) else "an object"
