"""A ledger in a PostgreSQL database, for several processes.

A writer commits its entry to the inbox, durably and in no order. One process at a time, the sequencer, gives what is
in the inbox its places (see `audit.store.sequencer`): an order taken from a database sequence would have gaps where a
transaction was rolled back, and would not be the order in which entries became visible.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import NOT_BY_CALLER, Prepared
from ordain.audit.entry.once import is_over
from ordain.audit.limits import LIMITS
from ordain.audit.store.finder import Finder
from ordain.audit.store.partitions import bounds_of, month_partitions, months_before
from ordain.audit.store.postgresql_failures import POSTGRESQL_FAILURES, explain_postgresql
from ordain.audit.store.postgresql_private import InPartitions
from ordain.audit.store.postgresql_structure import PLANTED, refuse_changed
from ordain.audit.store.rows import ENTRY, INBOX, PAYLOAD, SEQUENCER, SUBJECT_INDEX
from ordain.audit.store.sequencer import PostgresSequencer
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
from ordain.engine.errors import Issue, LedgerUnavailable, NotRecorded, SettingsError

FOUNDING, HOUSEKEEPING, STEPS = 0x4F524441_0001, 0x4F524441_0003, 0x4F524441_0004
"""Advisory locks, as in `audit.store.sequencer`, which has the one between them."""

_WRITE = """
WITH new_key AS (
  INSERT INTO subject_key (key, tag, wrapped)
  SELECT * FROM unnest(%(keys)s::bytea[], %(tags)s::bytea[], %(wrapped)s::bytea[])
), new_payload AS (
  INSERT INTO payload (id, key, sealed)
  SELECT * FROM unnest(%(ids)s::bytea[], %(sealed_by)s::bytea[], %(sealed)s::bytea[])
), new_index AS (
  INSERT INTO subject_index (key, id)
  SELECT * FROM unnest(%(indexed_by)s::bytea[], %(indexed)s::bytea[])
)
INSERT INTO inbox (id, envelope) SELECT * FROM unnest(%(ids)s::bytea[], %(envelopes)s::bytea[])
RETURNING (_PLANTED_)
""".replace("_PLANTED_", PLANTED)
_WRITE_ONCE = _WRITE.replace(
    "\n)\nINSERT INTO inbox",
    """
), new_request_key AS (
  INSERT INTO request_key (digest, request, id)
  SELECT * FROM unnest(%(digests)s::bytea[], %(requests)s::bytea[], %(decided)s::bytea[])
)
INSERT INTO inbox""",
)
"""With the keys of requests that are decided once."""
_ASKED = "SELECT digest, request, id FROM request_key WHERE digest = ANY(%s)"
_OVER = "DELETE FROM request_key WHERE id = ANY(%s)"
_TAGS = "SELECT tag, key, wrapped FROM subject_key WHERE tag = ANY(%s)"


class PostgresStore(Store):
    """`url` is `postgresql://user:password@host:port/database`; the password may stand in PGPASSWORD or a pgpass file.

    `busy_seconds` is how long a connection, and then a statement, may take. Raises SettingsError, LedgerUnavailable.
    """

    failures = POSTGRESQL_FAILURES
    reads_wait = True
    private = InPartitions()

    def __init__(self, url: str, busy_seconds: float = 5.0) -> None:
        self._url = _url_of(url)
        self.name = self._url.database or "postgres"
        self._writer: psycopg.Connection[Any] | None = None
        self._prepared: tuple[int, int] | None = None
        self._guarded = False
        self._finder = Finder(self._connect_planned, _ended)
        wait = max(1, round(busy_seconds * 1000))
        self._options: dict[str, Any] = {
            "connect_timeout": max(2, round(busy_seconds)),
            "tcp_user_timeout": max(1000, 2 * wait),
            # An answer leaves after its commit is on the server's disk, whatever the server's default says.
            "options": f"-c synchronous_commit=on -c statement_timeout={wait} -c lock_timeout={wait}"
            f" -c idle_in_transaction_session_timeout={1000 * LIMITS.idle_transaction + wait}",
        }
        self.engine = sa.create_engine(
            self._url, connect_args=self._options, pool_pre_ping=True, pool_timeout=busy_seconds
        )
        try:
            with self.engine.connect():
                pass
        except self.failures as error:
            self.close()
            raise LedgerUnavailable(self.explain(error)) from None

    def write(self, entries: Sequence[Prepared], unkept: list[Reference], documents: Iterable[Document]) -> None:
        asked = [entry for entry in entries if entry.once is not None]
        tries = LIMITS.repeats_tries if asked else 1
        while tries:
            tries -= 1
            try:
                self._write(entries, asked, unkept, documents)
            except (psycopg.IntegrityError, IntegrityError) as error:
                if tries and _table_of(error) == "request_key":
                    self._make_way(asked)
                    continue
                if len(entries) > 1:
                    raise EntryRefused from error
                raise _refusal(error, entries[0]) from error
            return

    def _write(
        self,
        entries: Sequence[Prepared],
        asked: Sequence[Prepared],
        unkept: list[Reference],
        documents: Iterable[Document],
    ) -> None:
        statement, columns = _WRITE, _columns(entries)
        if asked:
            statement, columns = _WRITE_ONCE, columns | _columns_once(asked)
        if not unkept:
            refuse_changed(self._driver().execute(statement, columns, prepare=True), len(entries))
            return
        with self.transaction() as connection:
            keep_texts(connection, unkept, documents)
            driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
            refuse_changed(driver.execute(statement, columns), len(entries))

    def _make_way(self, asked: Sequence[Prepared]) -> None:
        """Removes the keys that no longer count from where those of `asked` are to stand.

        Raises AskedBefore for those that do count: of a request that another process was deciding, too, since its
        commit was waited for.
        """
        ids = {entry.once.digest: entry.id for entry in asked if entry.once is not None}
        rows = self._driver().execute(_ASKED, (list(ids),), binary=True).fetchall()
        if taken := [digest for digest, asked, entry_id in rows if not is_over(entry_id, asked, ids[digest])]:
            raise AskedBefore(taken)
        self._driver().execute(_OVER, ([entry_id for _, _, entry_id in rows],))

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection, connection.begin():
            if self._guarded:
                _check(connection)
            yield connection

    def check_structure(self) -> None:
        self._guarded = True
        with self.reading() as connection:
            _check(connection)

    def add(self, connection: sa.Connection, entry: Prepared) -> None:
        connection.execute(sa.insert(INBOX), {"id": entry.id, "envelope": entry.envelope})
        _add_private(connection, entry)

    def add_first(self, connection: sa.Connection, entry: Prepared) -> None:
        connection.execute(sa.insert(ENTRY), {"leaf_index": 0, "id": entry.id, "envelope": entry.envelope})
        connection.execute(sa.insert(SEQUENCER), {"one": 1, "term": 0, "size": 1})
        _add_private(connection, entry)

    def lock_founding(self, connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": FOUNDING})
        # Nobody waits for an answer yet: tables are made, or brought to today's form, for as long as the disk takes.
        self.take_any_time(connection)

    @contextmanager
    def alone(self) -> Iterator[None]:
        try:
            connection = self.connect()
        except self.failures as error:
            raise LedgerUnavailable(self.explain(error)) from error
        with closing(connection):  # which lets the lock go
            try:
                connection.execute("SELECT pg_advisory_lock(%s)", (STEPS,))
            except self.failures as error:
                raise LedgerUnavailable(self.explain(error)) from error
            yield

    def lock_housekeeping(self, connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": HOUSEKEEPING})

    def envelope(self, connection: sa.Connection, entry_id: bytes) -> tuple[int | None, bytes] | None:
        # One statement sees one moment: the sequencer moves an entry from the one table to the other.
        waiting = sa.select(sa.null(), INBOX.c.envelope).where(INBOX.c.id == entry_id)
        ordered = sa.select(ENTRY.c.leaf_index, ENTRY.c.envelope).where(ENTRY.c.id == entry_id)
        row = connection.execute(ordered.union_all(waiting)).first()
        return None if row is None else (row[0], row[1])

    def find_keys(self, tags: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        def ask(connection: psycopg.Connection[Any]) -> dict[bytes, tuple[bytes, bytes]]:
            rows = connection.execute(_TAGS, (list(tags),), prepare=True, binary=True)
            return {tag: (key, wrapped) for tag, key, wrapped in rows}

        return self._finder.ask(ask)

    def find_asked(self, digests: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        def ask(connection: psycopg.Connection[Any]) -> dict[bytes, tuple[bytes, bytes]]:
            rows = connection.execute(_ASKED, (list(digests),), prepare=True, binary=True)
            return {digest: (request, entry_id) for digest, request, entry_id in rows}

        return self._finder.ask(ask)

    def drop_finder(self) -> None:
        self._finder.drop()

    def waiting(self) -> list[tuple[bytes, bytes]]:
        with self.reading() as connection:
            rows = connection.execute(sa.select(INBOX.c.id, INBOX.c.envelope).order_by(INBOX.c.id))
            return [(row[0], row[1]) for row in rows]

    def prepare(self, now: dt.datetime) -> None:
        """Partitions for this month and the two after it. Raises LedgerUnavailable."""
        if self._prepared == (now.year, now.month):
            return
        try:
            with self.transaction() as connection:
                self.lock_founding(connection)
                month_partitions(connection, now.date(), LIMITS.months_ahead)
        except self.failures as error:
            raise LedgerUnavailable(self.explain(error)) from error
        self._prepared = (now.year, now.month)

    def explain(self, error: Exception) -> Issue:
        return explain_postgresql(error, self.name)

    def drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(*self.failures):
                writer.close()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of its own in which every statement is a transaction."""
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, **self._options)

    def sequencer(self, stalled_seconds: float = LIMITS.sequencer_stalled) -> PostgresSequencer:
        return PostgresSequencer(self.connect, self.explain, stalled_seconds)

    def take_any_time(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    def whole_months(self, before: dt.date) -> list[str]:
        with self.reading() as connection:
            return months_before(connection, before)

    def month_bounds(self, month: str) -> tuple[bytes, bytes]:
        return bounds_of(month)

    def count_month(self, connection: sa.Connection, month: str, stays: sa.Select[bytes]) -> int:
        connection.exec_driver_sql(f"LOCK TABLE {month} IN ACCESS EXCLUSIVE MODE")  # nothing comes after the count
        part = _month(month)
        goes = sa.or_(part.c.key.is_(None), part.c.key.not_in(stays))
        return int(connection.execute(sa.select(sa.func.count()).select_from(part).where(goes)).scalar_one())

    def drop_month(self, connection: sa.Connection, month: str, stays: sa.Select[bytes]) -> tuple[int, int]:
        """Drops the partition of a month, and puts back the few rows that stay."""
        part = _month(month)
        kept = sa.select(part.c.id, part.c.key, part.c.sealed).where(part.c.key.in_(stays))
        stay = connection.execute(kept).all()
        count, keyed = connection.execute(sa.select(sa.func.count(), sa.func.count(part.c.key)).select_from(part)).one()
        connection.exec_driver_sql(f"DROP TABLE {month}")
        if stay:
            connection.execute(sa.insert(PAYLOAD), [row._asdict() for row in stay])
        return count - len(stay), count - keyed

    def scrub(self) -> None:
        """Takes deleted rows out of the pages of the tables that name or hold what is about a subject."""
        try:
            with self.connect() as connection:
                connection.execute("SET statement_timeout = 0")
                for table in ("subject_key", "subject_index", "payload"):
                    connection.execute(f"VACUUM {table}".encode())
        except psycopg.Error as error:
            raise LedgerUnavailable(self.explain(error)) from error

    def _driver(self) -> psycopg.Connection[Any]:
        if self._writer is not None and _ended(self._writer):
            self.drop_writer()
        if self._writer is None:
            self._writer = self._connect_planned()
        return self._writer

    def _connect_planned(self) -> psycopg.Connection[Any]:
        """One whose prepared statements are planned once: by itself the server plans `_WRITE` for each group anew."""
        connection = self.connect()
        try:
            connection.execute("SET plan_cache_mode = force_generic_plan")
        except BaseException:
            connection.close()
            raise
        return connection


def _month(name: str) -> sa.TableClause:
    return sa.table(name, sa.column("id"), sa.column("key"), sa.column("sealed"))


def _check(connection: sa.Connection) -> None:
    """Raises LedgerUnavailable when something in the database may change what is written."""
    if (name := connection.exec_driver_sql(PLANTED).scalar()) is not None:
        raise changed_structure(str(name))


def _add_private(connection: sa.Connection, entry: Prepared) -> None:
    """Adds all of an entry but its envelope."""
    key = entry.data_key
    add_key(connection, key)
    connection.execute(sa.insert(PAYLOAD), {"id": entry.id, "key": key.key, "sealed": entry.sealed})
    if key.indexed:
        connection.execute(sa.insert(SUBJECT_INDEX), {"key": key.key, "id": entry.id})


def _ended(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has closed it: what it says unasked, while nothing is under way, is that it ends."""
    if connection.closed:
        return True
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        return bool(selector.select(0))


def _columns(entries: Sequence[Prepared]) -> dict[str, list[Any]]:
    new = new_keys(entries)
    indexed = [entry for entry in entries if entry.data_key.indexed]
    return {
        "keys": [key.key for key in new],
        "tags": [key.tag for key in new],
        "wrapped": [key.wrapped for key in new],
        "ids": [entry.id for entry in entries],
        "sealed_by": [entry.data_key.key for entry in entries],
        "sealed": [entry.sealed for entry in entries],
        "indexed_by": [entry.data_key.key for entry in indexed],
        "indexed": [entry.id for entry in indexed],
        "envelopes": [entry.envelope for entry in entries],
    }


def _columns_once(asked: Sequence[Prepared]) -> dict[str, list[Any]]:
    """By digest: two writers that insert the same ones in different orders would wait for each other."""
    rows = sorted((*entry.once, entry.id) for entry in asked if entry.once is not None)
    return {
        "digests": [digest for digest, _, _ in rows],
        "requests": [request for _, request, _ in rows],
        "decided": [entry_id for _, _, entry_id in rows],
    }


def _table_of(error: Exception) -> str:
    """The table whose constraint was violated."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause.diag.table_name or "" if isinstance(cause, psycopg.Error) else ""


def _refusal(error: Exception, entry: Prepared) -> Exception:
    """Why a single entry violates a constraint of the database."""
    table = _table_of(error)
    if table == "inbox" or table.startswith("payload"):
        return NotRecorded(f"an entry with the id `{entry.receipt.entry_id}` is in the ledger already", NOT_BY_CALLER)
    return KeyMoved()


def _url_of(url: str) -> sa.URL:
    hint = "such as `postgresql://ordain@localhost:5432/ordain`"
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise SettingsError("`database_url` is not a database URL", hint) from None
    if parsed.drivername not in ("postgresql", "postgresql+psycopg", "postgres"):
        raise SettingsError(f"the ledger cannot be kept in `{parsed.drivername}`", hint)
    return parsed.set(drivername="postgresql+psycopg")
