"""The rows of the feature store's tables as SQLModel classes; in PostgreSQL they stand in the schema `features`.

Times are whole microseconds since 1970-01-01T00:00Z: both databases compare them exactly. Texts compare by their bytes.
A subject's records stand together, so that all of one subject is read at once. None of these tables is in the metadata
of the ledger's.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, Index, SQLModel

VERSION = 1
"""Of these tables. It stands in the database."""
SCHEMA = "features"
"""Where they are in PostgreSQL: the connections look nowhere else."""

FEATURES = sa.MetaData()

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.BigInteger
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER names SQLite's own row number


class EntityRow(SQLModel, table=True):
    """A subject. `stamp` is another one each time that something becomes known of it."""

    metadata = FEATURES
    __tablename__ = "entity"
    __table_args__ = {"sqlite_with_rowid": False}
    subject: str = Field(primary_key=True, sa_type=_TEXT)
    first_known: int = Field(sa_type=_TIME)
    last_known: int = Field(sa_type=_TIME)
    stamp: int = Field(sa_type=_TIME)


class EventRow(SQLModel, table=True):
    """An event; `fields` is canonical JSON, in which numbers are texts."""

    metadata = FEATURES
    __tablename__ = "event"
    __table_args__ = (Index("event_by_id", "id", unique=True), {"sqlite_with_rowid": False})
    subject: str = Field(primary_key=True, sa_type=_TEXT)
    id: str = Field(primary_key=True, sa_type=_TEXT)
    kind: str = Field(sa_type=_TEXT)
    happened: int = Field(sa_type=_TIME)
    known: int = Field(sa_type=_TIME)
    fields: str = Field(sa_type=_TEXT)


class SnapshotRow(SQLModel, table=True):
    """The state of a subject in a source. What is corrected later stands beside it, with a later `known`."""

    metadata = FEATURES
    __tablename__ = "snapshot"
    __table_args__ = {"sqlite_with_rowid": False}
    subject: str = Field(primary_key=True, sa_type=_TEXT)
    source: str = Field(primary_key=True, sa_type=_TEXT)
    happened: int = Field(primary_key=True, sa_type=_TIME)
    known: int = Field(primary_key=True, sa_type=_TIME)
    fields: str = Field(sa_type=_TEXT)


class KeptRow(SQLModel, table=True):
    """All features of a subject as of a moment, as JSON: by name what was settled, and until when it holds.

    They hold while the subject has that `stamp`, for definitions of that digest. `records` is how many there were.
    """

    metadata = FEATURES
    __tablename__ = "kept"
    __table_args__ = {"sqlite_with_rowid": False}
    subject: str = Field(primary_key=True, sa_type=_TEXT)
    stamp: int = Field(sa_type=_TIME)
    definitions: str = Field(sa_type=_TEXT)
    as_of: int = Field(sa_type=_TIME)
    records: int = Field(sa_type=_TIME)
    features: str = Field(sa_type=_TEXT)


class QuarantineRow(SQLModel, table=True):
    """A line of a file that could not be taken in; `reasons` is a JSON list."""

    metadata = FEATURES
    __tablename__ = "quarantine"
    number: int | None = Field(default=None, primary_key=True, sa_type=_COUNT)
    file: str = Field(sa_type=_TEXT)
    line: int = Field(sa_type=_TIME)
    raw: str = Field(sa_type=_TEXT)
    reasons: str = Field(sa_type=_TEXT)
    at: int = Field(sa_type=_TIME)
    subject: str | None = Field(default=None, sa_type=_TEXT, nullable=True)


class VersionRow(SQLModel, table=True):
    """One row: the version of the tables."""

    metadata = FEATURES
    __tablename__ = "feature_store"
    version: int = Field(primary_key=True, sa_type=_COUNT, sa_column_kwargs={"autoincrement": False})


ENTITY, EVENT, SNAPSHOT, KEPT, QUARANTINE, STORE = (
    FEATURES.tables[name] for name in ("entity", "event", "snapshot", "kept", "quarantine", "feature_store")
)
