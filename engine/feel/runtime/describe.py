"""Any value as people read it."""

from __future__ import annotations

from ordain.engine.feel.functions.conversion import literal
from ordain.engine.values.types import Value


def describe_value(value: Value, longest: int = 200) -> str:
    """A value as FEEL writes it, texts in quotes; over `longest` characters it is cut."""
    text = literal(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
