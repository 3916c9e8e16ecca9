"""Facts that the ledger knows by itself: when somebody was offered something last, and how often.

They are those that `limits` of an intervention read, under the names that these have for them: `last_offer_on` and
`offers_last_90_days` for a decision `offer`. An offer is a decision on record that was neither denied nor left to a
person, and that gave something else than the policy's `otherwise`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader, Record, Status
from ordain.engine.fact_store import Kept
from ordain.engine.policy.counted_facts import counted
from ordain.engine.policy.kinds.frequency import gives_same
from ordain.engine.policy.model import Table, Verdict


class _NotKnown(Exception):
    """What is on record does not say it: a part of it may not be read, or is no longer there."""


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """A store of facts, read from the records about the subject that is decided about, and from no others."""

    reader: Reader
    zone: ZoneInfo

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> Mapping[str, Kept]:
        """Raises LedgerUnavailable. Nothing of somebody whose records are restricted, or only partly there."""
        wanted = {name: parts for name in names if (parts := counted(name)) is not None}
        offers: dict[str, _Offers] = {}
        found: dict[str, Kept] = {}
        for name, (decision, days) in wanted.items():
            if decision not in offers:
                offers[decision] = _Offers(_given(self.reader, subject, decision, at))
            try:
                value = offers[decision].last(self.zone) if days is None else offers[decision].since(at, days)
            except _NotKnown:
                continue
            found[name] = Kept(value, at)
        return found


@dataclass(slots=True)
class _Offers:
    """The times of offers, newest first, read no further than they are asked for."""

    coming: Iterator[dt.datetime]
    read: list[dt.datetime] = field(default_factory=list)
    is_cut: bool = False

    def last(self, zone: ZoneInfo) -> str | None:
        """The day of the last one, there."""
        newest = next(self._all(), None)
        return None if newest is None else newest.astimezone(zone).date().isoformat()

    def since(self, at: dt.datetime, days: int) -> int:
        first = at - dt.timedelta(days=days)
        count = 0
        for time in self._all():
            if time <= first:
                break
            count += 1
        return count

    def _all(self) -> Iterator[dt.datetime]:
        yield from self.read
        try:
            for time in self.coming:
                self.read.append(time)
                yield time
        except _NotKnown:
            self.is_cut = True
        if self.is_cut:  # what follows is not known, however often it is asked for
            raise _NotKnown


def _given(reader: Reader, subject: str, decision: str, at: dt.datetime) -> Iterator[dt.datetime]:
    """When a subject was given something by that decision, newest first. Raises _NotKnown, LedgerUnavailable."""
    looked_at = 0
    for looked_at, record in enumerate(reader.newest_of(subject, LIMITS.offers_read), start=1):  # noqa: B007 - see below
        envelope = record.envelope
        if envelope["kind"] != Kind.DECISION or "plan" not in envelope or envelope.get("about", {}).get("as_of"):
            continue
        full = reader.past.in_full(envelope)
        plan = reader.past.plan(full)
        if not any(isinstance(each, Table) and each.name == decision for each in plan.by_number):
            continue
        time = dt.datetime.fromisoformat(envelope["time"])
        if time > at:
            continue
        if record.private is None or record.status is not Status.READABLE:
            raise _NotKnown
        if record.private["verdict"] in (None, Verdict.PERMIT) and _acts(record, plan.by_number, decision):
            yield time
    if looked_at >= LIMITS.offers_read:
        raise _NotKnown


def _acts(record: Record, decisions: Any, decision: str) -> bool:
    """Whether a rule fired that gives something else than `otherwise`."""
    for number, _, *table in (record.private or {})["steps"]:
        of = decisions[number]
        if of.name == decision and isinstance(of, Table) and len(table) > 1:
            return any(not gives_same(of.rules[position].gives, of.otherwise) for position in table[1])
    return False
