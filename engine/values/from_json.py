"""JSON data as values, of the types that are declared for them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ordain.engine.errors import NotThatType
from ordain.engine.limits import LIMITS
from ordain.engine.values import temporal
from ordain.engine.values.decimals import number
from ordain.engine.values.types import ANY, Kind, Type, Value, format_raw

_MOST_LEVELS = LIMITS.value_levels
_TEMPORAL = frozenset({Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS})


def from_json(raw: object, type: Type = ANY, depth: int = 0) -> Value:
    """The value that JSON data says where `type` is asked for; a text is read as a date or time only if one is.

    What is of another type stays as it is; a component that an object lacks is null. Raises NotThatType: a number of
    more digits than the engine has, a text that is not what is asked for or is no characters, too many levels.
    """
    if depth > _MOST_LEVELS:
        raise NotThatType(f"it is nested more than {_MOST_LEVELS} levels deep")
    if isinstance(raw, str):
        text = _encodable(raw)
        return temporal.read_any(text) if type.kind in _TEMPORAL else text
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, Decimal | int):
        return number(raw)
    if isinstance(raw, Mapping):
        read = {_encodable(name): from_json(part, type.fields.get(name, ANY), depth + 1) for name, part in raw.items()}
        return {**read, **{name: None for name in type.fields if name not in read}}
    if isinstance(raw, list):
        item = (type.item or ANY) if type.kind is Kind.LIST else type
        return tuple(from_json(part, item, depth + 1) for part in raw)
    raise NotThatType(f"{format_raw(raw)} is no JSON")


def _encodable(text: str) -> str:
    """The text; an escape of JSON may have smuggled in half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotThatType("it contains an invalid Unicode character") from None
    return text
