"""The rows of the ledger's tables as SQLModel classes: what an upgrade must have made, and types for who reads them.

`ordain audit upgrade` compares the database with them. The ledger itself uses the same tables as `audit.store.rows`
says them, without the ORM, which would take longer to load than everything else of a decision; a test holds the two and
the migrations equal.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, Index, SQLModel

from ordain.audit.store.rows import RUN

IN_POSTGRESQL = sa.MetaData()
"""What PostgreSQL has otherwise than SQLite, or alone."""

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER names SQLite's own row number
_GIVEN = {"autoincrement": False}


class EntryRow(SQLModel, table=True):
    """SQLite: one leaf of the tree, with its private part.

    `id` are the 16 bytes of the entry's UUID, `envelope` the bytes that were hashed. `sealed` is NULL once it was
    removed by age; `key` names the key that opens it, and is NULL once that is destroyed.
    """

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_of_key", sa.text(f"leaf_index >> {RUN}"), "key", sqlite_where=sa.text("key IS NOT NULL")),
    )
    leaf_index: int = Field(primary_key=True, sa_type=_COUNT, sa_column_kwargs=_GIVEN)
    id: bytes = Field(unique=True)
    envelope: bytes
    key: bytes | None
    sealed: bytes | None


class LeafRow(SQLModel, table=True):
    """PostgreSQL: one leaf of the tree."""

    metadata = IN_POSTGRESQL
    __tablename__ = "entry"
    leaf_index: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs=_GIVEN)
    id: bytes = Field(unique=True)
    envelope: bytes


class InboxRow(SQLModel, table=True):
    """PostgreSQL: an entry that is durable and has no place in the order yet (see `audit.store.sequencer`)."""

    metadata = IN_POSTGRESQL
    __tablename__ = "inbox"
    id: bytes = Field(primary_key=True)
    envelope: bytes


class SequencerRow(SQLModel, table=True):
    """PostgreSQL: one row. `term` grows each time a process becomes the sequencer, `size` counts the leaves."""

    metadata = IN_POSTGRESQL
    __tablename__ = "sequencer"
    one: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    term: int = Field(sa_type=sa.BigInteger)
    size: int = Field(sa_type=sa.BigInteger)


class PayloadRow(SQLModel, table=True):
    """PostgreSQL: the sealed private part of an entry, in the partition of its month.

    `key` names the key that opens it, and is NULL once that is destroyed.
    """

    metadata = IN_POSTGRESQL
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
    __table_args__ = {"sqlite_with_rowid": False}
    key: bytes = Field(primary_key=True)
    tag: bytes = Field(unique=True)
    wrapped: bytes
    hold: str | None = None
    erase_not_before: str | None = None


_KEYS = SQLModel.metadata.tables["subject_key"]


class SubjectIndexRow(SQLModel, table=True):
    """PostgreSQL: which entries are about the subject with that key."""

    metadata = IN_POSTGRESQL
    __tablename__ = "subject_index"
    key: bytes = Field(sa_column=sa.Column(sa.LargeBinary, sa.ForeignKey(_KEYS.c.key), primary_key=True))
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


class RequestKeyRow(SQLModel, table=True):
    """A request that is decided once: codes of the caller's key and of what was asked, and the entry that came of it.

    Both codes take a secret to make (see `audit.ledger.repeats`). The id tells the time, too: rows are removed by it.
    """

    __tablename__ = "request_key"
    __table_args__ = {"sqlite_with_rowid": False}
    digest: bytes = Field(primary_key=True)
    request: bytes
    id: bytes = Field(unique=True)


class IdentityRow(SQLModel, table=True):
    """One row: which ledger this is, the key that signs now, and the wrapped key of the subject tags."""

    __tablename__ = "ledger_identity"
    ledger: str = Field(primary_key=True)
    origin: str
    key: str
    index_key: bytes


MODELS = SQLModel.metadata
"""Those of SQLite; PostgreSQL has its own `entry`, and `IN_POSTGRESQL` beside the others."""
