"""Where entries are stored: the tables, and the SQLite database that holds them.

Write-ahead log with synchronous=FULL: a commit returns after its bytes were flushed to the disk, and readers
never wait for the writer (https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from time import sleep

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlmodel import Field, Index, SQLModel

from audit.failures import FAILURES, explain
from engine.errors import Issue, LedgerUnavailable, OrdainError, SettingsError

SCHEMA_VERSION = 1
"""Held in the file as `PRAGMA user_version`."""

APPLICATION_ID = 0x4F524441
"""Marks the file as an Ordain ledger ("ORDA"): https://www.sqlite.org/pragma.html#pragma_application_id."""


class EntryRow(SQLModel, table=True):
    """One entry. `body` is the record; id to subject are an index of it, which `verify` compares with it."""

    __tablename__ = "entry"
    seq: int = Field(primary_key=True)
    id: str = Field(unique=True)
    time: str
    kind: str
    service: str | None
    subject: str | None = Field(index=True)
    prev_hash: bytes
    hash: bytes
    body: bytes


class DocumentRow(SQLModel, table=True):
    """One text that at least one entry refers to (see `audit.documents`)."""

    __tablename__ = "document"
    __table_args__ = (
        Index(
            "one_text_per_policy_version",
            "name",
            "version",
            unique=True,
            sqlite_where=sa.text("kind = 'policy'"),
        ),
    )
    digest: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: bytes


ENTRY = SQLModel.metadata.tables["entry"]
DOCUMENT = SQLModel.metadata.tables["document"]


class Store:
    """An open ledger database. Creates the file, its folder and its tables when they are missing.

    `url` is `sqlite:///relative/path` or `sqlite:////absolute/path`; `busy_seconds` is how long a statement
    waits for another connection's write transaction to end. Several processes may open the same file; one
    that forks opens it after the fork (https://www.sqlite.org/howtocorrupt.html, section 2.6).

    Raises SettingsError for another kind of URL and a database that is no ledger or was written by a newer
    Ordain, LedgerUnavailable for a file that cannot be opened or read.
    """

    def __init__(self, url: str, busy_seconds: float = 5.0) -> None:
        self.path = path_of(url).absolute()
        self.busy_seconds = busy_seconds
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch()
        except OSError as error:
            raise SettingsError(
                f"the ledger `{self.path}` cannot be made: {error.strerror}",
                "check the path in `database_url` and the rights on its folder",
            ) from None
        self.engine = sa.create_engine(sa.URL.create("sqlite", database=str(self.path)), creator=self._connect)
        sa.event.listen(self.engine, "connect", _set_up)
        sa.event.listen(self.engine, "begin", _begin)
        try:
            with self.engine.connect() as connection:
                new = _is_new(connection, self.path)
            if new:
                with self.writer() as connection, connection.begin():
                    if _is_new(connection, self.path):  # nobody else made it while this waited for the lock
                        _create(connection)
            self._file = self._file_now()
        except FAILURES as error:
            self.close()
            raise LedgerUnavailable(explain(error, self.path)) from None
        except OrdainError:
            self.close()
            raise

    def writer(self) -> sa.Connection:
        """A connection whose transactions take the write lock when they begin, so none has to be retried.

        It is a fresh one: an idle one may have been opened while the file could only be read.
        """
        self.engine.dispose()
        return self.engine.connect().execution_options(begin="BEGIN IMMEDIATE")

    def missing(self) -> Issue | None:
        """Set when the file that was opened no longer stands at its path: what is written to it is lost."""
        now = self._file_now()
        if now == self._file:
            return None
        what = "was replaced by another file" if now else "was moved or deleted"
        return Issue(f"the ledger `{self.path.name}` {what} while it was in use", "put the file back, or restart")

    def close(self) -> None:
        self.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        # Never creates the file: one that vanishes is not to be followed by an empty ledger.
        uri = f"{self.path.as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=self.busy_seconds, check_same_thread=False)

    def _file_now(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino


def path_of(url: str) -> Path:
    """The file that a database URL names. Raises SettingsError unless it is a plain SQLite file URL."""
    hint = "supported: `sqlite:///folder/ordain.db` (relative) or `sqlite:////folder/ordain.db` (absolute)"
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise SettingsError("`database_url` is not a database URL", hint) from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(f"the ledger cannot be kept in `{parsed.drivername}`", hint)
    file = parsed.database
    if not file or file == ":memory:" or file.startswith("file:") or parsed.host or parsed.query:
        raise SettingsError(f"`{parsed.render_as_string()}` does not name a durable file", hint)
    return Path(file)


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    # SQLAlchemy begins the transactions (`_begin`), not the driver, which would begin them late and deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    mode = _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    if mode != "wal":
        raise SettingsError(
            f"the ledger's file system has no write-ahead log (SQLite's journal mode stays `{mode}`)",
            "keep the ledger on a local disk",
        )


def _write_ahead(cursor: DBAPICursor) -> str:
    """Sets the journal mode, which stays in the file, and returns it.

    While several processes open a new file at once, SQLite answers "busy" here without waiting.
    """
    for attempt in range(1, 11):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == 10:
                raise
            sleep(0.01 * attempt)
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _is_new(connection: sa.Connection, path: Path) -> bool:
    """Whether the file is still empty. Raises SettingsError when it is not a ledger of this version."""

    def pragma(name: str) -> int:
        return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())

    version, application = pragma("user_version"), pragma("application_id")
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if not (version or application or tables):
        return True
    if application != APPLICATION_ID:
        raise SettingsError(
            f"`{path}` is a SQLite database, but not an Ordain ledger", "name another file in `database_url`"
        )
    if version > SCHEMA_VERSION:
        raise SettingsError(
            f"the ledger `{path}` has schema version {version}; this Ordain knows up to {SCHEMA_VERSION}",
            "it was written by a newer Ordain: use that one",
        )
    if version != SCHEMA_VERSION:
        raise SettingsError(f"the ledger `{path}` has the unknown schema version {version}", "restore it")
    return False


def _create(connection: sa.Connection) -> None:
    SQLModel.metadata.create_all(connection, tables=[ENTRY, DOCUMENT])
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
