"""Signals that are in the ledger: how much of each service is denied or waits for a person, how far it is signed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ordain.api.alerts.measured import Measured, Signal, percent
from ordain.api.limits import LIMITS
from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind, StoredEntry, first_id, time_in, utc
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.told import is_untold
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]
_DECISION = canonical({"kind": Kind.DECISION})[1:-1]


def rates(opened: OpenLedger, now: dt.datetime, started: Mapping[str, str]) -> Iterator[Measured]:
    """Of the services that decided in the last minutes, by the newest entries of that time.

    `started` has the time from which on a service counts that was started again. What can no longer be read, or is
    restricted, does not count. Raises LedgerUnavailable.
    """
    begin = utc(now - dt.timedelta(seconds=LIMITS.alert_window))
    seen: Counter[str] = Counter()
    verdicts: Counter[tuple[str, str]] = Counter()
    for envelope in _newest(opened, first_id(now, -dt.timedelta(seconds=LIMITS.alert_window))):
        service = envelope["service"]
        counts = service and not is_untold(envelope) and envelope["time"] >= max(begin, started.get(service, ""))
        if counts and envelope["kind"] == Kind.DECISION:
            seen[service] += 1
            verdicts[service, envelope["outcome_class"]] += 1
    for service, count in seen.items():
        for signal, verdict in ((Signal.DENY_RATE, Verdict.DENY), (Signal.REVIEW_RATE, Verdict.REVIEW)):
            yield Measured(signal, service, percent(verdicts[service, verdict], count), count)


def lag(opened: OpenLedger, now: dt.datetime) -> Measured:
    """Since how many seconds an entry waits that no checkpoint covers; 0 if none does. Raises LedgerUnavailable."""
    newest = opened.checkpointer.newest()
    signed, size = newest.size if newest else 0, opened.reader.size()
    waiting = [time_in(entry.id.bytes) for entry in opened.reader.entries(signed, min(signed + 1, size))]
    waiting += [time_in(entry_id) for entry_id, _ in opened.store.waiting()]
    seconds = max((now - min(waiting)).total_seconds(), 0) if waiting else 0
    return Measured(Signal.LEDGER_LAG, None, Decimal(int(seconds)), 1)


def _newest(opened: OpenLedger, first: bytes) -> Iterator[Json]:
    """The envelopes of the newest decisions, with what is told beside; older ones than that id are not opened."""
    reader, size = opened.reader, opened.reader.size()
    newest = reader.told(max(0, size - LIMITS.alert_entries), size, lambda entry: _may_count(entry, first))
    yield from (record.envelope for record in newest)
    yield from (reader.told_of(entry).envelope for entry in reader.waiting() if _may_count(entry, first))


def _may_count(entry: StoredEntry, first: bytes) -> bool:
    return _DECISION in entry.envelope and entry.id.bytes >= first
