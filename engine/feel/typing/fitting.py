"""Whether a type may stand where another is asked for, what two types have in common, and type variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.feel.functions.operators import ORDERED
from ordain.engine.values.types import ANY, Kind, Type

Bound = dict[str, Type]
"""The types that the variables of a signature stand for in one call."""


def joined(one: Type, other: Type) -> Type | None:
    """The narrowest type that the values of both have; None when they have none in common.

    A type that is not known, such as that of the items of `[]`, takes on the other. Null makes the other optional.
    """
    optional = one.optional or other.optional or (one.kind is Kind.NULL) != (other.kind is Kind.NULL)
    if one.kind in (Kind.ANY, Kind.NULL):
        base = other if other.kind is not Kind.NULL else one
        return replace(base, optional=optional) if optional else base
    if other.kind in (Kind.ANY, Kind.NULL):
        return replace(one, optional=optional)
    if one.kind is not other.kind:
        return None
    values = tuple(dict.fromkeys((*one.values, *other.values))) if one.values and other.values else ()
    unit = one.unit or other.unit if one.unit == other.unit or not (one.unit and other.unit) else ""
    limits = one.limits if one.limits == other.limits else None
    offset = one.offset if one.offset == other.offset else None
    found = replace(one, values=values, unit=unit, optional=optional, limits=limits, offset=offset)
    match one.kind:
        case Kind.LIST | Kind.RANGE:
            item = joined(one.item or ANY, other.item or ANY)
            return None if item is None else replace(found, item=item)
        case Kind.CONTEXT:
            fields = _joined_fields(one.fields, other.fields)
            return None if fields is None else replace(found, fields=fields)
        case Kind.FUNCTION:
            return _joined_functions(found, other)
    return found


def _joined_fields(one: Mapping[str, Type], other: Mapping[str, Type]) -> dict[str, Type] | None:
    if one.keys() != other.keys():
        return None
    fields = {}
    for name, part in one.items():
        both = joined(part, other[name])
        if both is None:
            return None
        fields[name] = both
    return fields


def _joined_functions(one: Type, other: Type) -> Type | None:
    gives = joined(one.item or ANY, other.item or ANY)
    if one.parameters != other.parameters or gives is None:
        return None
    names = one.fields if tuple(one.fields) == tuple(other.fields) else {}
    return replace(one, item=gives, fields=names)


def fits(want: Type, have: Type, bound: Bound, *, inside: bool = False) -> bool:
    """Whether a value of type `have` may stand for `want`; the variables of `want` are bound on the way.

    A value that may be null fits, for it is refused when it is one; `inside` a list it cannot be, so there it fits
    only where null may stand.
    """
    if want.variable:
        return _bind(want, have, bound, inside)
    if have.kind is Kind.NULL:
        return want.optional or want.kind is Kind.NULL
    if Kind.ANY in (want.kind, have.kind):
        return True
    if want.kind is not have.kind or (inside and have.optional and not want.optional):
        return False
    match want.kind:
        case Kind.LIST | Kind.RANGE:
            return fits(want.item or ANY, have.item or ANY, bound, inside=True)
        case Kind.CONTEXT:
            return all(
                name in have.fields and fits(part, have.fields[name], bound, inside=True)
                for name, part in want.fields.items()
            )
        case Kind.FUNCTION:
            return _function_fits(want, have, bound)
    return True


def _bind(want: Type, have: Type, bound: Bound, inside: bool) -> bool:
    if have.kind is Kind.NULL and (want.optional or not inside):
        return want.optional
    if have.optional and (want.optional or not inside):
        have = replace(have, optional=False)
    if want.variable == "O" and have.kind is not Kind.ANY and (have.kind not in ORDERED or have.optional):
        return False
    both = joined(bound.get(want.variable, ANY), have)
    if both is None:
        return False
    bound[want.variable] = both
    return True


def _function_fits(want: Type, have: Type, bound: Bound) -> bool:
    """A function fits when it takes all that it may be called with and gives what is asked of it."""
    if len(want.parameters) != len(have.parameters):
        return False
    for asked, taken in zip(want.parameters, have.parameters, strict=True):
        if asked.variable and asked.variable not in bound:
            bound[asked.variable] = taken
        if not fits(taken, substituted(asked, bound), {}, inside=True):
            return False
    return fits(want.item or ANY, have.item or ANY, bound, inside=True)


def substituted(type: Type, bound: Mapping[str, Type]) -> Type:
    """The type with the variables replaced by what they stand for; by ANY where nothing is known."""
    if type.variable:
        found = bound.get(type.variable, ANY)
        return replace(found, optional=True) if type.optional else found
    if type.item is None and not type.fields and not type.parameters:
        return type
    return replace(
        type,
        item=None if type.item is None else substituted(type.item, bound),
        fields={name: substituted(part, bound) for name, part in type.fields.items()},
        parameters=tuple(substituted(part, bound) for part in type.parameters),
    )


def parts(type: Type) -> tuple[Type, ...]:
    """The type and every type inside it."""
    inner = (*((type.item,) if type.item is not None else ()), *type.fields.values(), *type.parameters)
    return (type, *(below for part in inner for below in parts(part)))


def is_known(type: Type) -> bool:
    """Whether nothing in the type is open, as the items of `[]` are."""
    return all(part.kind is not Kind.ANY for part in parts(type))
