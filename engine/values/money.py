"""Values as answers and records show them: money is an amount with its currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ordain.engine.values.decimals import settled
from ordain.engine.values.types import Kind, Type, plain, step_of

Teller = Callable[[Any], Any]
"""Makes the JSON of a value."""


def teller(type: Type) -> Teller:
    """How values of a type are told: an amount with the digits of its currency, more only where they say something."""
    return _teller(type, plain, _in_steps)


def teller_as_calculated(type: Type) -> Teller:
    """The same with the digits that an amount was calculated with."""
    return _teller(type, plain, lambda type: plain)


def with_currency(type: Type, recorded: Any) -> Any:
    """A recorded value, whose amounts are texts without currency, as it is shown; what has one already stays."""
    return _teller(type, _as_it_is, lambda type: _as_it_is)(recorded)


def _as_it_is(value: Any) -> Any:
    return value


def _in_steps(type: Type) -> Teller:
    step = step_of(type)
    return lambda amount: plain(settled(amount, step))


def _teller(type: Type, otherwise: Teller, amount_of: Callable[[Type], Teller]) -> Teller:
    if type.kind is Kind.NUMBER and type.is_money:
        amount, currency = amount_of(type), type.unit

        def tell_money(value: Any) -> Any:
            if value is None or isinstance(value, Mapping):
                return value
            return {"amount": amount(value), "currency": currency}

        return tell_money
    if type.kind is Kind.CONTEXT:
        parts = {name: _teller(part, otherwise, amount_of) for name, part in type.fields.items()}
        if all(tell is otherwise for tell in parts.values()):
            return otherwise

        def tell_context(value: Any) -> Any:
            if not isinstance(value, Mapping):
                return otherwise(value)
            return {name: parts.get(name, otherwise)(part) for name, part in value.items()}

        return tell_context
    if type.kind is Kind.LIST and type.item is not None:
        item = _teller(type.item, otherwise, amount_of)
        if item is otherwise:
            return otherwise
        return lambda value: [item(part) for part in value] if isinstance(value, list | tuple) else otherwise(value)
    return otherwise
