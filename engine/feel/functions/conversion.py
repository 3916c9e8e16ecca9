"""`string` and `number`, DMN 1.5 section 10.3.4.1; the conversions to dates and durations stand with those."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.signature import signature
from ordain.engine.feel.syntax.escapes import escaped
from ordain.engine.values import decimals, temporal
from ordain.engine.values.types import FunctionValue, Interval, plain

_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


def text_of(value: Any) -> str:
    """A value as FEEL writes it; a text, date, time or duration by itself stands without quotes."""
    return value if isinstance(value, str) else _bare(value)


def _bare(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{_key(key)}: {literal(part)}" for key, part in value.items()) + "}"
        case Decimal():
            return str(plain(value or value.copy_abs()))  # FEEL's zero has no sign
        case Interval():
            return _interval(value)
        case FunctionValue():
            return value.name or f"function({', '.join(value.parameters)})"
    return temporal.text(value)


def literal(value: Any) -> str:
    """A value as FEEL writes it inside a text of its own: texts in quotes, dates and durations as `@"..."`."""
    if isinstance(value, str):
        return escaped(value)
    if value is None or isinstance(value, bool | Decimal | tuple | dict | Interval | FunctionValue):
        return _bare(value)
    return f'@"{_bare(value)}"'


def _key(key: str) -> str:
    return key if _PLAIN_NAME.fullmatch(key) else literal(key)


def _interval(value: Interval) -> str:
    if value.op:
        return f"({value.op} {literal(value.low)})"
    if value.low is None and value.high is not None:
        return f"({'<' if value.high_open else '<='} {literal(value.high)})"
    if value.high is None and value.low is not None:
        return f"({'>' if value.low_open else '>='} {literal(value.low)})"
    opening, closing = "(" if value.low_open else "[", ")" if value.high_open else "]"
    return f"{opening}{literal(value.low)}..{literal(value.high)}{closing}"


def number_in(text: str, grouping: str | None, decimal: str | None) -> Decimal:
    """The number that a text says with its own signs. Raises ValueError."""
    if grouping not in (None, " ", ",", "."):
        raise ValueError("the grouping separator is a space, a comma, a full stop or null")
    if decimal not in (None, ",", "."):
        raise ValueError("the decimal separator is a comma, a full stop or null")
    if grouping is not None and grouping == decimal:
        raise ValueError("the grouping separator and the decimal separator are the same")
    plain = text if grouping is None else text.replace(grouping, "")
    if decimal == ",":
        if "." in plain:
            raise ValueError(f"`{text}` is not a number with `,` as its decimal separator")
        plain = plain.replace(",", ".")
    return decimals.number(plain)


FUNCTIONS: dict[str, Function] = {
    "string": Function(
        "A value as text, written as FEEL writes it.",
        "string(1.5)",
        '"1.5"',
        (
            signature("(from: any) -> text", text_of),
            signature("(from: any?) -> text?", lambda value: None if value is None else text_of(value)),
        ),
    ),
    "number": Function(
        "The number written in a text; signs for grouping thousands and before decimals may be named.",
        'number("1.5")',
        "1.5",
        (
            signature("(from: text) -> number", decimals.number),
            signature(
                "(from: text, grouping separator: text?, decimal separator: text?) -> number",
                number_in,
            ),
        ),
    ),
}
