"""PostgreSQL: the private parts of a month stand in a partition of their own, which is dropped as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ordain.audit.entry.entry import first_id, time_in
from ordain.audit.limits import LIMITS
from ordain.audit.store.private_parts import KEY, STATE, PrivateParts
from ordain.audit.store.rows import ENTRY, INBOX, PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY


class InPartitions(PrivateParts):
    """The tables `payload` and `subject_index`."""

    records = sa.select(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope, PAYLOAD.c.sealed, *STATE).select_from(
        ENTRY.outerjoin(PAYLOAD, PAYLOAD.c.id == ENTRY.c.id).outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
    )
    stored = sa.select(
        *(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope, PAYLOAD.c.sealed, PAYLOAD.c.key.label("named")), *KEY
    ).select_from(
        ENTRY.outerjoin(PAYLOAD, PAYLOAD.c.id == ENTRY.c.id).outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
    )
    stored_waiting = sa.select(
        *(sa.null(), INBOX.c.id, INBOX.c.envelope, PAYLOAD.c.sealed, PAYLOAD.c.key.label("named")), *KEY
    ).select_from(
        INBOX.outerjoin(PAYLOAD, PAYLOAD.c.id == INBOX.c.id).outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
    )

    def holds(self, column: sa.ColumnElement[bytes], part: bytes) -> sa.ColumnElement[bool]:
        return sa.func.position(sa.literal(part, sa.LargeBinary).op("IN")(column)) > 0

    def of_entry(self, entry_id: bytes) -> sa.Select[Any]:
        keyed = PAYLOAD.outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
        return sa.select(PAYLOAD.c.sealed, *STATE).select_from(keyed).where(PAYLOAD.c.id == entry_id)

    def ids(self, connection: sa.Connection, key: bytes) -> list[bytes]:
        wanted = sa.select(SUBJECT_INDEX.c.id).where(SUBJECT_INDEX.c.key == key).order_by(SUBJECT_INDEX.c.id)
        return list(connection.execute(wanted).scalars())

    def ids_since(self, connection: sa.Connection, key: bytes, mark: bytes) -> tuple[list[bytes], bytes]:
        wanted = sa.select(SUBJECT_INDEX.c.id).where(SUBJECT_INDEX.c.key == key, SUBJECT_INDEX.c.id > mark)
        ids = list(connection.execute(wanted.order_by(SUBJECT_INDEX.c.id)).scalars())
        if not ids:
            return ids, mark
        return ids, max(mark, first_id(time_in(ids[-1]), -dt.timedelta(seconds=LIMITS.commits_late)))

    def lose_keys(self, connection: sa.Connection, keys: Sequence[bytes]) -> int:
        entries = 0
        for start in range(0, len(keys), LIMITS.names_at_once):
            some = SUBJECT_INDEX.c.key.in_(keys[start : start + LIMITS.names_at_once])
            ids = sa.select(SUBJECT_INDEX.c.id).where(some)
            theirs = sa.and_(PAYLOAD.c.id.in_(ids), PAYLOAD.c.key.in_(keys))  # whatever the index names
            entries += connection.execute(sa.update(PAYLOAD).where(theirs).values(key=None)).rowcount
            connection.execute(sa.delete(SUBJECT_INDEX).where(some))
        return entries

    def goes(self, stays: sa.Select[bytes]) -> sa.ColumnElement[bool]:
        return sa.and_(PAYLOAD.c.id.is_not(None), sa.or_(PAYLOAD.c.key.is_(None), PAYLOAD.c.key.not_in(stays)))

    def remove(self, connection: sa.Connection, ids: Sequence[bytes]) -> int:
        removed = 0
        for start in range(0, len(ids), LIMITS.names_at_once):
            some = PAYLOAD.c.id.in_(ids[start : start + LIMITS.names_at_once])
            removed += connection.execute(sa.delete(PAYLOAD).where(some)).rowcount
        return removed

    def forget_unused(self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes]) -> None:
        there = sa.select(PAYLOAD.c.id).where(PAYLOAD.c.id == SUBJECT_INDEX.c.id).exists()
        connection.execute(sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.id < before, sa.not_(there)))
        used = sa.select(SUBJECT_INDEX.c.key).where(SUBJECT_INDEX.c.key == SUBJECT_KEY.c.key).exists()
        connection.execute(sa.delete(SUBJECT_KEY).where(sa.not_(used), SUBJECT_KEY.c.key.not_in(stays)))
