"""Functions that models written for Camunda call, and that DMN does not have."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn

from ordain.engine.feel.functions import contexts, conversion, lists, numbers, texts
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.lenient import json_texts
from ordain.engine.feel.patterns import searching
from ordain.engine.feel.runtime.work import limited
from ordain.engine.feel.signature import Signature, signature
from ordain.engine.values.whole_seconds import to_second

Context = dict[str, Any]


def _uuid() -> NoReturn:
    raise ValueError("it gives another text each time, and a decision must come out the same when made again")


def _asserted(value: Any, condition: Any, cause: str | None = None) -> Any:
    if condition is not True:
        raise ValueError(cause or "the condition does not hold")
    return value


def _joined(items: tuple[str | None, ...], delimiter: str | None, prefix: str | None, suffix: str | None) -> str:
    return limited(f"{prefix or ''}{texts.joined(items, delimiter)}{suffix or ''}")


def _grouped(text: str, grouping: str) -> Decimal:
    return conversion.number_in(text, grouping, None)


def _rounded(number: Decimal, scale: Decimal, mode: str) -> Decimal:
    way = mode.upper()
    if way == "UNNECESSARY":
        rounded = numbers.to_scale(numbers.MODES["HALF_EVEN"])(number, scale)
        if rounded != number:
            raise ValueError("the number has more digits than that, and the mode is `unnecessary`")
        return rounded
    if way not in numbers.MODES:
        raise ValueError(f"`{mode[:40]}` is no mode of rounding: {', '.join(numbers.MODES).lower()}, unnecessary")
    return numbers.to_scale(numbers.MODES[way])(number, scale)


def _at_path(context: Context, keys: tuple[str, ...]) -> Any:
    value: Any = context if keys else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _put_at_path(context: Context, keys: tuple[str, ...], value: Any) -> Context:
    """As DMN's, but contexts that are not there yet are made."""
    if not keys:
        raise ValueError("a value is put under at least one key")
    below = context.get(keys[0], {})
    if keys[1:] and not isinstance(below, dict):
        raise ValueError(f"there is no context under `{keys[0]}`")
    return {**context, keys[0]: _put_at_path(below, keys[1:], value) if keys[1:] else value}


def _merged(*given: Context) -> Context:
    return {key: value for context in given for key, value in context.items()}


def _parts(items: tuple[Any, ...], size: Decimal) -> tuple[Any, ...]:
    step = int(size)
    if step < 1 or step != size:
        raise ValueError("the size of a part is a whole number from 1 on")
    return tuple(items[at : at + step] for at in range(0, len(items), step))


def _duplicates(items: tuple[Any, ...]) -> tuple[Any, ...]:
    once, twice = lists.Seen(), lists.Seen()
    return tuple(item for item in items if not once.adds(cut := to_second(item)) and twice.adds(cut))


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("it is no text in Base64") from None


def _to_base64(text: str) -> str:
    return limited(base64.b64encode(text.encode()).decode())


def _new(
    meaning: str, example: str, result: str, line: str, python: Callable[..., Any], *, counted: bool = False
) -> Function:
    return Function(meaning, example, result, (signature(line, python, counted=counted),))


def _more(entry: Function, example: str, result: str, *added: Signature) -> Function:
    """A function of DMN with more ways to call it."""
    return replace(entry, example=example, result=result, signatures=(*entry.signatures, *added))


_PUT_BELOW = "(context: context, keys: list of text, value: any?) -> context"
_DMN_PUT = contexts.FUNCTIONS["context put"]

FUNCTIONS: dict[str, Function] = {
    "get or else": _new(
        "The value, or another where it is null.",
        'get or else(null, "none")',
        '"none"',
        "(value: any?, default: any?) -> any?",
        lambda value, default: default if value is None else value,
    ),
    "is defined": _new(
        "Whether a value is not null.",
        "is defined(null)",
        "false",
        "(value: any?) -> flag",
        lambda value: value is not None,
    ),
    "assert": _new(
        "The value when the condition is true; otherwise null, with the cause as its reason.",
        'assert(5, 5 > 3, "it is too small")',
        "5",
        "(value: any?, condition: any?, cause?: text?) -> any?",
        _asserted,
    ),
    "trim": _new("A text without the spaces around it.", 'trim(" a b ")', '"a b"', "(string: text) -> text", str.strip),
    "is blank": _new(
        "Whether a text has nothing but spaces.",
        'is blank(" ")',
        "true",
        "(string: text) -> flag",
        lambda text: not text.strip(),
    ),
    "is empty": _new(
        "Whether a list has no items.", "is empty([])", "true", "(list: list of any?) -> flag", lambda items: not items
    ),
    "extract": _new(
        "All that a pattern finds in a text.",
        'extract("12 and 345", "[0-9]+")',
        '["12", "345"]',
        "(string: text, pattern: text) -> list of text",
        searching.found,
        counted=True,
    ),
    "to base64": _new("A text in Base64.", 'to base64("FEEL")', '"RkVFTA=="', "(value: text) -> text", _to_base64),
    "from base64": _new(
        "The text that stands in Base64.", 'from base64("RkVFTA==")', '"FEEL"', "(value: text) -> text", _from_base64
    ),
    "uuid": _new(
        "Refused, it is null: a decision must come out the same when it is made again.",
        "uuid()",
        "null",
        "() -> text",
        _uuid,
    ),
    "from json": _new(
        "The value that JSON says; dates in it stay texts.",
        'from json("{\\"a\\": 1}")',
        "{a: 1}",
        "(value: text) -> any?",
        json_texts.read,
    ),
    "to json": _new(
        "A value as JSON; dates, times and durations become texts.",
        "to json({a: [1, null]})",
        '"{\\"a\\":[1,null]}"',
        "(value: any?) -> text",
        json_texts.written,
    ),
    "partition": _new(
        "The list in lists of a size, the last of what is left.",
        "partition([1, 2, 3], 2)",
        "[[1, 2], [3]]",
        "(list: list of any?, size: number) -> list of any",
        _parts,
    ),
    "duplicate values": _new(
        "The items that stand more than once in a list, each once.",
        "duplicate values([1, 2, 1])",
        "[1]",
        "(list: list of any?) -> list of any?",
        _duplicates,
    ),
    "put": Function("The old name of `context put`.", 'put({a: 1}, "b", 2)', "{a: 1, b: 2}", (_DMN_PUT.signatures[0],)),
    "put all": _new(
        "All contexts as one; of two values under one key the later stays.",
        "put all({a: 1}, {b: 2})",
        "{a: 1, b: 2}",
        "(contexts: context...) -> context",
        _merged,
    ),
    "context put": replace(
        _DMN_PUT,
        meaning="As DMN has it; contexts on the path that are not there are made.",
        example='context put({a: 1}, ["b", "c"], 2)',
        result="{a: 1, b: {c: 2}}",
        signatures=(_DMN_PUT.signatures[0], signature(_PUT_BELOW, _put_at_path)),
    ),
    "context merge": _more(
        contexts.FUNCTIONS["context merge"],
        "context merge({a: 1}, {b: 2})",
        "{a: 1, b: 2}",
        signature("(first: context, more: context...) -> context", _merged),
    ),
    "get value": _more(
        contexts.FUNCTIONS["get value"],
        'get value({a: {b: 3}}, ["a", "b"])',
        "3",
        signature("(context: context, keys: list of text) -> any?", _at_path),
    ),
    "decimal": _more(
        numbers.FUNCTIONS["decimal"],
        'decimal(2.5, 0, "half_up")',
        "3",
        signature("(n: number, scale: number, mode: text) -> number", _rounded),
    ),
    "number": _more(
        conversion.FUNCTIONS["number"],
        'number("1,500", ",")',
        "1500",
        signature("(from: text, grouping separator: text) -> number", _grouped),
    ),
    "string join": _more(
        texts.FUNCTIONS["string join"],
        'string join(["a", "b"], "-", "<", ">")',
        '"<a-b>"',
        signature("(list: list of text?, delimiter: text?, prefix: text?, suffix: text?) -> text", _joined),
    ),
}
