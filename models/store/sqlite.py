"""A feature store in a SQLite file.

Write-ahead log with synchronous=FULL: a commit returns after its bytes were flushed to the disk, and readers never wait
for the writer (https://www.sqlite.org/wal.html). What is deleted is overwritten (secure_delete), because erasing a
person is to leave nothing in the file. Values that can be worked out again are kept without a flush of their own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ordain.engine.errors import FeaturesUnavailable, SettingsError, reason_of
from ordain.models.features.computing import Record
from ordain.models.features.definition import SNAPSHOT
from ordain.models.limits import LIMITS
from ordain.models.store.database import Database, EntityLine, EventLine, KeptLine, Known, SnapshotLine, Writing
from ordain.models.store.pool import Pool

APPLICATION_ID = 0x4F524446
"""Marks the file as a feature store of Ordain ("ORDF"): https://www.sqlite.org/pragma.html#pragma_application_id."""

_KNOWN = """SELECT e.first_known, e.stamp, k.stamp, k.definitions, k.as_of, k.records, k.features
FROM entity e LEFT JOIN kept k ON k.subject = e.subject WHERE e.subject = ?"""
_SOURCES = "(SELECT value FROM json_each(?2))"
_RECORDS = f"""SELECT kind, happened, known, id, fields FROM event WHERE subject = ?1 AND kind IN {_SOURCES}
UNION ALL SELECT '{SNAPSHOT}' || source, happened, known, '', fields FROM snapshot
WHERE subject = ?1 AND '{SNAPSHOT}' || source IN {_SOURCES}"""  # noqa: S608 - nothing of a caller's in it
_EVENTS = "SELECT subject, id, kind, happened, known, fields FROM event WHERE id IN (SELECT value FROM json_each(?))"
_SNAPSHOTS = """SELECT s.subject, s.source, s.happened, s.known, s.fields FROM json_each(?) j JOIN snapshot s
ON s.subject = json_extract(j.value, '$[0]') AND s.source = json_extract(j.value, '$[1]')
AND s.happened = json_extract(j.value, '$[2]')"""
_TOUCH = """INSERT INTO entity (subject, first_known, last_known, stamp) VALUES (?, ?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET first_known = min(first_known, excluded.first_known),
last_known = max(last_known, excluded.last_known), stamp = excluded.stamp"""
_ADD = "INSERT OR IGNORE INTO event (subject, id, kind, happened, known, fields) VALUES (?, ?, ?, ?, ?, ?)"
_PUT = "INSERT OR IGNORE INTO snapshot (subject, source, happened, known, fields) VALUES (?, ?, ?, ?, ?)"
_KEEP = """INSERT OR REPLACE INTO kept (subject, stamp, definitions, as_of, records, features)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM entity WHERE subject = ?1 AND stamp = ?2)"""
_BULK = f"""SELECT subject, kind, happened, known, id, fields FROM event
WHERE subject IN (SELECT value FROM json_each(?1)) AND kind IN {_SOURCES}
UNION ALL SELECT subject, '{SNAPSHOT}' || source, happened, known, '', fields FROM snapshot
WHERE subject IN (SELECT value FROM json_each(?1)) AND '{SNAPSHOT}' || source IN {_SOURCES}"""  # noqa: S608 - as above
_ENTITIES = """SELECT subject, first_known, last_known, stamp FROM entity
WHERE subject IN (SELECT value FROM json_each(?))"""

_FAULTS = {
    "SQLITE_BUSY": ("is locked by another connection", "find the process that holds a write transaction open"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "make room on the disk that holds it"),
    "SQLITE_READONLY": ("is read-only", "give this process write access to the file and its folder"),
    "SQLITE_CANTOPEN": ("cannot be opened", "check that it is a file, and the rights on it and its folder"),
    "SQLITE_NOTADB": ("is not a SQLite database", "check the path, or restore the file from a backup"),
    "SQLITE_CORRUPT": ("is damaged", "restore the file from a backup"),
    "SQLITE_IOERR": ("cannot be read or written: the disk failed", "check the disk and the system's log"),
}


class SqliteDatabase(Database):
    """`path` is the file; it and its folder are made when missing. Several processes may open it, each after its fork.

    `busy_seconds` is how long a statement waits for another connection's write transaction. Raises SettingsError for a
    file that is something else, FeaturesUnavailable for one that cannot be opened.
    """

    failures = (SQLAlchemyError, sqlite3.Error)

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self.path, self.name, self.busy_seconds = path.absolute(), path.name, busy_seconds
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch(mode=0o600)
        except OSError as error:
            raise SettingsError(
                f"the feature store `{self.path}` cannot be made: {reason_of(error)}",
                "check the path and the rights on its folder",
            ) from None
        self.engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.NullPool)
        sa.event.listen(self.engine, "begin", _begin_as_told)
        self._readers = Pool(self._connect)
        self._writers = Pool(self._connect)
        self._keepers = Pool(self._keeper)
        self._writes = Lock()
        self.guarded(self._mark)
        self._file = self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _check_file(self) -> None:
        """Connections go on with a file that has no name any more: what they took in would be in no file."""
        if self._identity() != self._file:
            raise FeaturesUnavailable(
                f"the file of the feature store `{self.name}` was removed, or replaced by another one, while open",
                "put it back, and start again what has it open",
            )

    def _mark(self) -> None:
        with self._writers.lent() as driver:
            found = driver.execute("PRAGMA application_id").fetchone()[0]
            tables = driver.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            if found not in (0, APPLICATION_ID) or (found == 0 and tables):
                raise SettingsError(
                    f"`{self.name}` is another program's database, no feature store", "name a file of its own"
                )
            if not found:
                driver.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        self._check_file()
        with self._writes, self._writers.lent() as driver:
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteWriting(driver)
            except BaseException:
                driver.rollback()
                raise
            driver.commit()

    def known(self, subject: str) -> Known | None:
        self._check_file()
        with self._readers.lent() as driver:
            row = driver.execute(_KNOWN, (subject,)).fetchone()
        return None if row is None else Known(*row)

    def records(self, subject: str, sources: Sequence[str]) -> list[Record]:
        with self._readers.lent() as driver:
            return [Record(*row) for row in driver.execute(_RECORDS, (subject, _json(sources)))]

    def keep(self, rows: Sequence[KeptLine], *, wait: bool = False) -> None:
        if wait:
            with self._writes, self._writers.lent() as driver:
                driver.execute("BEGIN IMMEDIATE")
                driver.executemany(_KEEP, rows)
                driver.commit()
            return
        with self._keepers.lent() as driver:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # somebody writes: what is not kept is worked out again
            driver.executemany(_KEEP, rows)
            driver.commit()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        self._check_file()
        with self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            yield connection

    def bulk_records(self, sources: Sequence[str], subjects: Sequence[str]) -> Iterator[Sequence[tuple[Any, ...]]]:
        with self._readers.lent() as driver:
            found = driver.execute(_BULK, (_json(subjects), _json(sources)))
            while rows := found.fetchmany(LIMITS.rows_at_once):
                yield rows

    def entities(self, subjects: Sequence[str]) -> list[EntityLine]:
        self._check_file()
        with self._readers.lent() as driver:
            return [EntityLine(*row) for row in driver.execute(_ENTITIES, (_json(subjects),))]

    def scrub(self) -> None:
        """Moves the log into the file and empties it: secure_delete has overwritten the rows in the file itself."""
        until = monotonic() + self.busy_seconds
        with self._writers.lent() as driver:
            while driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if monotonic() > until:
                    raise FeaturesUnavailable(
                        f"the log of the feature store `{self.name}` is still being read, so what was erased is in it",
                        "erase again",
                    )
                sleep(0.01)

    def lock_founding(self, connection: sa.Connection) -> None:
        """The transaction has the write lock already."""

    def explain(self, error: Exception) -> FeaturesUnavailable:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorname", "")
        for known, (what, hint) in _FAULTS.items():
            if code == known or code.startswith(f"{known}_"):
                return FeaturesUnavailable(f"the feature store `{self.name}` {what}", hint)
        return FeaturesUnavailable(f"the feature store `{self.name}` failed: {cause}", "check the file and its disk")

    def close(self) -> None:
        for pool in (self._readers, self._writers, self._keepers):
            pool.close()
        self.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        driver = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            mode = _write_ahead(driver, self.busy_seconds)
            driver.execute("PRAGMA synchronous = FULL")
            driver.execute("PRAGMA secure_delete = ON")
        except BaseException:
            driver.close()
            raise
        if mode != "wal":
            driver.close()
            raise SettingsError(
                f"the file system of `{self.name}` has no write-ahead log (SQLite's journal mode stays `{mode}`)",
                "keep the feature store on a local disk",
            )
        return driver

    def _keeper(self) -> sqlite3.Connection:
        """Neither flushes nor waits: in WAL mode a power failure can take its last commits, and damages nothing."""
        driver = self._connect()
        driver.execute("PRAGMA synchronous = NORMAL")
        driver.execute("PRAGMA busy_timeout = 0")
        return driver


class _SqliteWriting:
    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def events(self, ids: Sequence[str]) -> dict[str, EventLine]:
        return {row[1]: EventLine(*row) for row in self._driver.execute(_EVENTS, (_json(ids),))}

    def snapshots(self, keys: Sequence[tuple[str, str, int]]) -> list[SnapshotLine]:
        return [SnapshotLine(*row) for row in self._driver.execute(_SNAPSHOTS, (_json(keys),))]

    def touch(self, entities: Sequence[EntityLine]) -> None:
        self._driver.executemany(_TOUCH, entities)

    def insert_events(self, rows: Sequence[EventLine]) -> int:
        return self._driver.executemany(_ADD, rows).rowcount

    def insert_snapshots(self, rows: Sequence[SnapshotLine]) -> int:
        return self._driver.executemany(_PUT, rows).rowcount


def _write_ahead(driver: sqlite3.Connection, seconds: float) -> str:
    """Sets the journal mode, which stays in the file: SQLite answers "busy" here without waiting for others."""
    until = monotonic() + seconds
    while True:
        with suppress(sqlite3.OperationalError):
            return str(driver.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        if monotonic() > until:
            return str(driver.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        sleep(0.01)


def _begin_as_told(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _json(values: Sequence[object]) -> str:
    return orjson.dumps(values).decode()
