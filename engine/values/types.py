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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ordain.engine.errors import NotThatType, did_you_mean, quoted
from ordain.engine.values import temporal as temporals
from ordain.engine.values.currencies import digits_of
from ordain.engine.values.decimals import NUMBERS, is_sent_number, number, settled, step
from ordain.engine.values.temporal import Months, date, date_time, duration, months, time
from ordain.engine.values.wide import WideDate, WideDateTime, WideDuration, WideTime
from ordain.engine.values.zones import Zone


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
    RANGE = "range"
    FUNCTION = "function"
    NULL = "null"
    ANY = "any"


_SINGLE = {
    Kind.NUMBER: ("a number", "numbers"),
    Kind.TEXT: ("a text", "texts"),
    Kind.FLAG: ("a yes/no value", "yes/no values"),
    Kind.DATE: ("a date", "dates"),
    Kind.TIME: ("a time", "times"),
    Kind.DATE_TIME: ("a date and time", "dates with times"),
    Kind.DURATION: ("a duration", "durations"),
    Kind.MONTHS: ("a duration in months", "durations in months"),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """A range: everything between two values of one kind. A side without bound is None and open.

    `op` is `=` or `!=` for the range that a `.dmn` file writes as `(=5)` or `(!=5)`; both bounds are that value then.
    """

    low: Any
    high: Any
    low_open: bool = False
    high_open: bool = False
    op: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function as a value: of the user's own, or a built-in one. `call` takes the arguments by position.

    `types` are those of its parameters and, last, of what it gives, where they are known.
    """

    parameters: tuple[str, ...]
    call: Callable[..., Any]
    name: str = ""
    types: tuple[Type, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be; an open end excludes the bound itself. None: no bound."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def hold(self, value: Decimal) -> bool:
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or not (value > self.high or (self.high_open and value == self.high))

    def __str__(self) -> str:
        start, end = "(" if self.low_open else "[", ")" if self.high_open else "]"
        low = "" if self.low is None else f"{self.low:f}"
        high = "" if self.high is None else f"{self.high:f}"
        return f"{start}{low}..{high}{end}"


@dataclass(frozen=True, slots=True)
class Type:
    """A type. `item` is set for lists and ranges, `fields` for contexts, `values` for texts limited to them.

    `optional` says that a value may be null; strict expressions refuse a null they were not written for.
    A function takes `parameters` and gives `item`. `variable` names a type of a signature that stands for any one
    type (`T`). `allowed` tells whether a value is among those an item definition of a `.dmn` file allows; `listed` are
    those that it lists, in its order.
    `limits` are those that every such number keeps; `offset` says of a date and time, or a time, whether it has one.
    """

    kind: Kind
    item: Type | None = None
    fields: Mapping[str, Type] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    unit: str = ""
    optional: bool = False
    parameters: tuple[Type, ...] = ()
    variable: str = ""
    allowed: Callable[[Any], Any] | None = field(default=None, compare=False, repr=False)
    listed: tuple[Any, ...] = field(default=(), compare=False, repr=False)
    limits: Limits | None = field(default=None, compare=False, repr=False)
    offset: bool | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if self.variable:
            return self.variable
        if self.kind in (Kind.LIST, Kind.RANGE) and self.item is not None:
            return f"{self.kind} of {self.item}"
        if self.kind is Kind.FUNCTION:
            return f"function({', '.join(map(str, self.parameters))}) -> {self.item or ANY}"
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


_KINDS: dict[type, Kind] = {
    Decimal: Kind.NUMBER,
    str: Kind.TEXT,
    bool: Kind.FLAG,
    dt.date: Kind.DATE,
    dt.time: Kind.TIME,
    dt.datetime: Kind.DATE_TIME,
    dt.timedelta: Kind.DURATION,
    Months: Kind.MONTHS,
    WideDate: Kind.DATE,
    WideTime: Kind.TIME,
    WideDateTime: Kind.DATE_TIME,
    WideDuration: Kind.DURATION,
    tuple: Kind.LIST,
    dict: Kind.CONTEXT,
    Interval: Kind.RANGE,
    FunctionValue: Kind.FUNCTION,
    type(None): Kind.NULL,
}


def kind_of(value: Any) -> Kind:
    """The kind of a value at run time."""
    return _KINDS[type(value)]


def list_of(item: Type) -> Type:
    return Type(Kind.LIST, item=item)


def context_of(fields: Mapping[str, Type]) -> Type:
    return Type(Kind.CONTEXT, fields=dict(fields))


def range_of(item: Type) -> Type:
    return Type(Kind.RANGE, item=item)


def described(type: Type, *, many: bool = False) -> str:
    """How a message names values of a type: `a number`, `a yes/no value`, `null`; with `many`, `numbers`."""
    if type.kind is Kind.NULL:
        return "null"
    if type.kind in _SINGLE and not type.variable:
        one, several = _SINGLE[type.kind]
        return several if many else one
    return f"values of type {type}" if many else f"a {type}"


def type_named(name: str) -> Type | None:
    """The type that a policy calls `name` ("number", "list of text"), or None."""
    if name.startswith("list of "):
        item = type_named(name.removeprefix("list of "))
        return list_of(item) if item else None
    return SIMPLE.get(name)


# In Python values the field is typed Any: a dict of mixed FEEL values has no narrower useful type.
Value = Any


def step_of(type: Type) -> Decimal:
    """What numbers of a type are written in steps of, if they can be: 0.01 for INR, 1 for all that is no money."""
    return step(digits_of(type.unit)) if type.is_money else step(0)


_FROM_TEXT = {
    Kind.DATE: date,
    Kind.TIME: time,
    Kind.DATE_TIME: date_time,
    Kind.DURATION: duration,
    Kind.MONTHS: months,
}


def read(type: Type, raw: object, *, stored: bool = False) -> Value:
    """The value of `type` that the JSON value `raw` says.

    In a request a number is a JSON number (already read as Decimal or int) or a text that is written as one, and gets
    its one form (`settled`); `stored=True` reads the ledger's form, in which a number keeps what it was recorded with.
    Money may be an amount with its currency. Raises NotThatType.
    """
    kind = type.kind
    if kind is Kind.NUMBER:
        return _read_number(type, raw, stored)
    if kind is Kind.FLAG:
        if not isinstance(raw, bool):
            raise NotThatType(f"{format_raw(raw)} is not true or false")
        return raw
    if kind is Kind.LIST:
        if not isinstance(raw, list | tuple):
            raise NotThatType(f"{format_raw(raw)} is not a list")
        return tuple(read(type.item or ANY, item, stored=stored) for item in raw)
    if kind is Kind.CONTEXT:
        return _read_context(type, raw, stored)
    if not isinstance(raw, str):
        raise NotThatType(f"{format_raw(raw)} is not a {type}")
    if kind in _FROM_TEXT:
        return _FROM_TEXT[kind](raw)
    if type.values and raw not in type.values:
        raise NotThatType(f"{format_raw(raw)} is not one of its values; {did_you_mean(raw, type.values)}")
    return raw


def _read_number(type: Type, raw: object, stored: bool) -> Decimal:
    if isinstance(raw, Mapping) and type.is_money:
        raw = _amount(type.unit, raw)
    if isinstance(raw, str):
        fits = stored or is_sent_number(raw)
    else:
        fits = isinstance(raw, Decimal | int) and not isinstance(raw, bool)
    if not fits or not isinstance(raw, str | Decimal | int):
        raise NotThatType(f"{format_raw(raw)} is not a number")
    return number(raw) if stored else settled(number(raw), step_of(type))


def _amount(currency: str, raw: Mapping[str, Any]) -> object:
    """`{"amount": "500.00", "currency": "INR"}`, the form in which money leaves, may also come in."""
    if set(raw) != {"amount", "currency"} or isinstance(raw["amount"], Mapping):
        raise NotThatType(f'an object is not an amount such as {{"amount": "500.00", "currency": "{currency}"}}')
    if raw["currency"] != currency:
        came = raw["currency"] if isinstance(raw["currency"], str) else format_raw(raw["currency"])
        raise NotThatType(f"it came in {came[:40]}; it must be in {currency}")
    return raw["amount"]


def _read_context(type: Type, raw: object, stored: bool) -> Value:
    if not isinstance(raw, Mapping):
        raise NotThatType(f"{format_raw(raw)} is not a context")
    if extra := sorted(set(raw) - set(type.fields)):
        raise NotThatType(f"{quoted(extra[0])} is not a field of this context")
    if missing := sorted(name for name, of in type.fields.items() if name not in raw and not of.optional):
        raise NotThatType(f"the field `{missing[0]}` is missing")
    values = {}
    for name, of in type.fields.items():
        part = raw.get(name)
        values[name] = None if part is None and (stored or of.optional) else read(of, part, stored=stored)
    return values


def plain(value: Value) -> Any:
    """The JSON form of a value: numbers as decimal strings, so that no reader makes them floats."""
    kind = type(value)
    if kind is Decimal:
        text = NUMBERS.to_sci_string(value)
        if "E" not in text:
            return text
    if value is None or kind is str or kind is bool:
        return value
    if kind is tuple:
        return [plain(part) for part in value]
    if kind is dict:
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        text = NUMBERS.to_sci_string(value)
        return format(value, "f") if "E" in text and -40 < value.adjusted() < 40 else text
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Interval):
        ends = {"start": plain(value.low), "end": plain(value.high)}
        ends |= {"start included": not value.low_open, "end included": not value.high_open}
        return {**ends, "operator": value.op} if value.op else ends
    if isinstance(value, FunctionValue):
        return f"function({', '.join(value.parameters)})"
    if isinstance(value, dt.datetime | dt.time) and isinstance(value.tzinfo, Zone):
        return temporals.text(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta | Months | WideDate | WideTime | WideDateTime | WideDuration):
        return temporals.text(value)
    raise TypeError(f"no outcome may hold a {value.__class__.__name__}")


_LONG = 1_000
"""Digits of a whole number that a message still writes out; Python writes out some thousands at the most."""


def format_raw(raw: object) -> str:
    """How an error names a raw JSON value: its kind and, shortened, itself."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return f"the flag `{str(raw).lower()}`"
    if isinstance(raw, int) and abs(raw) >= 10**_LONG:
        return f"a whole number of more than {_LONG} digits"
    if isinstance(raw, Decimal | int):
        return f"the number `{raw}`"
    if isinstance(raw, str):
        shown = raw if len(raw) <= 40 else raw[:37] + "..."
        return "the text " + quoted('"' + shown + '"')
    if isinstance(raw, float):
        return f"the float `{raw}` (numbers are decimals here)"
    return "a list" if isinstance(raw, list | tuple) else "an object"
