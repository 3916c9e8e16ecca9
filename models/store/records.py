"""What goes into the feature store and comes out of it. Every time has an offset; the store keeps it in UTC.

Two times everywhere: `happened` is when it was so in the world, `known` when we learned of it. What a decision of last
week could know is what was known then, whatever arrived since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from ordain.engine.errors import Issue
from ordain.engine.values.types import Value


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once. `id` is its own: the same event sent again is told by it."""

    id: str
    subject: str
    kind: str
    happened: dt.datetime
    known: dt.datetime
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a subject in one source from `happened` on, in place of the state before; `fields` is all of it."""

    subject: str
    source: str
    happened: dt.datetime
    known: dt.datetime
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A line of a file that could not be taken in, why, and when that was found. `subject` is whom it is about."""

    file: str
    line: int
    raw: str
    reasons: tuple[str, ...]
    at: dt.datetime
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The place in what was given, from 0, of what was not taken, and why."""

    place: int
    issue: Issue


@dataclass(frozen=True, slots=True)
class Added:
    """How many are new, how many were there already, and those that were not taken. All else is durable."""

    added: int
    repeated: int
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A feature's value as of a moment. `stale`: that moment is more than five minutes before the one asked about."""

    value: Value
    as_of: dt.datetime
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """How much there was of somebody who was erased."""

    events: int
    snapshots: int
    features: int
    quarantined: int
