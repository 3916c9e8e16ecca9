"""Events for who asks: a page of those after a place in the log; they do not say about whom."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from uuid import UUID

from ordain.api.access.caller import LOCAL, Caller
from ordain.api.events.event import events_of, fitting
from ordain.api.events.further import further_of
from ordain.api.limits import LIMITS
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.errors import MalformedRequest, quoted

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of one of the `types`, in which `*` is any letters, and of one of the `services`, if any.

    A `caller` of some services is told of entries of these alone. Raises MalformedRequest for a type that there is not.
    """

    types: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    caller: Caller = LOCAL

    def __post_init__(self) -> None:
        for pattern in self.types:
            fitting(pattern)

    def fits(self, kind: str, service: str | None) -> bool:
        """Whether an event of that type and service is wanted."""
        named = not self.types or any(fnmatchcase(kind, pattern) for pattern in self.types)
        return named and (not self.services or service in self.services) and self.caller.may_ask(service)


class Page(NamedTuple):
    """`after` is the last leaf that was looked at, to go on after; `ended` that there is no more at this moment."""

    events: list[Json]
    after: int
    ended: bool


def page_of(opened: OpenLedger, after: int, wanted: Wanted, most: int = LIMITS.events_page) -> Page:
    """At most so many events after a leaf, of so many entries as one look takes; those of one entry are not parted.

    Raises LedgerUnavailable.
    """
    reader, origin = opened.reader, opened.identity.origin
    events: list[Json] = []
    looked = after
    for record in reader.told(after + 1, after + 1 + LIMITS.events_looked):
        looked = record.entry.leaf_index if record.entry.leaf_index is not None else looked
        events += events_of(record, origin, further_of(record.envelope, reader.past), wanted.fits)
        if len(events) >= most:
            break
    return Page(events, looked, len(events) < most and looked < after + LIMITS.events_looked)


def leaf_of(opened: OpenLedger, text: str, caller: Caller = LOCAL) -> int:
    """The leaf that a caller names, by its number, as in `sequence`, or by its entry's id. Raises MalformedRequest.

    A number beyond the log's end is of another ledger, or of one that was restored: who went on there would miss all.
    """
    if text.isascii() and text.isdigit() and len(text) <= 16:
        leaf = int(text)
        if leaf < opened.reader.size():
            return leaf
    else:
        try:
            entry = opened.reader.entry(UUID(text))
        except ValueError:
            entry = None
        if entry is not None and entry.leaf_index is not None and caller.may_ask(entry.read()["service"]):
            return entry.leaf_index
    hint = "give the `sequence` or the `id` of the last event that you have"
    raise MalformedRequest(f"{quoted(text[:60])} is no event of this ledger", hint)
