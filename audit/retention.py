"""Retention by age: the private parts of old entries are removed. Their envelopes stay, and every proof with them.

What is about nobody stays, too, and what a legal hold protects.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from audit.entry import Entry, Kind, first_id, new_id, utc
from audit.open_ledger import OpenLedger
from audit.postgresql import PostgresStore, months_before
from audit.sqlite import SqliteStore
from audit.tables import PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY
from engine.errors import NotRecorded


@dataclass(frozen=True, slots=True)
class Retained:
    """`payloads` were removed, `erased` of them had lost their key already; `partitions` were dropped whole."""

    payloads: int
    erased: int
    partitions: int = 0


def retain(opened: OpenLedger, before: dt.datetime, *, private: dict[str, object]) -> Retained:
    """Removes the payloads of entries made before `before` and records that. Raises NotRecorded."""
    store, first_kept, now = opened.store, first_id(before), opened.now()
    try:
        with store.transaction() as connection:
            if isinstance(store, PostgresStore):
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            house = opened.keyring.tag(None)
            removed = _drop_months(connection, before, house) if isinstance(store, PostgresStore) else Retained(0, 0)
            removed = _remove(connection, first_kept, house, removed)
            if not removed.payloads:
                return removed
            _forget_subjects(connection, first_kept, house)
            about = {"before": utc(before), "payloads": removed.payloads, "erased": removed.erased}
            store.add(connection, opened.ledger.prepare(Entry(new_id(now), now, Kind.RETENTION, private, about=about)))
    except store.failures as error:
        raise NotRecorded(store.explain(error)) from error
    if isinstance(store, SqliteStore):
        store.empty_log()
    return removed


def _kept(house: bytes) -> sa.Select[bytes]:
    """The keys of payloads that stay whatever their age."""
    return sa.select(SUBJECT_KEY.c.key).where(sa.or_(SUBJECT_KEY.c.hold.is_not(None), SUBJECT_KEY.c.tag == house))


def _remove(connection: sa.Connection, first_kept: bytes, house: bytes, so_far: Retained) -> Retained:
    old = PAYLOAD.c.id < first_kept
    erased = connection.execute(sa.delete(PAYLOAD).where(old, PAYLOAD.c.key.is_(None))).rowcount
    others = connection.execute(sa.delete(PAYLOAD).where(old, PAYLOAD.c.key.not_in(_kept(house)))).rowcount
    return Retained(so_far.payloads + erased + others, so_far.erased + erased, so_far.partitions)


def _drop_months(connection: sa.Connection, before: dt.datetime, house: bytes) -> Retained:
    """PostgreSQL: drops the partitions of whole months, and puts back the few rows that stay."""
    payloads = erased = partitions = 0
    for name in months_before(connection, before.date()):
        part = sa.table(name, sa.column("id"), sa.column("key"), sa.column("sealed"))
        stay = connection.execute(
            sa.select(part.c.id, part.c.key, part.c.sealed).where(part.c.key.in_(_kept(house)))
        ).all()
        count, keyed = connection.execute(sa.select(sa.func.count(), sa.func.count(part.c.key)).select_from(part)).one()
        if count == len(stay):
            continue  # it was dropped and put back before, or there is nothing to gain
        connection.exec_driver_sql(f"DROP TABLE {name}")
        if stay:
            connection.execute(sa.insert(PAYLOAD), [row._asdict() for row in stay])
        payloads, erased, partitions = payloads + count - len(stay), erased + count - keyed, partitions + 1
    return Retained(payloads, erased, partitions)


def _forget_subjects(connection: sa.Connection, first_kept: bytes, house: bytes) -> None:
    """Removes the index rows of removed payloads, and the keys of subjects that no entry is left of."""
    held = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.hold.is_not(None))
    connection.execute(
        sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.id < first_kept, SUBJECT_INDEX.c.key.not_in(held))
    )
    used = sa.select(SUBJECT_INDEX.c.key).where(SUBJECT_INDEX.c.key == SUBJECT_KEY.c.key).exists()
    connection.execute(
        sa.delete(SUBJECT_KEY).where(sa.not_(used), SUBJECT_KEY.c.hold.is_(None), SUBJECT_KEY.c.tag != house)
    )
