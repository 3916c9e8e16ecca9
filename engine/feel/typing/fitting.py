"""Whether a type may stand where another is asked for, and type variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.feel.functions.operators import ORDERED
from ordain.engine.values.joining import joined
from ordain.engine.values.types import ANY, Kind, Type

Bound = dict[str, Type]
"""The types that the variables of a signature stand for in one call."""


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
        stands_for = bound.get(type.variable, ANY)
        return replace(stands_for, optional=True) if type.optional else stands_for
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
