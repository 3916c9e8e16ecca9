"""JSON text to values: numbers as decimals, and nothing that a reader could take in two ways."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from ordain.engine.errors import Issue, MalformedRequest, quoted


def read_json(text: bytes, what: str) -> Any:
    """The JSON value of `text`, which errors call `what`; numbers are Decimal.

    Raises MalformedRequest: not UTF-8 or JSON, a key twice in one object (RFC 8259 leaves its meaning open), NaN or
    an infinity, which are no JSON, or nesting too deep to read.
    """
    try:
        decoded = text.decode("utf-8")
        if decoded.startswith("\ufeff"):
            raise MalformedRequest(f"{what} is not JSON: it begins with a byte order mark", "line 1, column 1")
        try:
            return _READ.decode(decoded)
        except ArithmeticError:
            return _READ_TO_TELL.decode(decoded)  # which number it was
    except json.JSONDecodeError as error:
        message = f"{what} is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise MalformedRequest(Issue(message, f"line {error.lineno}, column {error.colno}")) from None
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"{what} is not UTF-8 text: byte {error.start}") from None
    except RecursionError:
        raise MalformedRequest(f"{what} is nested too deeply") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise MalformedRequest(f"`{text[:40]}` is not a number that can be read") from None


def _no_number(text: str) -> NoReturn:
    raise MalformedRequest(f"`{text}` is not a number in JSON", "leave the fact out when it is not known")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise MalformedRequest(f"the key {quoted(twice)} appears twice in one object", "keep one of them")
    return entries


def _reader(number: Callable[[str], Decimal]) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=number, parse_int=number, parse_constant=_no_number, object_pairs_hook=_object)


_READ, _READ_TO_TELL = _reader(Decimal), _reader(_number)
