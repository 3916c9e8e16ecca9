"""What two types have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.values.types import ANY, Kind, Type


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
    both = replace(one, values=values, unit=unit, optional=optional, limits=limits, offset=offset)
    match one.kind:
        case Kind.LIST | Kind.RANGE:
            item = joined(one.item or ANY, other.item or ANY)
            return None if item is None else replace(both, item=item)
        case Kind.CONTEXT:
            fields = _joined_fields(one.fields, other.fields)
            return None if fields is None else replace(both, fields=fields)
        case Kind.FUNCTION:
            return _joined_functions(both, other)
    return both


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
