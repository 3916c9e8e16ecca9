"""Canonical bytes: one JSON value, one byte string (RFC 8785, JSON Canonicalization Scheme), and its digest.

The ledger's data are dict, list, str, int, bool and None only. Decimals are strings already, so no float ever
needs a canonical form and none is accepted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import orjson
import rfc8785

from ordain.engine.values.types import plain

LARGEST_INT = 2**53 - 1
"""Beyond this a reader that takes JSON numbers for floats loses digits (RFC 7493 section 2.2)."""

_ASTRAL = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
"""How characters beyond the BMP begin in UTF-8. Five searches for a byte are faster than one for a class of them."""


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`, made of dict, list, str, int, bool and None.

    Raises TypeError for any other type and ValueError for an integer beyond 2**53 - 1, a lone surrogate and
    too deep or circular nesting; the message says where.
    """
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        _refuse(value)
        raise ValueError(f"the value has no canonical form: {error}") from None
    if not _is_plain(value):
        _refuse(value)
    # orjson sorts keys by code point, RFC 8785 by UTF-16 code unit: they can differ only beyond the BMP.
    if not data.isascii() and any(lead in data for lead in _ASTRAL):
        return rfc8785.dumps(value)
    return data


def canonical_of_values(value: Any) -> bytes:
    """`canonical` of what `plain` makes of `value`: of values of the engine, in dict, list and tuple, and small int.

    It is known to have a canonical form, but for a lone surrogate, and is not looked at. Raises as `canonical` does for
    that, and TypeError for what is no value.
    """
    try:
        data = orjson.dumps(value, plain, _VALUES)
    except orjson.JSONEncodeError:
        return canonical(json.loads(json.dumps(value, default=plain)))
    return data if data.isascii() else canonical(orjson.loads(data))


_VALUES = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME


def _is_plain(value: Any) -> bool:
    """Whether there is nothing in `value` but what has a canonical form; told fast. `value` must be finite."""
    waiting = [value]
    for part in waiting:
        kind = type(part)
        if kind is dict:
            waiting.extend(part.values())
        elif kind is list:
            waiting.extend(part)
        elif kind is int:
            if not -LARGEST_INT <= part <= LARGEST_INT:
                return False
        elif kind not in _PLAIN:
            return False
    return True


def _refuse(value: Any) -> None:
    """Raises what is wrong with `value`, saying where."""
    try:
        _check(value)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except _Refused as refused:
        raise refused.error from None
    except RecursionError:
        raise ValueError("the value is nested too deeply, or holds itself") from None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        near = text[max(0, error.start - 20) : error.start]
        raise ValueError(
            f"lone surrogate U+{ord(text[error.start]):04X} after `{near}` (it has no UTF-8 form)"
        ) from None


def digest(data: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class _Refused(Exception):
    """Collects the path to the part that has no canonical form while the walk unwinds."""

    def __init__(self, fault: type[Exception], what: str) -> None:
        self.fault, self.what, self.path = fault, what, ""

    @property
    def error(self) -> Exception:
        return self.fault(f"`{self.path.lstrip('.')}` {self.what}" if self.path else f"the value {self.what}")


def _check(value: Any) -> None:
    """Refuses what `json` would write in a form of its own (floats, tuples, keys that are not text)."""
    if isinstance(value, dict | list):
        keyed = isinstance(value, dict)
        parts: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        place: object = None
        try:
            for place, part in parts:
                if keyed and not isinstance(place, str):
                    raise _Refused(TypeError, "is a key that is not text")
                if type(part) not in _PLAIN:
                    _check(part)
        except _Refused as refused:
            refused.path = (f".{place}" if keyed else f"[{place}]") + refused.path
            raise
    elif isinstance(value, int):
        if not -LARGEST_INT <= value <= LARGEST_INT:
            raise _Refused(ValueError, "is an integer beyond 2^53 - 1")
    elif not isinstance(value, str) and value is not None:
        raise _Refused(TypeError, f"is a {type(value).__name__}, which has no canonical form here")


_PLAIN = frozenset((str, bool, type(None)))
