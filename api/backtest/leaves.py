"""An outcome taken apart: its parts by path, each a number or a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ordain.api.limits import LIMITS
from ordain.audit.entry.canonical import canonical
from ordain.engine.errors import NotThatType
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Kind, Type

NOTHING = "(none)"
"""How null is shown, and a list without items."""


class Leaf(NamedTuple):
    """What is shown, as `word`. Where its type is a number: that (None for null), with its `unit`."""

    word: str
    number: Decimal | None = None
    unit: str = ""
    is_number: bool = False


def leaves(outcome: Mapping[str, Any], gives: Mapping[str, Type]) -> Iterator[tuple[str, Leaf]]:
    """Each part that is no context, by its path: `offer.action`."""
    for name, value in outcome.items():
        yield from _leaves(name, value, gives.get(name))


def paths(gives: Mapping[str, Type]) -> Iterator[str]:
    """The paths that outcomes of these types have."""
    for name, type in gives.items():
        if type.kind is Kind.CONTEXT and type.fields:
            yield from (f"{name}.{path}" for path in paths(type.fields))
        else:
            yield name


def word_of(value: Any) -> str:
    """A JSON value as it is shown in one line."""
    if value is None or value == []:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else canonical(value).decode()
    text = " ".join(text.split()) or "(empty)"
    return text if len(text) <= LIMITS.flow_characters else f"{text[: LIMITS.flow_characters - 1]}…"


def number_of(value: Any) -> Decimal | None:
    """The number that a JSON value is, or the amount of money; None where it is none."""
    raw = value.get("amount") if isinstance(value, Mapping) else value
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        return None
    try:
        return number(raw)
    except NotThatType:
        return None


def _leaves(path: str, value: Any, type: Type | None) -> Iterator[tuple[str, Leaf]]:
    if type is not None and type.kind is Kind.NUMBER:
        amount = number_of(value)
        unit = str(value["currency"]) if isinstance(value, Mapping) and "currency" in value else type.unit
        yield path, Leaf(word_of(value), amount, unit, is_number=True)
    elif isinstance(value, Mapping) and value:
        fields: Mapping[str, Type] = {} if type is None else type.fields
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part, fields.get(name))
    else:
        yield path, Leaf(word_of(value))
