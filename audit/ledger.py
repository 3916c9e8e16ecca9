"""The ledger: append-only, hash-chained, durable before `append` returns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from audit.chain import GENESIS, link
from audit.documents import Document, Reference
from audit.entry import VERIFY, Prepared, Receipt, StoredEntry, parsed
from audit.failures import FAILURES, explain
from audit.kept import changed, keep
from audit.store import DOCUMENT, ENTRY, Store
from engine.errors import Issue, LedgerUnavailable, NotRecorded, PolicyChanged

_PAGE = 500  # entries read at a time, so that no read transaction stays open while a caller works on them


_ENTRIES = sa.select(ENTRY.c.id, ENTRY.c.seq, ENTRY.c.hash, ENTRY.c.prev_hash, ENTRY.c.body)
_LAST = sa.select(ENTRY.c.seq, ENTRY.c.hash).where(ENTRY.c.seq == sa.select(sa.func.max(ENTRY.c.seq)).scalar_subquery())


class Ledger:
    """Entries in one order, each holding the hash of the one before it (see `audit.chain`).

    Safe to call from several threads, and beside other processes that append to the same file. Reading raises
    LedgerUnavailable when the database cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._writer: sa.Connection | None = None
        self._kept: set[Reference] = set()  # texts known to be in the database; they never leave it
        self._closed = False
        self._last = _text(store, _LAST)
        self._insert = _text(store, sa.insert(ENTRY))

    def append(self, body: dict[str, Any], documents: Iterable[Document] = ()) -> Receipt:
        """Makes `body` the next entry and returns once it is on the disk.

        `body` needs the texts `id` (unique), `time` and `kind`, and may have the texts `service` and
        `subject`. The texts that it refers to (see `audit.documents`) are kept with the first entry that
        does: each must be among `documents` unless it is kept already. From then on a policy version counts
        as used.

        Raises NotRecorded when the entry is not in the ledger, and PolicyChanged when the body refers to a
        used policy version under another digest. Then nothing was written, with one exception that no
        database can rule out: when the disk fails during the commit itself, the entry may still be found in
        the ledger after a restart, whole.
        """
        entry = Prepared.of(body)
        with self._lock:
            if self._closed:
                raise NotRecorded("the ledger is closed", "the service is stopping: ask once it is back")
            if missing := self._store.missing():
                raise NotRecorded(missing)
            unkept = [named for named in entry.references if named not in self._kept]
            try:
                receipt = self._write(entry, unkept, documents)
            except BaseException as error:  # an interrupt too may leave the connection inside a transaction
                self._drop_writer()
                if isinstance(error, FAILURES):
                    raise NotRecorded(_why(error, entry, self._store)) from error
                raise
            self._kept.update(unkept)
        return receipt

    def check_unchanged(self, documents: Iterable[Document]) -> None:
        """Raises PolicyChanged, naming all of them, when used policy versions have been edited."""
        with self._reading() as connection:
            issues = [changed(connection, document.reference) for document in documents]
        if found := [issue for issue in issues if issue]:
            raise PolicyChanged(found)

    def get(self, entry_id: str) -> dict[str, Any] | None:
        """The body of an entry, as data."""
        body = self.body(entry_id)
        return None if body is None else parsed(entry_id, body)

    def body(self, entry_id: str) -> bytes | None:
        """The body of an entry, as the bytes that were hashed. Raises LedgerUnavailable when they are not."""
        with self._reading() as connection:
            row = connection.execute(_ENTRIES.where(ENTRY.c.id == entry_id)).first()
        if row is None:
            return None
        stored = _stored(row)
        if not stored.sound or parsed(entry_id, stored.body).get("id") != entry_id:
            raise LedgerUnavailable(f"the stored entry `{entry_id}` is damaged", VERIFY)
        return stored.body

    def document(self, digest: str) -> bytes | None:
        """The kept text with that digest."""
        with self._reading() as connection:
            return connection.execute(sa.select(DOCUMENT.c.text).where(DOCUMENT.c.digest == digest)).scalar()

    def entries(self, start: int = 1, end: int | None = None) -> Iterator[StoredEntry]:
        """The entries from position `start` to position `end`, both included, in order, as a stream."""
        while end is None or start <= end:
            wanted = _ENTRIES.where(ENTRY.c.seq >= start).order_by(ENTRY.c.seq).limit(_PAGE)
            if end is not None:
                wanted = wanted.where(ENTRY.c.seq <= end)
            with self._reading() as connection:
                page = [_stored(row) for row in connection.execute(wanted)]
            yield from page
            if len(page) < _PAGE:
                return
            start = page[-1].receipt.seq + 1

    def head(self) -> Receipt | None:
        """The last entry's receipt."""
        with self._reading() as connection:
            row = connection.execute(_ENTRIES.order_by(ENTRY.c.seq.desc()).limit(1)).first()
        return _stored(row).receipt if row else None

    def size(self) -> int:
        """How many entries there are: the last position, since positions count from 1 without a gap."""
        head = self.head()
        return head.seq if head else 0

    def close(self) -> None:
        """Appends nothing from here on. The store stays open; whoever opened it closes it."""
        with self._lock:
            self._closed = True
            self._drop_writer()

    def _write(self, entry: Prepared, unkept: list[Reference], documents: Iterable[Document]) -> Receipt:
        # SQLAlchemy Core compiled both statements once; they run on the driver, because a call and a transaction
        # through Core cost as much again as all else here but the flush to the disk.
        self._writer = self._writer or self._store.writer()
        driver = cast(sqlite3.Connection, self._writer.connection.driver_connection)
        if unkept:
            with self._writer.begin():
                keep(self._writer, unkept, documents)
                return self._add(driver, entry)
        driver.execute("BEGIN IMMEDIATE")
        receipt = self._add(driver, entry)
        driver.commit()
        return receipt

    def _add(self, driver: sqlite3.Connection, entry: Prepared) -> Receipt:
        """The entry after the last one, in a transaction that has begun. After a fault the connection is dropped."""
        last = driver.execute(self._last).fetchone()
        seq, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        if not isinstance(previous, bytes) or len(previous) != len(GENESIS):
            raise NotRecorded(f"the ledger's last entry, {seq - 1}, is damaged", VERIFY)
        hashed = link(previous, entry.body)
        driver.execute(self._insert, (seq, *entry.index, previous, hashed, entry.body))
        return Receipt(entry.index[0], seq, hashed.hex(), previous.hex())

    def _drop_writer(self) -> None:
        """The next append starts with a fresh connection: this one may have failed in any state."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(*FAILURES):
                writer.invalidate()
            with suppress(*FAILURES):
                writer.close()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._store.engine.connect() as connection:
                yield connection
        except FAILURES as error:
            raise LedgerUnavailable(explain(error, self._store.path)) from error


def _text(store: Store, statement: sa.sql.expression.ClauseElement) -> str:
    return str(statement.compile(dialect=store.engine.dialect))


def _stored(row: sa.Row[str, int, bytes, bytes, bytes]) -> StoredEntry:
    entry_id, seq, hashed, previous, body = row
    if not all(isinstance(part, bytes) for part in (hashed, previous, body)):
        raise LedgerUnavailable(f"the stored entry {seq} (`{entry_id}`) is damaged", VERIFY)
    return StoredEntry(Receipt(entry_id, seq, hashed.hex(), previous.hex()), body)


def _why(error: Exception, entry: Prepared, store: Store) -> Issue:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.IntegrityError) and "entry.id" in str(cause):
        return Issue(f"an entry with the id `{entry.index[0]}` is in the ledger already", "ids are used once")
    return explain(error, store.path)
