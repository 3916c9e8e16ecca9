"""Whether a value is of a type, and the conversions that DMN makes on the way (DMN 1.5, section 10.3.2.9.4)."""

from __future__ import annotations

from ordain.engine.errors import NotThatType
from ordain.engine.values.temporal import at_midnight
from ordain.engine.values.types import Interval, Kind, Type, Value, kind_of


def conforms(value: Value, type: Type) -> bool:
    """Whether `value` is of `type` as it stands. Null is of every type; restrictions of an item are not asked."""
    kind = type.kind
    if value is None or kind is Kind.ANY:
        return True
    if kind_of(value) is not kind:
        return False
    if kind is Kind.LIST:
        return type.item is None or all(conforms(item, type.item) for item in value)
    if kind is Kind.CONTEXT:
        return all(name in value and conforms(value[name], of) for name, of in type.fields.items())
    if kind is Kind.RANGE and isinstance(value, Interval):
        return type.item is None or all(conforms(end, type.item) for end in (value.low, value.high))
    return True


def converted(value: Value, type: Type) -> Value:
    """`value` as one of `type`: a list of one item stands for the item, an item for a list of one, a date for its
    midnight in UTC. Null stays null. Raises NotThatType for what is neither, or is not among the allowed values.
    """
    if value is None or type.kind is Kind.ANY:
        return _allowed(value, type)
    if type.kind is not Kind.LIST and isinstance(value, tuple) and len(value) == 1:
        value = value[0]
        if value is None:
            return None
    if type.kind is Kind.LIST:
        items = value if kind_of(value) is Kind.LIST else (value,)
        of = type.item
        return _allowed(tuple(_inside(item, of) for item in items) if of is not None else items, type)
    return _allowed(_inside(value, type), type)


def _inside(value: Value, type: Type) -> Value:
    """As `converted`, but a list never stands for its item here."""
    kind = type.kind
    if value is None or kind is Kind.ANY:
        return _allowed(value, type)
    given = kind_of(value)
    if kind is Kind.DATE_TIME and given is Kind.DATE:
        value = at_midnight(value)
    elif given is not kind:
        raise NotThatType(f"a {given} is not a {type}")
    if kind is Kind.LIST and type.item is not None:
        value = tuple(_inside(item, type.item) for item in value)
    elif kind is Kind.CONTEXT and type.fields:
        for name in type.fields:
            if name not in value:
                raise NotThatType(f"the context has no `{name}`")
        value = {
            name: _inside(part, type.fields[name]) if name in type.fields else part for name, part in value.items()
        }
    elif not conforms(value, type):
        raise NotThatType(f"a {given} is not a {type}")
    return _allowed(value, type)


def _allowed(value: Value, type: Type) -> Value:
    if value is not None and type.allowed is not None and type.allowed(value) is not True:
        raise NotThatType("the value is not among the allowed ones")
    return value
