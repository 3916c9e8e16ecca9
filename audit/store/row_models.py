"""The rows of the ledger's tables as SQLModel classes: what an upgrade must have made, and types for who reads them.

`ordain audit upgrade` compares the database with them. The ledger itself uses the same tables as `audit.store.rows`
says them, without the ORM, which would take longer to load than everything else of a decision; a test holds the two and
the migrations equal.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, Index, SQLModel

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER names SQLite's own row number
_GIVEN = {"autoincrement": False}


class EntryRow(SQLModel, table=True):
    """One leaf of the tree: `id` the 16 bytes of the entry's UUID, `envelope` the bytes that were hashed."""

    __tablename__ = "entry"
    leaf_index: int = Field(primary_key=True, sa_type=_COUNT, sa_column_kwargs=_GIVEN)
    id: bytes = Field(unique=True)
    envelope: bytes


class InboxRow(SQLModel, table=True):
    """PostgreSQL: an entry that is durable and has no place in the order yet (see `audit.store.sequencer`)."""

    __tablename__ = "inbox"
    id: bytes = Field(primary_key=True)
    envelope: bytes


class SequencerRow(SQLModel, table=True):
    """PostgreSQL: one row. `term` grows each time a process becomes the sequencer, `size` counts the leaves."""

    __tablename__ = "sequencer"
    one: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    term: int = Field(sa_type=sa.BigInteger)
    size: int = Field(sa_type=sa.BigInteger)


class PayloadRow(SQLModel, table=True):
    """The sealed private part of an entry. `key` names the key that opens it, and is NULL once that is destroyed.

    On PostgreSQL in partitions of a month each: an entry's id begins with its time.
    """

    __tablename__ = "payload"
    __table_args__ = {"postgresql_partition_by": "RANGE (id)"}
    id: bytes = Field(primary_key=True)
    key: bytes | None
    sealed: bytes


class SubjectKeyRow(SQLModel, table=True):
    """A subject's data key, wrapped by the master key, found by the subject's tag (see `audit.entry.keys`).

    `hold` names the entry that says why the subject may not be erased, `erase_not_before` is the date from which one
    who asked for it is.
    """

    __tablename__ = "subject_key"
    key: bytes = Field(primary_key=True)
    tag: bytes = Field(unique=True)
    wrapped: bytes
    hold: str | None = None
    erase_not_before: str | None = None


class SubjectIndexRow(SQLModel, table=True):
    """Which entries are about the subject with that key."""

    __tablename__ = "subject_index"
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True, foreign_key="subject_key.key")
    id: bytes = Field(primary_key=True)


class DocumentRow(SQLModel, table=True):
    """One text that at least one entry refers to (see `audit.entry.documents`)."""

    __tablename__ = "document"
    __table_args__ = (
        Index(
            "one_text_per_policy_version",
            "name",
            "version",
            unique=True,
            sqlite_where=sa.text("kind = 'policy'"),
            postgresql_where=sa.text("kind = 'policy'"),
        ),
    )
    digest: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: bytes


class TileRow(SQLModel, table=True):
    """256 hashes of the tree, all of one level: only full tiles are stored (https://c2sp.org/tlog-tiles)."""

    __tablename__ = "tile"
    level: int = Field(primary_key=True)
    tile_index: int = Field(primary_key=True, sa_type=sa.BigInteger)
    hashes: bytes


class CheckpointRow(SQLModel, table=True):
    """A signed tree head (see `audit.tlog.checkpoint`)."""

    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True, sa_type=_COUNT, sa_column_kwargs=_GIVEN)
    note: str


class IdentityRow(SQLModel, table=True):
    """One row: which ledger this is, the key that signs now, and the wrapped key of the subject tags."""

    __tablename__ = "ledger_identity"
    ledger: str = Field(primary_key=True)
    origin: str
    key: str
    index_key: bytes


MODELS = SQLModel.metadata
"""All of them; those of PostgreSQL alone are `InboxRow` and `SequencerRow`."""
