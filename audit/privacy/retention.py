"""Retention by age: the private parts of old entries are removed. Their envelopes stay, and every proof with them.

What is about nobody stays, too, and what a legal hold protects.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ordain.audit.entry.entry import Entry, Kind, first_id, new_id, utc
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.audit.store.store import Store
from ordain.engine.errors import NotRecorded


@dataclass(frozen=True, slots=True)
class Retained:
    """`payloads` were removed, `erased` of them had lost their key already; `partitions` were dropped whole."""

    payloads: int
    erased: int
    partitions: int = 0


def retain(opened: OpenLedger, before: dt.datetime, *, private: dict[str, object]) -> Retained:
    """Removes the payloads of entries made before `before`, in steps, each recorded with what it removed.

    Decisions go on meanwhile. Raises NotRecorded; what earlier steps removed is on record then.
    """
    store, total = opened.store, Retained(0, 0)
    stays = _Stays(opened.keyring.tag(None), opened.now().date().isoformat())
    months = store.whole_months(before.date())
    after = b""
    while True:
        month = months.pop(0) if months else None
        try:
            with store.transaction() as connection:
                store.lock_housekeeping(connection)
                store.take_any_time(connection)
                removed, after = _step(store, connection, stays, after, first_id(before), month)
                if removed.payloads:
                    store.private.forget_unused(connection, first_id(before), stays.keys())
                    about = {"before": utc(before), "payloads": removed.payloads, "erased": removed.erased}
                    now = opened.now()
                    entry = Entry(new_id(now), now, Kind.RETENTION, private, about=about)
                    store.add(connection, opened.ledger.prepare(entry))
        except store.failures as error:
            raise NotRecorded(store.explain(error)) from error
        total = Retained(
            total.payloads + removed.payloads, total.erased + removed.erased, total.partitions + removed.partitions
        )
        if month is None and removed.payloads < LIMITS.payloads_at_once:
            break
    if total.payloads:
        store.empty_log()
    return total


def _step(
    store: Store, connection: sa.Connection, stays: _Stays, after: bytes, before: bytes, month: str | None
) -> tuple[Retained, bytes]:
    """What was removed, and the id that the next step goes on after."""
    if month is None:
        step = store.private.remove(connection, after, before, stays.keys(), LIMITS.payloads_at_once)
        return Retained(step.payloads, step.erased), step.last
    removed, erased = store.drop_month(connection, month, stays.keys())
    return Retained(removed, erased, 1), after


@dataclass(frozen=True, slots=True)
class _Stays:
    """What stays whatever its age: what is about nobody, and who is held, or restricted until a later day."""

    house: bytes
    today: str

    def keys(self) -> sa.Select[bytes]:
        columns = SUBJECT_KEY.c
        stays = sa.or_(columns.hold.is_not(None), columns.erase_not_before > self.today, columns.tag == self.house)
        return sa.select(columns.key).where(stays)
