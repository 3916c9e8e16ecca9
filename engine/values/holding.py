"""Whether what a decision gives is of its declared type: asked when it is decided, where only that can tell."""

from __future__ import annotations

from ordain.engine.errors import did_you_mean
from ordain.engine.values.types import Kind, Type, Value, described, kind_of, plain


def is_narrow(type: Type) -> bool:
    """Whether not every value of the type's kind is one of the type: it has declared values, a range or fields."""
    if type.kind is Kind.LIST:
        return type.item is not None and not type.item.values and is_narrow(type.item)
    return bool(type.values or type.limits or type.fields)


def held(type: Type, value: Value, name: str = "") -> Value:
    """The value as one of the type, the fields of a context in the order declared. Null is let through.

    `name` is what errors call it. Raises ValueError, which says what it is instead.
    """
    return None if value is None else _held(type, value, name)


def _held(type: Type, value: Value, name: str) -> Value:
    if value is None:
        if type.optional or type.kind in (Kind.ANY, Kind.NULL):
            return None
        raise ValueError(f"{_subject(name)} is null, and `gives` does not say that it may be")
    if type.kind is Kind.ANY:
        return value
    if kind_of(value) is not type.kind:
        raise ValueError(f"{_subject(name)} is a {kind_of(value)}, and {described(type)} is declared")
    match type.kind:
        case Kind.CONTEXT if type.fields:
            return _context(type, value, name)
        case Kind.LIST if type.item is not None:
            return tuple(_held(type.item, item, name) for item in value)
    if type.values and value not in type.values:
        raise ValueError(f"`{value}` is not one of the declared values; {did_you_mean(str(value), type.values)}")
    if type.limits is not None and not type.limits.hold(value):
        raise ValueError(f"{_subject(name)} would be {plain(value)}, and its range is {type.limits}")
    return value


def _context(type: Type, value: Value, name: str) -> Value:
    for field in value:
        if field not in type.fields:
            hint = did_you_mean(field, type.fields)
            raise ValueError(f"{_subject(name)} has `{field}`, which `gives` does not name; {hint}")
    parts = {}
    for field, of in type.fields.items():
        if field not in value and not of.optional:
            raise ValueError(f"{_subject(name)} has no `{field}`, which `gives` names")
        parts[field] = _held(of, value.get(field), f"{name}.{field}" if name else field)
    return parts


def _subject(name: str) -> str:
    return f"`{name}`" if name else "it"
