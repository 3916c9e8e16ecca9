"""The tables of the ledger. Migrations make them (see `audit.store.migrations`).

SQLite and PostgreSQL have most of them alike. SQLite has an entry's private part in the entry's own row, PostgreSQL in
the partition of its month: see `audit.store.private_parts`. Partitions and such stand in `row_models` alone: to name
them here would load PostgreSQL's dialect.
"""

from __future__ import annotations

import sqlalchemy as sa

TABLES, IN_POSTGRESQL = sa.MetaData(), sa.MetaData()
RUN = 10
"""SQLite finds a subject's entries by an index in runs of 2**RUN leaves, in each by the key.

An index by the key alone would change another page for nearly every entry of a commit, which takes as long as all the
rest of it. In runs only the few pages of the newest change. Who looks for a key looks into each run.
"""

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER names SQLite's own row number


def _bytes(name: str, *, unique: bool | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False, unique=unique)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


ENTRY = sa.Table(
    "entry",
    TABLES,
    sa.Column("leaf_index", _COUNT, primary_key=True, autoincrement=False),
    _bytes("id", unique=True),
    _bytes("envelope"),
    sa.Column("key", sa.LargeBinary),
    sa.Column("sealed", sa.LargeBinary),
    sa.Index("entry_of_key", sa.text(f"leaf_index >> {RUN}"), "key", sqlite_where=sa.text("key IS NOT NULL")),
)
"""One leaf of the tree a row: `id` the 16 bytes of the entry's UUID, `envelope` the bytes that were hashed.

SQLite alone has the last two columns: `sealed` is the private part, NULL once it was removed by age; `key` names what
opens it, and is NULL once that is destroyed.
"""

INBOX = sa.Table("inbox", IN_POSTGRESQL, sa.Column("id", sa.LargeBinary, primary_key=True), _bytes("envelope"))
"""PostgreSQL: entries that are durable and have no place in the order yet (see `audit.store.sequencer`)."""

SEQUENCER = sa.Table(
    "sequencer",
    IN_POSTGRESQL,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("term", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
)
"""PostgreSQL: one row. `term` grows each time a process becomes the sequencer, `size` counts the leaves."""

PAYLOAD = sa.Table(
    "payload",
    IN_POSTGRESQL,
    sa.Column("id", sa.LargeBinary, primary_key=True),
    sa.Column("key", sa.LargeBinary),
    _bytes("sealed"),
)
"""PostgreSQL: the sealed private parts of entries, a partition for each month: an entry's id begins with its time.

`key` names the key that opens one, and is NULL once that is destroyed.
"""

SUBJECT_KEY = sa.Table(
    "subject_key",
    TABLES,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    _bytes("tag", unique=True),
    _bytes("wrapped"),
    sa.Column("hold", sa.String),
    sa.Column("erase_not_before", sa.String),
    sqlite_with_rowid=False,
)
"""Subjects' data keys, wrapped by the master key, found by the subject's tag (see `audit.entry.keys`).

`hold` names the entry that says why the subject may not be erased, `erase_not_before` is the date from which one who
asked for it is.
"""

SUBJECT_INDEX = sa.Table(
    "subject_index",
    IN_POSTGRESQL,
    sa.Column("key", sa.LargeBinary, sa.ForeignKey(SUBJECT_KEY.c.key), primary_key=True),
    sa.Column("id", sa.LargeBinary, primary_key=True),
)
"""PostgreSQL: which entries are about the subject with that key."""

DOCUMENT = sa.Table(
    "document",
    TABLES,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _bytes("text"),
    sa.Index(
        "one_text_per_policy_version",
        "name",
        "version",
        unique=True,
        sqlite_where=sa.text("kind = 'policy'"),
    ),
)
"""Texts that at least one entry refers to (see `audit.entry.documents`)."""

TILE = sa.Table(
    "tile",
    TABLES,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("tile_index", sa.BigInteger, primary_key=True),
    _bytes("hashes"),
)
"""256 hashes of the tree a row, all of one level: only full tiles are stored (https://c2sp.org/tlog-tiles)."""

CHECKPOINT = sa.Table(
    "checkpoint", TABLES, sa.Column("size", _COUNT, primary_key=True, autoincrement=False), _text("note")
)
"""Signed tree heads (see `audit.tlog.checkpoint`)."""

REQUEST_KEY = sa.Table(
    "request_key",
    TABLES,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    _bytes("request"),
    _bytes("id", unique=True),
    sqlite_with_rowid=False,
)
"""Requests that are decided once: codes of the caller's key and of what was asked, and the entry that came of it.

Both codes take a secret to make (see `audit.ledger.repeats`). The id tells the time, too: rows are removed by it.
"""

IDENTITY = sa.Table(
    "ledger_identity",
    TABLES,
    sa.Column("ledger", sa.String, primary_key=True),
    _text("origin"),
    _text("key"),
    _bytes("index_key"),
)
"""One row: which ledger this is, the key that signs now, and the wrapped key of the subject tags."""

COMMON = (ENTRY, SUBJECT_KEY, DOCUMENT, TILE, CHECKPOINT, REQUEST_KEY, IDENTITY)
"""Those of both, which are all that SQLite has."""

ONLY_POSTGRESQL = (PAYLOAD, SUBJECT_INDEX, INBOX, SEQUENCER)
