"""SQLite: the private part of an entry stands in the entry's row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ordain.audit.limits import LIMITS
from ordain.audit.store.private_parts import KEY, STATE, PrivateParts
from ordain.audit.store.rows import ENTRY, RUN, SUBJECT_KEY

_LAST = f"SELECT max(leaf_index) >> {RUN} FROM entry"  # noqa: S608 - a number of ours
_RUNS = f"WITH RECURSIVE runs(run) AS (SELECT 0 UNION ALL SELECT run + 1 FROM runs WHERE run < ({_LAST}))"  # noqa: S608 - same
_OF_KEY = f"FROM runs CROSS JOIN entry e ON e.leaf_index >> {RUN} = runs.run AND e.key = ?"
_IDS = f"{_RUNS} SELECT e.id {_OF_KEY} ORDER BY e.id"
_SINCE = (
    f"WITH RECURSIVE runs(run) AS (SELECT ?1 >> {RUN} UNION ALL SELECT run + 1 FROM runs WHERE run < ({_LAST}))"  # noqa: S608 - same
    f" SELECT e.leaf_index, e.id FROM runs CROSS JOIN entry e ON e.leaf_index >> {RUN} = runs.run AND e.key = ?2"
    " WHERE e.leaf_index >= ?1 ORDER BY e.leaf_index"
)
_LOSE = f"UPDATE entry SET key = NULL WHERE leaf_index IN ({_RUNS} SELECT e.leaf_index {_OF_KEY})"  # noqa: S608 - same


class InTheEntry(PrivateParts):
    """`entry.sealed` and `entry.key`. The index that leads from a key to its entries is in runs (`rows.RUN`)."""

    records = sa.select(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope, ENTRY.c.sealed, *STATE).select_from(
        ENTRY.outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == ENTRY.c.key)
    )
    stored = sa.select(
        *(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope, ENTRY.c.sealed, ENTRY.c.key.label("named")), *KEY
    ).select_from(ENTRY.outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == ENTRY.c.key))

    def holds(self, column: sa.ColumnElement[bytes], part: bytes) -> sa.ColumnElement[bool]:
        return sa.func.instr(column, part) > 0

    def of_entry(self, entry_id: bytes) -> sa.Select[Any]:
        keyed = ENTRY.outerjoin(SUBJECT_KEY, SUBJECT_KEY.c.key == ENTRY.c.key)
        return sa.select(ENTRY.c.sealed, *STATE).select_from(keyed).where(ENTRY.c.id == entry_id)

    def ids(self, connection: sa.Connection, key: bytes) -> list[bytes]:
        return list(connection.exec_driver_sql(_IDS, (key,)).scalars())

    def ids_since(self, connection: sa.Connection, key: bytes, mark: bytes) -> tuple[list[bytes], bytes]:
        rows = connection.exec_driver_sql(_SINCE, (int.from_bytes(mark), key)).all()
        return [row[1] for row in rows], (rows[-1][0] + 1).to_bytes(8) if rows else mark

    def lose_keys(self, connection: sa.Connection, keys: Sequence[bytes]) -> int:
        return sum(connection.exec_driver_sql(_LOSE, (key,)).rowcount for key in keys)

    def goes(self, stays: sa.Select[bytes]) -> sa.ColumnElement[bool]:
        return sa.and_(ENTRY.c.sealed.is_not(None), sa.or_(ENTRY.c.key.is_(None), ENTRY.c.key.not_in(stays)))

    def remove(self, connection: sa.Connection, ids: Sequence[bytes]) -> int:
        removed = 0
        for start in range(0, len(ids), LIMITS.names_at_once):
            some = sa.update(ENTRY).where(ENTRY.c.id.in_(ids[start : start + LIMITS.names_at_once]))
            removed += connection.execute(some.values(sealed=None, key=None)).rowcount
        return removed

    def forget_unused(self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes]) -> None:
        used = sa.select(ENTRY.c.key).where(ENTRY.c.key.is_not(None))
        unused = sa.delete(SUBJECT_KEY).where(SUBJECT_KEY.c.key.not_in(used), SUBJECT_KEY.c.key.not_in(stays))
        connection.execute(unused)
