"""Retention by age: the private parts of old entries are removed. Their envelopes stay, and every proof with them.

What is about nobody stays, too, and what a legal hold protects.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ordain.audit.entry.entry import Entry, Kind, first_id, new_id, utc
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.store.rows import PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY
from ordain.audit.store.sqlite import SqliteStore
from ordain.engine.errors import NotRecorded

_AT_ONCE = 20_000  # payloads in one transaction


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
    months = store.months_before(before.date())
    while True:
        name = months.pop(0) if months else None
        try:
            with store.transaction() as connection:
                store.lock_housekeeping(connection)
                store.take_time(connection)
                removed = _step(connection, stays, first_id(before), name)
                if removed.payloads:
                    _forget_subjects(connection, first_id(before), stays)
                    about = {"before": utc(before), "payloads": removed.payloads, "erased": removed.erased}
                    now = opened.now()
                    entry = Entry(new_id(now), now, Kind.RETENTION, private, about=about)
                    store.add(connection, opened.ledger.prepare(entry))
        except store.failures as error:
            raise NotRecorded(store.explain(error)) from error
        total = Retained(
            total.payloads + removed.payloads, total.erased + removed.erased, total.partitions + removed.partitions
        )
        if name is None and removed.payloads < _AT_ONCE:
            break
    if total.payloads and isinstance(store, SqliteStore):
        store.empty_log()
    return total


def _step(connection: sa.Connection, stays: _Stays, first_kept: bytes, month: str | None) -> Retained:
    return _remove(connection, first_kept, stays) if month is None else _drop_month(connection, month, stays)


@dataclass(frozen=True, slots=True)
class _Stays:
    """What stays whatever its age: what is about nobody, and who is held, or restricted until a later day."""

    house: bytes
    today: str

    def keys(self) -> sa.Select[bytes]:
        columns = SUBJECT_KEY.c
        stays = sa.or_(columns.hold.is_not(None), columns.erase_not_before > self.today, columns.tag == self.house)
        return sa.select(columns.key).where(stays)


def _remove(connection: sa.Connection, first_kept: bytes, stays: _Stays) -> Retained:
    """Some of what is old enough, oldest first."""
    goes = sa.or_(PAYLOAD.c.key.is_(None), PAYLOAD.c.key.not_in(stays.keys()))
    old = sa.select(PAYLOAD.c.id, PAYLOAD.c.key).where(PAYLOAD.c.id < first_kept, goes)
    rows = connection.execute(old.order_by(PAYLOAD.c.id).limit(_AT_ONCE)).all()
    if not rows:
        return Retained(0, 0)
    removed = connection.execute(sa.delete(PAYLOAD).where(PAYLOAD.c.id <= rows[-1][0], goes)).rowcount
    return Retained(removed, sum(key is None for _, key in rows))


def _drop_month(connection: sa.Connection, name: str, stays: _Stays) -> Retained:
    """PostgreSQL: drops the partition of a month, and puts back the few rows that stay."""
    connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")  # nothing comes after it was counted
    part = sa.table(name, sa.column("id"), sa.column("key"), sa.column("sealed"))
    kept = sa.select(part.c.id, part.c.key, part.c.sealed).where(part.c.key.in_(stays.keys()))
    stay = connection.execute(kept).all()
    count, keyed = connection.execute(sa.select(sa.func.count(), sa.func.count(part.c.key)).select_from(part)).one()
    connection.exec_driver_sql(f"DROP TABLE {name}")
    if stay:
        connection.execute(sa.insert(PAYLOAD), [row._asdict() for row in stay])
    return Retained(count - len(stay), count - keyed, 1)


def _forget_subjects(connection: sa.Connection, first_kept: bytes, stays: _Stays) -> None:
    """Removes the index rows of removed payloads, and the keys of subjects that no entry is left of."""
    there = sa.select(PAYLOAD.c.id).where(PAYLOAD.c.id == SUBJECT_INDEX.c.id).exists()
    connection.execute(sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.id < first_kept, sa.not_(there)))
    used = sa.select(SUBJECT_INDEX.c.key).where(SUBJECT_INDEX.c.key == SUBJECT_KEY.c.key).exists()
    connection.execute(sa.delete(SUBJECT_KEY).where(sa.not_(used), SUBJECT_KEY.c.key.not_in(stays.keys())))
