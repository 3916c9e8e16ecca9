"""Whether an entry's envelope is what a ledger holds: canonical JSON (RFC 8785), all its keys, the right shapes.

A ledger's JSON has no floats. Then Python's own writer gives the RFC 8785 bytes, with one exception: keys with
characters beyond U+FFFF sort by UTF-16 there, so a text that has any such character goes through `rfc8785` itself.
A text is canonical when reading and writing it gives the same text again.
"""

from __future__ import annotations

import json
import re
from typing import Any

import rfc8785

Json = dict[str, Any]

LARGEST_INT = 2**53 - 1
KINDS = frozenset(
    (
        "decision",
        "policy",
        "model",
        "erasure",
        "restriction",
        "retention",
        "read",
        "key",
        "ledger",
        "recovery",
        "anchor",
        "access",
        "stop",
        "start",
        "alert",
        "submission",
        "approval",
        "activation",
        "rollout",
        "settled",
        "shown",
        "performed",
        "batch",
    )
)
OUTCOMES = frozenset(("permit", "deny", "review", "decided"))
_COMMON = frozenset(
    (
        "v",
        "ledger",
        "id",
        "time",
        "kind",
        "tenant",
        "service",
        "engine",
        "payload_hash",
        "key_commitment",
        "about",
    )
)
_TOLD = frozenset(("jurisdiction", "models", "outcome_class", "reason_codes"))
KEYS = {2: _COMMON | _TOLD | {"policies", "documents"}, 3: _COMMON | _TOLD | {"plan"}, 4: _COMMON | {"plan"}}
"""By format: an envelope that names its texts itself, a decision's, which names the text of its plan, and a decision's
that says nothing else of what was decided."""
SEALED = 4
PLAN = "plan"

_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
).fullmatch
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}").fullmatch
_HEX = re.compile(r"[0-9a-f]{64}").fullmatch
_ASTRAL = re.compile("[\U00010000-\U0010ffff]").search


class Malformed(Exception):
    """Says in one sentence what is wrong."""


def _no_float(_digits: str) -> float:
    raise Malformed("holds a number that is no integer")


_read = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).decode
_write = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def read_canonical(data: object) -> Json:
    """The object that `data` holds. Raises Malformed unless it is bytes with the canonical form of an object.

    Whether its integers are in range is left to `check_integers`, as most values of an envelope are none.
    """
    if not isinstance(data, bytes):
        raise Malformed("is not stored as bytes")
    try:
        text = data.decode()
        value = _read(text)
        astral = not text.isascii() and _ASTRAL(text)
        same = rfc8785.dumps(value) == data if astral else _write(value) == text
    except Malformed:
        raise
    except (ValueError, TypeError, RecursionError):
        raise Malformed("is not JSON") from None
    if not same:
        raise Malformed("is not in canonical form")
    if not isinstance(value, dict):
        raise Malformed("is not a JSON object")
    return value


def check_integers(value: object) -> None:
    """Raises Malformed when `value`, made of JSON, holds an integer beyond 2^53 - 1 (RFC 7493 section 2.2)."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is int:
            if not -LARGEST_INT <= part <= LARGEST_INT:
                raise Malformed("holds an integer beyond 2^53 - 1")
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def check_shape(data: Json) -> None:
    """Raises Malformed unless it has all keys of an envelope and no other, each with a value of its kind."""
    version = data.get("v")
    keys = KEYS.get(version) if type(version) is int else None
    if "v" in data and keys is None:
        raise Malformed("is not of format version 2, 3 or 4")
    if keys is None or data.keys() != keys:
        keys = keys or KEYS[2]
        lacking, more = sorted(keys - data.keys()), sorted(data.keys() - keys)
        raise Malformed(f"has not the keys of an envelope (missing: {lacking}, unknown: {more})"[:200])
    try:
        right = (
            _TIME(data["time"])
            and _DIGEST(data["payload_hash"])
            and _HEX(data["key_commitment"])
            and data["kind"] in KINDS
            and type(data["ledger"]) is type(data["tenant"]) is type(data["engine"]) is str
            and (data["service"] is None or type(data["service"]) is str)
            and type(data["about"]) is dict
        )
        if PLAN in data:
            right = bool(right and data["kind"] == "decision" and _DIGEST(data[PLAN]))
        else:
            right = bool(right) and _names_texts(data)
        if version != SEALED:
            right = bool(right) and _tells(data)
    except (TypeError, AttributeError, KeyError):
        right = False
    if not right:
        raise Malformed("has a value of another form than an envelope's")
    if data["about"]:
        check_integers(data["about"])


def references(data: Json) -> list[tuple[str, str, int, str]]:
    """The texts that an envelope of right shape, or a plan, refers to: kind, name, version, digest."""
    if PLAN in data:
        return [(PLAN, "", 0, data[PLAN])]
    named = [("policy", each["policy"], each["version"], each["digest"]) for each in data["policies"]]
    named.extend((kind, "", 0, digest) for kind, digest in data["documents"].items())
    return named


def read_plan(text: bytes) -> Json:
    """The plan that a kept text is. Raises Malformed unless it names texts and models as an envelope does."""
    data = read_canonical(text)
    try:
        right = PLAN not in data and type(data["service"]) is str and _names_texts(data)
        for model in _list(data["models"]):
            _named(model, "model")
    except (TypeError, AttributeError, KeyError):
        right = False
    if not right:
        raise Malformed("does not name policies and documents")
    return data


def _tells(data: Json) -> bool:
    """Whether an envelope says what was decided, as it did before format 4."""
    for model in _list(data["models"]):
        if not (PLAN in data and type(model) is str):  # a plan names its models
            _named(model, "model")
    return (
        (data["jurisdiction"] is None or type(data["jurisdiction"]) is str)
        and _outcome_fits(data["kind"], data["outcome_class"])
        and all(type(code) is str for code in _list(data["reason_codes"]))
    )


def _names_texts(data: Json) -> bool:
    for policy in _list(data["policies"]):
        _named(policy, "policy")
    return all(_DIGEST(digest) for digest in data["documents"].values())


def _outcome_fits(kind: str, outcome: object) -> bool:
    return outcome in OUTCOMES if kind == "decision" else outcome is None


def _list(value: object) -> list[Any]:
    if type(value) is not list:
        raise TypeError
    return value


def _named(value: Json, kind: str) -> None:
    """A policy or model: its name, version and digest, nothing else. Raises TypeError or KeyError."""
    name, version = value[kind], value["version"]
    if len(value) != 3 or type(name) is not str or not name or not _DIGEST(value["digest"]):
        raise TypeError
    if type(version) is int:
        if not -LARGEST_INT <= version <= LARGEST_INT:
            raise TypeError
    elif kind == "policy" or type(version) is not str:
        raise TypeError
