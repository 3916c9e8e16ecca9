"""What the rows of a person's sheet give: values as a policy writes them, and the type of each column."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from ordain.engine.policy.templates import has_braces, without_braces
from ordain.engine.sheets.foreign.amounts import currency_in
from ordain.engine.sheets.foreign.columns import Column
from ordain.engine.sheets.foreign.layout import Layout
from ordain.engine.sheets.foreign.squares import Square
from ordain.engine.text.scalars import scalar

_SHORT, _FEW = 30, 12
"""A text of at most so many characters may be one of at most so many declared values."""


def output_of(square: Square, as_text: bool) -> str:
    """A value as `then` writes it; `as_text` in a column that gives texts."""
    content = square.content
    if content is None:
        return "null"
    if as_text:
        return scalar(without_braces(square.written or square.text), words_only=True)
    if isinstance(content, str):
        return scalar(without_braces(content), words_only=True)
    return square.text if isinstance(content, Decimal | bool) else f"'@\"{square.text}\"'"


def gives_texts(layout: Layout, column: Column) -> bool:
    contents = [square.content for square in layout.column(column.index) if not square.empty]
    plain = (Decimal, bool, dt.date)
    return not any(all(type(content) is kind for content in contents) for kind in plain)


def type_of(layout: Layout, column: Column) -> str:
    """The type of an output."""
    squares = layout.column(column.index)
    contents = [square.content for square in squares if not square.empty]
    optional = len(contents) < len(squares)
    parts = []
    if all(isinstance(content, Decimal) for content in contents):
        parts.append("type: number")
        currencies = {square.currency for square in squares if square.currency}
        currencies = currencies or {currency_in(column.heading.text)} - {""}
        if len(currencies) == 1:
            parts.append(f"unit: {currencies.pop()}")
    elif all(isinstance(content, bool) for content in contents):
        parts.append("type: flag")
    elif all(type(content) is dt.date for content in contents):
        parts.append("type: date")
    else:
        parts.append("type: text")
        texts = list(dict.fromkeys(square.written or square.text for square in squares if not square.empty))
        if len(texts) <= _FEW and all(len(text) <= _SHORT and not has_braces(text) for text in texts):
            parts.append(f"values: [{', '.join(scalar(text, words_only=True) for text in texts)}]")
    if optional:
        parts.append("optional: true")
    return f"{{{', '.join(parts)}}}" if len(parts) > 1 else parts[0].removeprefix("type: ")


def as_expected(written: str) -> str:
    """An output as an example writes it: a date without the sign of a FEEL literal, and each brace once."""
    day = re.fullmatch(r"'@\"(.*)\"'", written)
    return day[1] if day else written.replace("{{", "{").replace("}}", "}")
