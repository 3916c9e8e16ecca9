"""SQLite: the sealed payload moves into the entry's row, and what led from a subject to its entries becomes an index.

PostgreSQL stays as it is: its payloads are dropped by the month. All bytes of envelopes and payloads stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ENTRIES = """
INSERT INTO entry (leaf_index, id, envelope, "key", sealed)
SELECT e.leaf_index, e.id, e.envelope, p."key", p.sealed
FROM entry_before e LEFT JOIN payload p ON p.id = e.id ORDER BY e.leaf_index
"""
_KEYS = """
INSERT INTO subject_key ("key", tag, wrapped, hold, erase_not_before)
SELECT "key", tag, wrapped, hold, erase_not_before FROM subject_key_before ORDER BY "key"
"""
_LOST = "SELECT count(*) FROM payload WHERE id NOT IN (SELECT id FROM entry)"
_UNINDEXED = """
SELECT count(*) FROM subject_index i WHERE NOT EXISTS (SELECT 1 FROM payload p WHERE p.id = i.id AND p."key" = i."key")
"""


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    _refuse_losses()
    op.rename_table("entry", "entry_before")
    op.create_table(
        "entry",
        sa.Column("leaf_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
    )
    op.execute(_ENTRIES)
    op.create_index(
        "entry_of_key", "entry", [sa.text("leaf_index >> 10"), "key"], sqlite_where=sa.text("key IS NOT NULL")
    )
    for table in ("subject_index", "payload", "entry_before"):
        op.drop_table(table)
    _move_keys()


def _refuse_losses() -> None:
    """What the new tables have no place for was put there by somebody: it is for `verify` to tell of, not to go."""
    for query in (_LOST, _UNINDEXED):
        if count := op.get_bind().exec_driver_sql(query).scalar():
            raise sa.exc.DatabaseError(query, None, ValueError(f"{count} rows belong to no entry"))


def _move_keys() -> None:
    op.rename_table("subject_key", "subject_key_before")
    op.create_table(
        "subject_key",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("tag", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("hold", sa.String),
        sa.Column("erase_not_before", sa.String),
        sqlite_with_rowid=False,
    )
    op.execute(_KEYS)
    op.drop_table("subject_key_before")
