"""A value of a test case in one cell: as a sheet shows it, and as YAML of what a person wrote there.

A text stands as it is, unless it would be taken for something else: `null`, nothing, or a text in quotes. Then it has
quotes. Lists have brackets, contexts braces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from ordain.engine.errors import PolicyError
from ordain.engine.examples.example_text import flow_value
from ordain.engine.sheets.book import Cell, Held
from ordain.engine.sheets.foreign.amounts import currency_in, number_of, with_points
from ordain.engine.text.scalars import scalar
from ordain.engine.text.source import Node, parse
from ordain.engine.values.types import Kind, Type, Value, plain

_NULL = "null"
_SHORTENED = re.compile(r"[-+]?\d+(\.\d+)?[eE][-+]?\d+", re.ASCII)


class Misread(ValueError):
    """A cell that cannot be what its column is; `hint` says what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def value_text(value: Value) -> str:
    """A value that a decision gave."""
    if value is None:
        return _NULL
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, frozenset):
        return flow_value(sorted(value))
    if isinstance(value, bool | Decimal | tuple | Mapping):
        return flow_value(value)
    return str(plain(value))


def node_text(node: Node) -> str:
    """A value as an example in the policy's file has it: a number keeps its digits."""
    if node.value is None:
        return _NULL
    if isinstance(node.value, dict | list):
        return flow_value(node.data())
    return _text(node.text) if isinstance(node.value, str) else node.text


def _text(text: str) -> str:
    needs_quotes = text in ("", _NULL) or text.startswith('"') or text != text.strip() or "\r" in text
    return json.dumps(text, ensure_ascii=False) if needs_quotes else text


def yaml_of(cell: Cell, type: Type, name: str, *, commas: bool = False) -> str:
    """What a cell says of the fact or output `name`, in YAML's flow form, so that the policy's reader checks it.

    `commas`: the sheet writes decimal commas, 1.600,5. Raises Misread for what no YAML could say, and for what a
    spreadsheet has shortened.
    """
    text = cell.text.strip()
    if text == _NULL:
        return _NULL
    if type.kind is Kind.NUMBER:
        return _number(cell, type, name, commas)
    if type.kind is Kind.FLAG and text.lower() in ("true", "false"):
        return text.lower()
    if type.kind is Kind.LIST:
        return _structure(text if text.startswith("[") else f"[{text}]", list)
    if type.kind is Kind.CONTEXT:
        return _structure(text, dict)
    if type.kind is Kind.ANY and text[:1] in ("[", "{"):
        return _structure(text, list if text[0] == "[" else dict)
    if type.kind is Kind.ANY and cell.held in (Held.NUMBER, Held.FLAG):
        return text
    return scalar(_unquoted(text), words_only=True)


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            said = json.loads(text)
        except ValueError:
            return text
        return said if isinstance(said, str) else text
    return text.replace("\r\n", "\n")


def _number(cell: Cell, type: Type, name: str, commas: bool) -> str:
    text = cell.text.strip()
    if _SHORTENED.fullmatch(text):
        raise Misread("the spreadsheet has shortened this number", "format the cell as text and write all its digits")
    currency = currency_in(text)
    if currency and type.is_money and currency != type.unit:
        raise Misread(f"it is in {currency}; it must be in {type.unit}", f"write the amount in {type.unit}")
    number = number_of(with_points(text) if commas and cell.held is Held.TEXT else text)
    if number is None:
        return scalar(text, words_only=True)
    percent = type.unit in ("percent", "%") or name.rpartition(".")[2].endswith("percent")
    if (cell.held is Held.PERCENT or text.endswith("%")) and not percent:
        number = number.scaleb(-2)
    return format(number, "f")


def _structure(text: str, kind: type) -> str:
    """A list or context that is one: nothing in a cell can end its own line of YAML."""
    try:
        node = parse(f"k: {text}".encode("utf-8", "replace"), "") if "\n" not in text and "\r" not in text else None
    except PolicyError:
        node = None
    data = node.data().get("k") if node is not None and isinstance(node.value, dict) else None
    if not isinstance(data, kind):
        raise Misread("it cannot be read", "write a list as [a, b]" if kind is list else "write it as {name: value}")
    return flow_value(data)
