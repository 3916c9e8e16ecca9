"""The ledger as the outbox: what is to go to an endpoint, read from its entries when it goes.

The methods wait for the database, so an event loop calls them in a thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from ordain.api.events.endpoints import Endpoint
from ordain.api.events.event import DELIVERS, events_of, types_of, with_private
from ordain.api.events.further import further_of, tells
from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.outgoing import outgoing, outgoing_at
from ordain.engine.errors import TextLost
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]
Place = tuple[int, bytes]
"""A leaf, and the line that it stands in (`audit/ledger/outgoing.py:Outgoing`)."""


class Outbox:
    """Of one endpoint. Every method raises LedgerUnavailable."""

    def __init__(self, opened: OpenLedger, endpoint: Endpoint) -> None:
        self._opened, self._endpoint = opened, endpoint
        self._noted = 0.0
        self._noting = threading.Lock()

    def size(self) -> int:
        """How many entries have a place."""
        return self._opened.reader.size()

    def read(self, start: int) -> tuple[list[Place], int]:
        """The wanted ones of the next entries, and the leaf to read on from, which is `start` when there is none."""
        reader, endpoint = self._opened.reader, self._endpoint
        entries = outgoing(self._opened.store, self._opened.keyring, start, LIMITS.events_read)
        wanted = []
        for each in entries:
            envelope = reader.envelope(each.entry)
            if tells(envelope, reader.past):
                envelope = reader.told_of(each.entry).envelope
            kinds = types_of(envelope, further_of(envelope, reader.past))
            if any(endpoint.wants(kind, envelope["service"]) for kind in kinds):
                wanted.append((each.leaf, each.line))
        return wanted, entries[-1].leaf + 1 if entries else start

    def lines(self, leaves: Sequence[int]) -> dict[int, bytes]:
        """The line of each leaf."""
        found = outgoing_at(self._opened.store, self._opened.keyring, leaves)
        return {each.leaf: each.line for each in found}

    def events(self, leaf: int) -> list[Json]:
        """The wanted events of an entry, as the endpoint may have them. What is personal is on record as read by then.

        Raises NotRecorded when that cannot be recorded.
        """
        reader, endpoint = self._opened.reader, self._endpoint
        (found,) = outgoing_at(self._opened.store, self._opened.keyring, [leaf])
        told, origin = reader.told_of(found.entry), self._opened.identity.origin
        events = events_of(told, origin, further_of(told.envelope, reader.past), endpoint.wants)
        if not endpoint.is_personal or not events:
            return events
        record = reader.record(found.entry.id)
        assert record is not None  # noqa: S101 - it was read a moment ago, and no entry goes
        if record.private is not None:
            self._note(told.envelope["id"])
        refused = self._is_refused(record.envelope)
        may = {"subject": endpoint.subjects, "answer": endpoint.answer, "refused": refused}
        return [with_private(event, record, **may) for event in events]

    def _is_refused(self, envelope: Json) -> bool:
        """Whether the outcome of a decision is never handed out; so it is where that can no longer be told."""
        if envelope["outcome_class"] != Verdict.DENY:
            return False
        try:
            service = self._opened.reader.past.service(envelope)
        except TextLost:
            return True
        return service is None or service.refuses

    def _note(self, entry_id: str) -> None:
        """Records that this endpoint is given personal data from here on, once in a stretch of time."""
        with self._noting:
            if self._noted and time.monotonic() - self._noted < LIMITS.event_stretch:
                return
            endpoint = self._endpoint
            given = [
                what for what, is_given in (("answer", endpoint.answer), ("subject", endpoint.subjects)) if is_given
            ]
            about = {
                "action": DELIVERS,
                "endpoint": endpoint.name,
                "from": entry_id,
                "seconds": LIMITS.event_stretch,
            }
            private = {
                "actor": f"endpoint {endpoint.name}",
                "purpose": "events delivered",
                "query": {"place": endpoint.place, "types": list(endpoint.types), "given": given},
                "ids": [entry_id],
            }
            self._opened.note(Kind.READ, about, private)
            self._noted = time.monotonic()
