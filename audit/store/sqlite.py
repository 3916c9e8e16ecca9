"""A ledger in a SQLite file.

Write-ahead log with synchronous=FULL: a commit returns after its bytes were flushed to the disk, and readers
never wait for the writer (https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous).
What is deleted is overwritten (secure_delete), because erasing a person is to leave nothing in the file.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import cast

import sqlalchemy as sa
from sqlalchemy import NullPool, QueuePool
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import NOT_BY_CALLER, Prepared
from ordain.audit.limits import LIMITS
from ordain.audit.store.failures import SQLITE_FAILURES, explain_sqlite
from ordain.audit.store.finder import Finder
from ordain.audit.store.rows import ENTRY
from ordain.audit.store.sqlite_once import add_once, asked_in
from ordain.audit.store.sqlite_private import InTheEntry
from ordain.audit.store.sqlite_set_up import begin_as_told, set_up
from ordain.audit.store.sqlite_statements import in_list, insert
from ordain.audit.store.sqlite_structure import cookie, planted
from ordain.audit.store.store import (
    AskedBefore,
    EntryRefused,
    KeyMoved,
    Store,
    add_key,
    changed_structure,
    keep_texts,
    new_keys,
)
from ordain.engine.errors import Issue, LedgerUnavailable, NotRecorded, SettingsError, reason_of

APPLICATION_ID = 0x4F524441
"""Marks the file as an Ordain ledger ("ORDA"): https://www.sqlite.org/pragma.html#pragma_application_id."""

_LOG = logging.getLogger("ordain")

_NEXT = "SELECT coalesce(max(leaf_index) + 1, 0) FROM entry"
_KEY = "INSERT INTO subject_key (key, tag, wrapped) VALUES"
_KEYS = "SELECT count(*) FROM subject_key WHERE key"
_TAGS = "SELECT tag, key, wrapped FROM subject_key WHERE tag"
_ENTRY = "INSERT INTO entry (leaf_index, id, envelope, key, sealed) VALUES"


class SqliteStore(Store):
    """`url` is `sqlite:///relative/path` or `sqlite:////absolute/path`; the file, its folder are made when missing.

    `busy_seconds` is how long a statement waits for another connection's write transaction to end. Several
    processes may open the same file; one that forks opens it after the fork
    (https://www.sqlite.org/howtocorrupt.html, section 2.6).

    Raises SettingsError for another kind of URL, LedgerUnavailable for a file that cannot be opened.
    """

    failures: tuple[type[Exception], ...] = SQLITE_FAILURES
    private = InTheEntry()

    def __init__(self, url: str, busy_seconds: float = 5.0) -> None:
        self.path = path_of(url).absolute()
        self.name = self.path.name
        self._log_path = self.path.with_name(f"{self.path.name}-wal")
        self.busy_seconds = busy_seconds
        self._writer: sa.Connection | None = None
        self._cookie: int | None = None
        self._guarded = False
        self._log: tuple[int, int] | None = None
        self._seen: int | None = None
        self._look_again = 0.0
        self._finder = Finder(self._connect, lambda _: False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch(mode=0o600)
        except OSError as error:
            raise SettingsError(
                f"the ledger `{self.path}` cannot be made: {reason_of(error)}",
                "check the path in `database_url` and the rights on its folder",
            ) from None
        # What writes gets a fresh connection: SQLite opens a file without write access for reading, and stays with it.
        self.engine, self._writing = self._pooled(QueuePool), self._pooled(NullPool)
        try:
            with self.engine.connect() as connection:
                _refuse_other(connection, self.path)
        except self.failures as error:
            self.close()
            raise LedgerUnavailable(self.explain(error)) from None
        except SettingsError:
            self.close()
            raise
        self._file = _file(self.path)

    def write(self, entries: Sequence[Prepared], unkept: list[Reference], documents: Iterable[Document]) -> None:
        # On the driver: a transaction through SQLAlchemy costs as much again as all else here but the flush.
        try:
            if unkept:
                with self._connection().begin():
                    self._refuse_planted()
                    keep_texts(self._connection(), unkept, documents)
                    self._insert(self._driver(), entries)
            else:
                driver = self._driver()
                driver.execute("BEGIN IMMEDIATE")
                self._refuse_planted()
                self._insert(driver, entries)
                driver.commit()
            self._log = self._log or _file(self._log_path)
        except AskedBefore:
            self._roll_back()
            raise
        except (KeyMoved, sqlite3.IntegrityError, IntegrityError) as error:
            self._roll_back()
            if len(entries) > 1:
                raise EntryRefused from error
            raise _refusal(error, entries[0]) from error

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self._writing.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            if self._guarded:
                self._check(_driver_of(connection))
            yield connection

    def check_structure(self) -> None:
        self._guarded = True
        with self.reading() as connection:
            self._check(_driver_of(connection))

    def _check(self, driver: sqlite3.Connection) -> None:
        if name := planted(driver):
            raise changed_structure(name)

    def _refuse_planted(self) -> None:
        """Raises NotRecorded in a transaction of the writer's in which something planted would run."""
        if not self._guarded or (now := cookie(self._driver())) == self._cookie:
            return
        if name := planted(self._driver()):
            raise NotRecorded(changed_structure(name).issues)
        self._cookie = now

    def add(self, connection: sa.Connection, entry: Prepared) -> None:
        index = connection.execute(sa.select(sa.func.coalesce(sa.func.max(ENTRY.c.leaf_index) + 1, 0))).scalar_one()
        add_key(connection, entry.data_key)
        row = {"leaf_index": index, "id": entry.id, "envelope": entry.envelope}
        connection.execute(sa.insert(ENTRY), {**row, "key": entry.data_key.key, "sealed": entry.sealed})

    def add_first(self, connection: sa.Connection, entry: Prepared) -> None:
        self.add(connection, entry)

    def lock_founding(self, connection: sa.Connection) -> None:
        """The transaction has the write lock already."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        try:
            held = os.open(self.path.with_name(f"{self.name}.steps"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LedgerUnavailable(f"no lock beside the ledger `{self.path}` can be had: {reason_of(error)}") from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def lock_housekeeping(self, connection: sa.Connection) -> None:
        """The transaction has the write lock already."""

    def envelope(self, connection: sa.Connection, entry_id: bytes) -> tuple[int | None, bytes] | None:
        row = connection.execute(sa.select(ENTRY.c.leaf_index, ENTRY.c.envelope).where(ENTRY.c.id == entry_id)).first()
        return None if row is None else (row[0], row[1])

    def find_keys(self, tags: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        return self._finder.ask(lambda driver: dict(_found(driver, list(tags))))

    def find_asked(self, digests: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        return self._finder.ask(lambda driver: asked_in(driver, list(digests)))

    def flush(self) -> None:
        """Flushes the write-ahead log.

        Who was killed between writing a commit and flushing it leaves one that everybody can read, and that a power
        failure would still take away.
        """
        with suppress(FileNotFoundError):
            log = os.open(self._log_path, os.O_RDONLY)
            try:
                os.fsync(log)
            finally:
                os.close(log)

    def drop_finder(self) -> None:
        self._finder.drop()

    def explain(self, error: Exception) -> Issue:
        return explain_sqlite(error, self.name)

    def missing(self) -> Issue | None:
        # Looking at a file makes Linux give its next write a new time of its own, and the flush of that costs as much
        # again as an entry. The folder's time says whether a name in it has changed at all.
        folder = _changed(self.path.parent)
        if folder == self._seen and monotonic() < self._look_again:
            return None
        # A folder's time may be too coarse to tell two changes apart, so the files are looked at now and then.
        self._seen, self._look_again = folder, monotonic() + LIMITS.look_again
        if fault := self._replaced():
            self._seen = None
        return fault

    def _replaced(self) -> Issue | None:
        now = _file(self.path)
        if now != self._file:
            what = "was replaced by another file" if now else "was moved or deleted"
            return Issue(f"the ledger `{self.name}` {what} while it was in use", "put the file back, or restart")
        if self._log is not None and _file(self._log_path) != self._log:
            return self._save_log()
        return None

    def drop_writer(self) -> None:
        writer, self._writer, self._log, self._cookie = self._writer, None, None, None
        if writer is not None:
            with suppress(*self.failures):
                writer.invalidate()
            with suppress(*self.failures):
                writer.close()

    def empty_log(self) -> None:
        """Moves the write-ahead log into the file and empties it, so that what was deleted is in neither.

        Waits for those who read an older state, or do the same. Raises LedgerUnavailable when they do not end.
        """
        until = monotonic() + self.busy_seconds
        with self.reading() as connection:
            own = connection.execution_options(isolation_level="AUTOCOMMIT")
            # SQLite waits for readers and writers by itself, and not at all for another one that empties the log.
            while own.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one():
                if monotonic() > until:
                    raise LedgerUnavailable(
                        f"the log of the ledger `{self.name}` is still being read", "run the command again"
                    )
                sleep(0.01)

    def scrub(self) -> None:
        # secure_delete has overwritten the rows in the file itself.
        self.empty_log()

    def _insert(self, driver: sqlite3.Connection, entries: Sequence[Prepared]) -> None:
        first = driver.execute(_NEXT).fetchone()[0]
        if keys := new_keys(entries):
            insert(driver, _KEY, [(key.key, key.tag, key.wrapped) for key in keys])
        _check_keys(driver, {entry.data_key.key for entry in entries})
        rows = [(first + n, e.id, e.envelope, e.data_key.key, e.sealed) for n, e in enumerate(entries)]
        insert(driver, _ENTRY, rows)
        if asked := [entry for entry in entries if entry.once is not None]:
            add_once(driver, asked)

    def _connection(self) -> sa.Connection:
        if self._writer is None:
            self._writer, self._cookie = self._writing.connect().execution_options(begin="BEGIN IMMEDIATE"), None
        return self._writer

    def _driver(self) -> sqlite3.Connection:
        return _driver_of(self._connection())

    def _roll_back(self) -> None:
        driver = self._driver()
        if driver.in_transaction:
            driver.rollback()

    def _pooled(self, pool: type[sa.Pool]) -> sa.Engine:
        url = sa.URL.create("sqlite", database=str(self.path))
        wait = {"pool_timeout": self.busy_seconds} if pool is QueuePool else {}
        engine = sa.create_engine(url, creator=self._connect, poolclass=pool, **wait)
        sa.event.listen(engine, "connect", set_up)
        sa.event.listen(engine, "begin", begin_as_told)
        return engine

    def _connect(self) -> sqlite3.Connection:
        # Never creates the file: one that vanishes is not to be followed by an empty ledger.
        uri = f"{self.path.as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=self.busy_seconds, check_same_thread=False)

    def _save_log(self) -> Issue | None:
        """The log was deleted while it is open: what only it holds is moved into the file before it is closed."""
        log = self._log_path.name
        try:
            busy = self._driver().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            return self.explain(error)
        if busy:
            return Issue(f"the log `{log}` of the ledger was deleted while in use", "try again: it is being saved")
        self.drop_writer()
        self.drop_finder()
        self.engine.dispose()  # what is opened from here on makes a new log
        _LOG.warning("the log `%s` of the ledger was deleted while in use: what it held was saved", log)
        return None


def _check_keys(driver: sqlite3.Connection, keys: set[bytes]) -> None:
    """Raises KeyMoved unless the database has them all.

    A foreign key would do it, but whenever a key is destroyed SQLite would read all entries for one that names it: the
    index that finds those is in runs (`rows.RUN`). Whoever destroys keys writes, and one writes at a time.
    """
    there = sum(rows[0][0] for rows in in_list(driver, _KEYS, list(keys)))
    if there < len(keys):
        raise KeyMoved


def _driver_of(connection: sa.Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _found(driver: sqlite3.Connection, tags: list[bytes]) -> Iterator[tuple[bytes, tuple[bytes, bytes]]]:
    for rows in in_list(driver, _TAGS, tags):
        for tag, key, wrapped in rows:
            yield tag, (key, wrapped)


def _changed(folder: Path) -> int | None:
    """When a name in that folder changed last, in nanoseconds."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return None


def _file(path: Path) -> tuple[int, int] | None:
    """Which file that is: another one under the same name is told apart."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def path_of(url: str) -> Path:
    """The file that a database URL names. Raises SettingsError unless it is a plain SQLite file URL."""
    hint = (
        "supported: `sqlite:///folder/ordain.db` (relative), `sqlite:////folder/ordain.db` (absolute), "
        "`postgresql://user@host/database`"
    )
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


def _refusal(error: Exception, entry: Prepared) -> Exception:
    """Why a single entry violates a constraint of the database."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if "entry.id" in str(cause):
        return NotRecorded(f"an entry with the id `{entry.receipt.entry_id}` is in the ledger already", NOT_BY_CALLER)
    return KeyMoved()


def _refuse_other(connection: sa.Connection, path: Path) -> None:
    """Raises SettingsError when the file holds something, and that is no ledger."""
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if tables and application != APPLICATION_ID:
        raise SettingsError(
            f"`{path}` is a SQLite database, but not an Ordain ledger", "name another file in `database_url`"
        )
