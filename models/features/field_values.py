"""The fields of an event or a snapshot: as JSON in the store, and as what a feature reads.

Numbers are texts in the JSON, in the one form of `settled`, so that no reader makes floats of them; times are in UTC. A
number is therefore told from a text by whoever reads it: a feature says the type of its field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from ordain.engine.errors import NotThatType
from ordain.engine.values.decimals import NUMBERS, number, settled, step
from ordain.engine.values.types import DATE, DATE_TIME, Kind, Type, Value, format_raw, plain
from ordain.engine.values.types import read as read_value
from ordain.models.features.definition import NUMBER, OF_NUMBERS, PICKS, SINCE, Condition, Definition, micros
from ordain.models.limits import LIMITS

_ONE = step(0)
_A_NUMBER = (
    f"a number of at most {LIMITS.feature_whole_digits} digits before the point and {LIMITS.feature_part_digits} after"
)

Fields = Mapping[str, Any]
"""As JSON says them: texts, flags, null, lists and objects of these; no number."""


def json_fields(fields: Mapping[str, Value]) -> dict[str, Any]:
    """These fields as JSON says them. Raises NotThatType for a value that the store cannot keep."""
    return {_as_json("a name", name): _as_json(name, value) for name, value in fields.items()}


def as_text(fields: Fields) -> str:
    """The one JSON text of what `json_fields` gave. Raises NotThatType."""
    try:
        text = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a name that is no text, or half a character in one
        raise NotThatType("the fields are no JSON: a name or a text in them is no text") from None
    if len(text) > LIMITS.record_bytes:
        raise NotThatType(f"the fields take {len(text):,} bytes, {LIMITS.record_bytes:,} are kept at the most")
    return text.decode()


def _as_json(name: str, value: Value) -> Any:
    kind = type(value)
    if kind is str:
        if "\0" in value:
            raise NotThatType(f"`{name}` has the character 0 in it, which databases do not keep")
        return value
    if kind is bool or value is None:
        return value
    if kind is Decimal or kind is int:
        return plain(settled(number(value), _ONE))
    if kind is dt.datetime:
        if value.tzinfo is None:
            raise NotThatType(f"`{name}` is a time without an offset, so nobody knows when it is")
        return value.astimezone(dt.UTC).isoformat()
    if kind is tuple or kind is list:
        return [_as_json(name, part) for part in value]
    if kind is dict:
        return {_as_json("a name", key): _as_json(name, part) for key, part in value.items()}
    try:
        return plain(value)
    except TypeError:
        raise NotThatType(f"`{name}` is {format_raw(value)}, which is no value of a fact") from None


def fields_of(text: str) -> Fields:
    """The fields that `as_text` wrote."""
    fields: Fields = orjson.loads(text)
    return fields


def number_in(raw: object) -> Decimal | None:
    """The number that a field holds; None where it holds something else, or more digits than a feature reads."""
    return NUMBERS.plus(Decimal(raw)) if isinstance(raw, str) and NUMBER.fullmatch(raw) else None


def picked(raw: object, type: Type) -> Value:
    """What a field says, read as that type; None where it is not of it."""
    if type.kind is Kind.NUMBER:
        return number_in(raw)
    try:
        return None if raw is None else read_value(type, raw, stored=True)
    except NotThatType:
        return None


def begins(raw: object) -> int | None:
    """The moment that a date, or a date and time, in a field names: of a date its midnight in UTC. None without one."""
    if isinstance(day := picked(raw, DATE), dt.date):
        return micros(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    return None if (time := picked(raw, DATE_TIME)) is None else micros(time)


def holds(fields: Fields, where: tuple[Condition, ...]) -> bool:
    """Whether these fields fulfil all conditions."""
    return all(any(_equal(fields.get(each.field), value) for value in each.values) for each in where)


def _equal(raw: object, value: str | bool | Decimal) -> bool:
    if isinstance(value, bool):
        return raw is value
    if isinstance(value, str):
        return isinstance(raw, str) and raw == value
    return number_in(raw) == value


def misfits(fields: Fields, definitions: tuple[Definition, ...]) -> list[str]:
    """What is wrong with the fields of a new event or snapshot: each field that a feature cannot read as it needs to.

    A field may be left out. What was stored under other definitions counts as left out where it does not fit.
    """
    found = {}
    for definition in definitions:
        if not definition.field or (raw := fields.get(definition.field)) is None:
            continue
        if (wanted := _misfit(raw, definition)) and definition.field not in found:
            why = f"`{definition.field}` is {format_raw(raw)}; the feature `{definition.name}` reads it as {wanted}"
            found[definition.field] = why
    return list(found.values())


def _misfit(raw: object, definition: Definition) -> str:
    """What a field should be and is not; empty where it fits."""
    if definition.aggregation in OF_NUMBERS:
        return "" if number_in(raw) is not None else _A_NUMBER
    if definition.aggregation in SINCE:
        return "" if begins(raw) is not None else "a date"
    if definition.aggregation in PICKS and picked(raw, definition.type) is None:
        return _A_NUMBER if definition.type.kind is Kind.NUMBER else f"a {definition.type}"
    return ""
