"""A feature store in PostgreSQL: in the schema `features` of a database, which may be the ledger's.

Its connections look for tables nowhere else. Writers begin with the subjects' rows, and take subjects and events in
order, so that two of them never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ordain.engine.errors import FeaturesUnavailable
from ordain.models.features.computing import Record
from ordain.models.features.definition import SNAPSHOT
from ordain.models.limits import LIMITS
from ordain.models.store.database import Database, EntityLine, EventLine, KeptLine, Known, SnapshotLine, Writing
from ordain.models.store.pool import Pool
from ordain.models.store.rows import FEATURES, SCHEMA

FOUNDING = 0x4F524446_0001
"""An advisory lock."""

_KNOWN = """SELECT e.first_known, e.stamp, k.stamp, k.definitions, k.as_of, k.records, k.features
FROM entity e LEFT JOIN kept k ON k.subject = e.subject WHERE e.subject = %s"""
_RECORDS = f"""SELECT kind, happened, known, id, fields FROM event WHERE subject = %(of)s AND kind = ANY(%(sources)s)
UNION ALL SELECT '{SNAPSHOT}' || source, happened, known, '', fields FROM snapshot
WHERE subject = %(of)s AND '{SNAPSHOT}' || source = ANY(%(sources)s)"""  # noqa: S608 - nothing of a caller's in it
_EVENTS = "SELECT subject, id, kind, happened, known, fields FROM event WHERE id = ANY(%s)"
_SNAPSHOTS = """SELECT s.subject, s.source, s.happened, s.known, s.fields
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS j (subject, source, happened)
JOIN snapshot s ON s.subject = j.subject AND s.source = j.source AND s.happened = j.happened"""
_TOUCH = """INSERT INTO entity (subject, first_known, last_known, stamp)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (subject) DO UPDATE SET first_known = least(entity.first_known, excluded.first_known),
last_known = greatest(entity.last_known, excluded.last_known), stamp = excluded.stamp"""
_ADD = """INSERT INTO event (subject, id, kind, happened, known, fields)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[])
ON CONFLICT DO NOTHING"""
_PUT = """INSERT INTO snapshot (subject, source, happened, known, fields)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[]) ON CONFLICT DO NOTHING"""
_KEEP = """INSERT INTO kept (subject, stamp, definitions, as_of, records, features)
SELECT n.* FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[])
AS n (subject, stamp, definitions, as_of, records, features)
JOIN (SELECT subject, stamp FROM entity WHERE subject = ANY(%s) ORDER BY subject FOR SHARE SKIP LOCKED) e
ON e.subject = n.subject AND e.stamp = n.stamp ORDER BY n.subject
ON CONFLICT (subject) DO UPDATE SET stamp = excluded.stamp, definitions = excluded.definitions,
as_of = excluded.as_of, records = excluded.records, features = excluded.features"""
_BULK = f"""SELECT subject, kind, happened, known, id, fields FROM event
WHERE subject = ANY(%(of)s) AND kind = ANY(%(sources)s)
UNION ALL SELECT subject, '{SNAPSHOT}' || source, happened, known, '', fields FROM snapshot
WHERE subject = ANY(%(of)s) AND '{SNAPSHOT}' || source = ANY(%(sources)s)"""  # noqa: S608 - as above
_ENTITIES = "SELECT subject, first_known, last_known, stamp FROM entity WHERE subject = ANY(%s)"

Driver = psycopg.Connection[tuple[Any, ...]]


class PostgresDatabase(Database):
    """`url` is `postgresql://user:password@host:port/database`; the password may stand in PGPASSWORD or a pgpass file.

    `busy_seconds` is how long a connection, and then a lock, may take. Raises FeaturesUnavailable.
    """

    failures = (SQLAlchemyError, psycopg.Error)
    schema = SCHEMA

    def __init__(self, url: sa.URL, busy_seconds: float) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.name = url.database or "postgres"
        wait = max(1, round(busy_seconds * 1000))
        self._options: dict[str, Any] = {
            "connect_timeout": max(2, round(busy_seconds)),
            # An event that was taken is on the server's disk, whatever the server's default says.
            "options": f"-c search_path={SCHEMA} -c synchronous_commit=on -c lock_timeout={wait}",
        }
        self.engine = sa.create_engine(self._url, connect_args=self._options, pool_pre_ping=True)
        self._pool: Pool[Driver] = Pool(self._connect)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._pool.lent() as driver, driver.transaction():
            yield _PostgresWriting(driver)

    def known(self, subject: str) -> Known | None:
        with self._pool.lent() as driver:
            row = driver.execute(_KNOWN, (subject,), prepare=True).fetchone()
        return None if row is None else Known(*row)

    def records(self, subject: str, sources: Sequence[str]) -> list[Record]:
        with self._pool.lent() as driver:
            given = {"of": subject, "sources": list(sources)}
            return [Record(*row) for row in driver.execute(_RECORDS, given, prepare=True)]

    def keep(self, rows: Sequence[KeptLine], *, wait: bool = False) -> None:
        ordered = sorted(rows)
        keep = _KEEP.replace(" SKIP LOCKED", "") if wait else _KEEP
        with self._pool.lent() as driver, driver.transaction():
            driver.execute("SET LOCAL synchronous_commit = off")
            driver.execute(keep.encode(), (*_columns(ordered), [row.subject for row in ordered]))

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self.engine.begin() as connection:
            yield connection

    def bulk_records(self, sources: Sequence[str], subjects: Sequence[str]) -> Iterator[Sequence[tuple[Any, ...]]]:
        with self._pool.lent() as driver, driver.transaction(), driver.cursor("records") as cursor:
            cursor.execute(_BULK, {"of": list(subjects), "sources": list(sources)})
            while rows := cursor.fetchmany(LIMITS.rows_at_once):
                yield rows

    def entities(self, subjects: Sequence[str]) -> list[EntityLine]:
        with self._pool.lent() as driver:
            return [EntityLine(*row) for row in driver.execute(_ENTITIES, (list(subjects),))]

    def scrub(self) -> None:
        """Takes deleted rows out of the pages of the tables."""
        with self._pool.lent() as driver:
            for table in FEATURES.sorted_tables:
                driver.execute(f"VACUUM {table.name}".encode())

    def lock_founding(self, connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": FOUNDING})
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")

    def explain(self, error: Exception) -> FeaturesUnavailable:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # What the server says in full may quote a row.
        said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
        reason = (said or str(cause)).strip().splitlines()[0] if (said or str(cause)).strip() else "no reason given"
        return FeaturesUnavailable(
            f"the feature store `{self.name}` in PostgreSQL failed: {reason}", "check the server, then ask again"
        )

    def forget(self, error: Exception) -> bool:
        if not isinstance(error, psycopg.OperationalError) or (error.sqlstate or "57P01")[:3] != "57P":
            return False
        self._pool.empty()
        return True

    def close(self) -> None:
        self._pool.close()
        self.engine.dispose()

    def _connect(self) -> Driver:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        driver = psycopg.connect(url, autocommit=True, **self._options)
        try:
            # Statements that were planned while the tables were empty would go on reading all of them.
            driver.execute("SET enable_seqscan = off")
        except BaseException:
            driver.close()
            raise
        return driver


class _PostgresWriting:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def events(self, ids: Sequence[str]) -> dict[str, EventLine]:
        rows = self._driver.execute(_EVENTS, (list(ids),), prepare=True)
        return {row[1]: EventLine(*row) for row in rows}

    def snapshots(self, keys: Sequence[tuple[str, str, int]]) -> list[SnapshotLine]:
        rows = self._driver.execute(_SNAPSHOTS, _columns(keys), prepare=True)
        return [SnapshotLine(*row) for row in rows]

    def touch(self, entities: Sequence[EntityLine]) -> None:
        self._driver.execute(_TOUCH, _columns(sorted(entities)), prepare=True)

    def insert_events(self, rows: Sequence[EventLine]) -> int:
        in_order = sorted(rows, key=lambda row: row.id)
        return self._driver.execute(_ADD, _columns(in_order), prepare=True).rowcount

    def insert_snapshots(self, rows: Sequence[SnapshotLine]) -> int:
        return self._driver.execute(_PUT, _columns(sorted(rows)), prepare=True).rowcount


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
