"""The ledger: a tree over public envelopes, and sealed payloads."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

from ordain.audit.store.partitions import month_partitions
from ordain.audit.store.sqlite import APPLICATION_ID

revision = "0002"
down_revision = None

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER names SQLite's own row number
_MONTHS = 3


def upgrade() -> None:
    _make()
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    else:
        _make_for_processes()


def _make() -> None:
    op.create_table(
        "entry",
        sa.Column("leaf_index", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "payload",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("key", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "subject_key",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("tag", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("hold", sa.String),
        sa.Column("erase_not_before", sa.String),
    )
    op.create_table(
        "subject_index",
        sa.Column("key", sa.LargeBinary, sa.ForeignKey("subject_key.key"), primary_key=True),
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sqlite_with_rowid=False,
    )
    _make_document()
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("tile_index", sa.BigInteger, primary_key=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("note", sa.String, nullable=False),
    )
    op.create_table(
        "ledger_identity",
        sa.Column("ledger", sa.String, primary_key=True),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("index_key", sa.LargeBinary, nullable=False),
    )


def _make_document() -> None:
    op.create_table(
        "document",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
    of_a_policy = sa.text("kind = 'policy'")
    op.create_index(
        "one_text_per_policy_version",
        "document",
        ["name", "version"],
        unique=True,
        sqlite_where=of_a_policy,
        postgresql_where=of_a_policy,
    )


def _make_for_processes() -> None:
    """PostgreSQL: what several processes need, and the first partitions of the payloads."""
    op.create_table(
        "inbox",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "sequencer",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("term", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.execute("CREATE TABLE payload_default PARTITION OF payload DEFAULT")
    # Sealed bytes do not compress; the parent's setting is that of partitions to come.
    op.execute("ALTER TABLE payload ALTER COLUMN sealed SET STORAGE EXTERNAL")
    month_partitions(op.get_bind(), dt.datetime.now(dt.UTC).date(), _MONTHS)
