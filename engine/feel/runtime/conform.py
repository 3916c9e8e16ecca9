"""Whether a value is of a type, and the conversions that DMN makes on the way (DMN 1.5, section 10.3.2.9.4)."""

from __future__ import annotations

from ordain.engine.errors import NotThatType
from ordain.engine.feel.functions import known
from ordain.engine.values.temporal import at_midnight
from ordain.engine.values.types import ANY, FunctionValue, Interval, Kind, Type, Value, kind_of


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
    if isinstance(value, FunctionValue) and type.item is not None:
        return _is_of(value, type)
    return True


def _is_of(function: FunctionValue, type: Type) -> bool:
    """Whether a function takes and gives what a type of functions says (DMN 1.5, section 10.3.2.9.2): it takes as many
    arguments, each of at least that type, and gives one of at most that. What is not known of it counts as fitting."""
    if function.name:
        signatures = known(lenient=True)[function.name].signatures
        forms = [
            (*(parameter.type for parameter in each.parameters), each.gives)
            for each in signatures
            if len(each.parameters) == len(type.parameters) and not each.repeats
        ]
        repeating = any(each.repeats and each.takes(len(type.parameters)) for each in signatures)
        return repeating or any(_conform(form, type) for form in forms)
    if len(function.parameters) != len(type.parameters):
        return False
    return not function.types or _conform(function.types, type)


def _conform(form: tuple[Type, ...], asked: Type) -> bool:
    *takes, gives = form
    result = asked.item or ANY
    return all(map(_is_within, asked.parameters, takes)) and (gives.kind is Kind.ANY or _is_within(gives, result))


def _is_within(one: Type, other: Type) -> bool:
    """Whether every value of one type is of the other."""
    if other.kind is Kind.ANY or one.kind is Kind.NULL:
        return True
    if one.kind is not other.kind:
        return False
    if one.kind is Kind.FUNCTION:
        return len(one.parameters) == len(other.parameters) and _conform((*one.parameters, one.item or ANY), other)
    if one.kind is Kind.CONTEXT:
        return all(name in one.fields and _is_within(one.fields[name], of) for name, of in other.fields.items())
    return other.item is None or _is_within(one.item or ANY, other.item)


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
