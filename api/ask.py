"""Requests read: JSON, or a facts file, to an Ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ordain.api.limits import LIMITS
from ordain.engine.errors import Issue, MalformedRequest, NotThatType, PolicyError, did_you_mean, quoted, reason_of
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import parse
from ordain.engine.values.json_text import read_json
from ordain.engine.values.temporal import date, date_time, fixed_offset
from ordain.engine.values.types import format_raw


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks: `facts` are raw JSON values, numbers as Decimal or int; `at` is now when None.

    `caller` is what the entry says of who asks; nothing for who asks by a command. `may_be_unknown` are facts that are
    not read where no vocabulary has them yet. `on_trial`: nothing is to be recorded.
    """

    service: str
    subject: str
    facts: Mapping[str, object]
    at: dt.datetime | None = None
    caller: Mapping[str, str] | None = None
    may_be_unknown: frozenset[str] = frozenset()
    on_trial: bool = False


_KEYS = ("subject", "facts", "at", "may_be_unknown")


def read_ask(service: str, body: bytes, caller: Mapping[str, str] | None = None) -> Ask:
    """The question that a request's body puts: `{"subject", "facts"?, "at"?, "may_be_unknown"?}`.

    Without `facts` all come from what knows them otherwise: stores, models, defaults. `may_be_unknown` names facts that
    this installation may not know yet, and then does not read. Raises MalformedRequest.
    """
    data = read_json(body, "the request")
    if not isinstance(data, dict):
        raise MalformedRequest(f"the request must be an object, not {format_raw(data)}", _SHAPE)
    for key in data:
        if key not in _KEYS:
            raise MalformedRequest(f"unknown field {quoted(key)}", did_you_mean(key, _KEYS))
    facts = data.get("facts", {})
    if not isinstance(facts, dict):
        raise MalformedRequest(f"`facts` must be an object, not {format_raw(facts)}", _SHAPE)
    # Only an escape can bring half of a surrogate pair into text that was UTF-8.
    make = make_ask if b"\\u" in body else ask_of_text
    ask = make(service, data.get("subject"), facts, data.get("at"), caller)
    named = data.get("may_be_unknown")
    return ask if named is None else replace(ask, may_be_unknown=_names(named))


def _names(named: object) -> frozenset[str]:
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise MalformedRequest(
            f"`may_be_unknown` must be a list of names of facts, not {format_raw(named)}",
            "those that this installation may not know yet, and then does not read",
        )
    return frozenset(named)


_SHAPE = 'for example {"subject": "C-1", "facts": {"churn_risk": 0.85}}'


def make_ask(
    service: str, subject: object, facts: Mapping[str, object], at: object, caller: Mapping[str, str] | None = None
) -> Ask:
    """An Ask of parts that may be anything. Raises MalformedRequest."""
    if not is_encodable(subject, facts):
        raise MalformedRequest("the request contains an invalid Unicode character")
    return ask_of_text(service, subject, facts, at, caller)


def ask_of_text(
    service: str, subject: object, facts: Mapping[str, object], at: object, caller: Mapping[str, str] | None = None
) -> Ask:
    """As `make_ask`, of parts that were text in UTF-8 and so hold no half of a surrogate pair."""
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LIMITS.subject_characters:
        message = f"`subject` must be a text of 1 to {LIMITS.subject_characters} characters, not {format_raw(subject)}"
        raise MalformedRequest(message, "the customer or account that is decided about")
    if at is None:
        return Ask(service, subject, facts, None, caller)
    try:
        if not isinstance(at, str):
            such = "2026-01-31T08:00:00+05:30"
            raise NotThatType(f"{format_raw(at)} is not a date and time with offset such as {such}")
        return Ask(service, subject, facts, _moment(at), caller)
    except NotThatType as error:
        raise MalformedRequest(f"`at`: {error}") from None


_moment = lru_cache(maxsize=LIMITS.times_kept)(date_time)
"""The rows of a table often have one time."""


def day_or_time(text: str | None, zone: dt.tzinfo) -> str | None:
    """The time that a person names at a command: of a day alone its noon, as for examples. Raises MalformedRequest."""
    if text is None or len(text) != len("2026-01-31"):
        return text
    return asked_time(text, zone).isoformat()


def asked_time(text: str, zone: dt.tzinfo) -> dt.datetime:
    """A day (its noon), or a date and time with offset, in `zone`, whose calendar decides. Raises MalformedRequest.

    In the query of an address `+` stands for a space, so a space is read as the sign of an offset.
    """
    try:
        if len(text) == len("2026-01-31"):
            return fixed_offset(dt.datetime.combine(date(text), dt.time(12), zone))
        return fixed_offset(date_time(text.replace(" ", "+")).astimezone(zone))
    except NotThatType as error:
        raise MalformedRequest(f"`at`: {error}", "for example 2026-01-31, or 2026-01-31T08:00:00+05:30") from None
    except OverflowError:
        raise MalformedRequest(f"`at`: `{text[:40]}` is out of the calendar") from None


def is_encodable(*values: object) -> bool:
    """Whether every text in JSON data can be written as UTF-8: an escape may have smuggled in a lone surrogate."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                return False
        elif isinstance(value, Mapping):
            waiting.extend(value.keys())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return True


def read_facts_file(path: Path) -> dict[str, Any]:
    """Facts from a JSON or YAML file, as `--facts` names it. Raises MalformedRequest with the place."""
    try:
        text = bytes_of(path, LIMITS.facts_bytes)
    except OSError as error:
        raise MalformedRequest(f"`{path}` cannot be read: {reason_of(error)}") from None
    if path.suffix.lower() not in (".yaml", ".yml"):
        data = read_json(text, f"`{path.name}`")
    else:
        try:
            data = parse(text, path.name).data()
        except PolicyError as error:
            raise MalformedRequest(error.issues) from None
    if not isinstance(data, dict):
        raise MalformedRequest(Issue(f"`{path.name}` must hold an object of facts, not {format_raw(data)}"))
    return data
