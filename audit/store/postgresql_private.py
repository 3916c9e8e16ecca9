"""PostgreSQL: the private parts of a month stand in a partition of their own, which is dropped as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ordain.audit.limits import LIMITS
from ordain.audit.store.private_parts import STATE, PrivateParts, Removed
from ordain.audit.store.rows import ENTRY, PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY


class InPartitions(PrivateParts):
    """The tables `payload` and `subject_index`."""

    records = sa.select(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope, PAYLOAD.c.sealed, *STATE).select_from(
        ENTRY.outerjoin(PAYLOAD, PAYLOAD.c.id == ENTRY.c.id).outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
    )

    def of_entry(self, entry_id: bytes) -> sa.Select[Any]:
        keyed = PAYLOAD.outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == PAYLOAD.c.key)
        return sa.select(PAYLOAD.c.sealed, *STATE).select_from(keyed).where(PAYLOAD.c.id == entry_id)

    def ids(self, connection: sa.Connection, key: bytes) -> list[bytes]:
        wanted = sa.select(SUBJECT_INDEX.c.id).where(SUBJECT_INDEX.c.key == key).order_by(SUBJECT_INDEX.c.id)
        return list(connection.execute(wanted).scalars())

    def lose_keys(self, connection: sa.Connection, keys: Sequence[bytes]) -> int:
        entries = 0
        for start in range(0, len(keys), LIMITS.names_at_once):
            some = SUBJECT_INDEX.c.key.in_(keys[start : start + LIMITS.names_at_once])
            ids = sa.select(SUBJECT_INDEX.c.id).where(some)
            entries += connection.execute(sa.update(PAYLOAD).where(PAYLOAD.c.id.in_(ids)).values(key=None)).rowcount
            connection.execute(sa.delete(SUBJECT_INDEX).where(some))
        return entries

    def remove(
        self, connection: sa.Connection, after: bytes, before: bytes, stays: sa.Select[bytes], most: int
    ) -> Removed:
        goes = sa.or_(PAYLOAD.c.key.is_(None), PAYLOAD.c.key.not_in(stays))
        old = sa.select(PAYLOAD.c.id, PAYLOAD.c.key).where(PAYLOAD.c.id > after, PAYLOAD.c.id < before, goes)
        rows = connection.execute(old.order_by(PAYLOAD.c.id).limit(most)).all()
        if not rows:
            return Removed(0, 0, after)
        last = rows[-1][0]
        within = sa.delete(PAYLOAD).where(PAYLOAD.c.id > after, PAYLOAD.c.id <= last, goes)
        removed = connection.execute(within).rowcount
        return Removed(removed, sum(key is None for _, key in rows), last)

    def forget_unused(self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes]) -> None:
        there = sa.select(PAYLOAD.c.id).where(PAYLOAD.c.id == SUBJECT_INDEX.c.id).exists()
        connection.execute(sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.id < before, sa.not_(there)))
        used = sa.select(SUBJECT_INDEX.c.key).where(SUBJECT_INDEX.c.key == SUBJECT_KEY.c.key).exists()
        connection.execute(sa.delete(SUBJECT_KEY).where(sa.not_(used), SUBJECT_KEY.c.key.not_in(stays)))
