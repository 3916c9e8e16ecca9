"""How an event becomes a question to a service: FEEL expressions over `event`, compiled when the file is read.

What an event has not is told: `event.a.b` without `b` is an error. `get value(event.a, "b")` gives null then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from ordain.api.ask import Ask, make_ask
from ordain.api.hooks.hook_event import Event
from ordain.engine.errors import DataQualityIssue, Issue, NotThatType, OrdainError
from ordain.engine.explain.trial import Prepared
from ordain.engine.limits import LIMITS
from ordain.engine.values.decimals import number
from ordain.engine.values.from_json import from_json
from ordain.engine.values.types import Value, kind_of, plain

EVENT = "event"
"""The name that expressions know the event by."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Events of some types, and what is asked for each: `subject` and `facts` by name are expressions."""

    types: tuple[str, ...]
    service: str
    subject: Prepared
    facts: Mapping[str, Prepared]
    when: Prepared | None = None

    def names(self, kind: str) -> bool:
        """Whether it is about events of that type."""
        return any(fnmatchcase(kind, pattern) for pattern in self.types)

    def ask_of(self, event: Event, at: dt.datetime, caller: Mapping[str, str]) -> Ask | None:
        """The question, or None where its `when` does not hold; a fact that comes to null is not sent.

        Raises DataQualityIssue with everything that the event has not, or that cannot be calculated of it,
        MalformedRequest for a subject that is none.
        """
        values = {EVENT: _value_of(event.data)}
        if self.when is not None:
            holds = _valued("when", self.when, values, at)
            if not isinstance(holds, bool):
                raise _wrong("when", self.when, f"gives {_said(holds)}, not a yes/no value")
            if not holds:
                return None
        faults: list[Issue] = []
        found: list[Value] = []
        for name, expression in (("subject", self.subject), *self.facts.items()):
            try:
                found.append(_valued(name, expression, values, at))
            except DataQualityIssue as error:
                faults += error.issues
        if faults:
            raise DataQualityIssue(faults)
        subject, *rest = found
        if not isinstance(subject, str):
            raise _wrong("subject", self.subject, f"gives {_said(subject)}, not a text")
        facts = {name: _raw(value) for name, value in zip(self.facts, rest, strict=True) if value is not None}
        return make_ask(self.service, subject, facts, None, caller)


def _value_of(data: Mapping[str, Any]) -> Value:
    """Raises DataQualityIssue. A number that the engine cannot hold is the text of it, and hurts nobody unread."""
    try:
        return from_json(data)
    except NotThatType:
        pass
    try:
        return from_json(_with_long_numbers_as_text(data))
    except NotThatType as error:
        raise DataQualityIssue(f"the event cannot be read: {error}") from None


def _with_long_numbers_as_text(raw: Any, depth: int = 0) -> Any:
    if depth > LIMITS.value_levels:  # `from_json` says that it is too deep
        return raw
    if isinstance(raw, Mapping):
        return {name: _with_long_numbers_as_text(part, depth + 1) for name, part in raw.items()}
    if isinstance(raw, list):
        return [_with_long_numbers_as_text(part, depth + 1) for part in raw]
    if not isinstance(raw, Decimal):
        return raw
    try:
        return number(raw)
    except NotThatType:
        return str(raw)


def _valued(name: str, expression: Prepared, values: Mapping[str, Value], at: dt.datetime) -> Value:
    """Raises DataQualityIssue, with where it stands in the file."""
    try:
        tried = expression.of(values, at)
    except OrdainError as error:  # too much work, values that are too large
        raise _wrong(name, expression, f"cannot be calculated: {error.message}") from None
    if tried.reasons:
        raise _wrong(name, expression, f"cannot be taken from the event: {tried.reasons[0].message}")
    return tried.value


def _wrong(name: str, expression: Prepared, why: str) -> DataQualityIssue:
    hint = 'for what an event may not have write `get value(event.data, "name")`'
    return DataQualityIssue(Issue(f"`{name}`: `{expression.text}` {why}", hint, expression.span, name))


def _said(value: Value) -> str:
    return "nothing" if value is None else f"a {kind_of(value)}"


def _raw(value: Value) -> Any:
    """As an app would send it: a number stays one, so that it is taken for no text."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, tuple):
        return [_raw(part) for part in value]
    if isinstance(value, Mapping):
        return {name: _raw(part) for name, part in value.items()}
    return plain(value)
