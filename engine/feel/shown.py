"""Any value as people read it and as JSON carries it, ranges and functions included."""

from __future__ import annotations

from typing import Any

from engine.feel.functions.conversion import FUNCTIONS
from engine.values import Kind, Value, kind_of, plain

_STRING = FUNCTIONS["string"].signatures[0].python


def shown(value: Value, longest: int = 200) -> str:
    """A value as FEEL writes it, texts in quotes; over `longest` characters it is cut."""
    # As the only item of a list: alone, a text would come without its quotes.
    text = str(_STRING((value,))).strip()[1:-1].strip()
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def as_json(value: Value) -> Any:
    """A value as JSON data: numbers as decimal strings, a range or function as FEEL writes it."""
    match kind_of(value):
        case Kind.LIST:
            return [as_json(item) for item in value]
        case Kind.CONTEXT:
            return {name: as_json(part) for name, part in value.items()}
        case Kind.RANGE | Kind.FUNCTION:
            return shown(value)
        case _:
            return plain(value)
