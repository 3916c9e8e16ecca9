"""Reads a ledger in a PostgreSQL database, in one read-only transaction that sees one moment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg

from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.source import (
    APART,
    BARE_ENTRIES,
    NO_LEDGER,
    Row,
    Unique,
    Unreadable,
    lacking,
    missing_indexes,
)
from ordain.audit.verifier.structure import EVENT_TRIGGERS, RELATIONS, Relation, postgresql_faults
from ordain.engine.errors import Issue, SettingsError

_OPTIONAL = ("alembic_version", "inbox", "request_key", "sequencer")

_TABLES = """
SELECT c.relname, c.relkind::text, c.relrowsecurity, c.oid::bigint FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(?) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_INDEXES = """
SELECT array_agg(a.attname::text) FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid
AND a.attnum = ANY(x.indkey) WHERE x.indrelid = ? AND x.indisunique AND x.indisvalid GROUP BY x.indexrelid
"""


class PostgresSource:
    """Raises SettingsError when the database cannot be reached or holds no ledger."""

    failures: tuple[type[Exception], ...] = (psycopg.Error,)
    layout = APART

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self.name = rest.rpartition("@")[2]
        self._numbers = count()
        try:
            self._connection = psycopg.connect(f"{scheme.partition('+')[0]}://{rest}", connect_timeout=10)
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
            self._connection.execute("SET LOCAL statement_timeout = 0")
            tables = list(self.rows(_TABLES, [*APART.tables, *_OPTIONAL]))
        except psycopg.Error as error:
            raise SettingsError(
                f"the database `{self.name}` cannot be read: {str(error).strip()}", "check `database_url`"
            ) from None
        self._relations = {name: (kind, secured, oid) for name, kind, secured, oid in tables}
        self.has_inbox = "inbox" in self._relations
        if "entry" not in self._relations:
            self.close()
            hint = "`ordain serve` or the first `ordain decide` makes one; if there should be one, check `database_url`"
            raise SettingsError(Issue(f"there is no ledger in the database `{self.name}`", hint, code=NO_LEDGER))
        if not lacking(APART, self.unique()):
            # The planner must not sort or hash whole tables of payloads to answer a stream.
            self._connection.execute("SET LOCAL enable_hashjoin = off")
            self._connection.execute("SET LOCAL enable_mergejoin = off")

    def tables(self) -> set[str]:
        return {name for name, (kind, _, _) in self._relations.items() if kind in "rp"}

    def unique(self) -> Unique:
        return {
            name: {frozenset(row[0]) for row in self.rows(_INDEXES, oid)}
            for name, (_, _, oid) in self._relations.items()
            if name in APART.unique
        }

    def faults(self, deep: bool) -> Iterator[str]:
        """PostgreSQL has no check of a whole database; `deep` makes no difference here."""
        for name, (kind, secured, _) in self._relations.items():
            if kind not in "rp":
                yield f"`{name}` is not a table"
            if secured:
                yield f"row level security is on for `{name}`: it may hide rows"
        yield from postgresql_faults([Relation(*row) for row in self.rows(RELATIONS)])
        for (name,) in self.rows(EVENT_TRIGGERS):
            yield f"the database has an event trigger `{name}`: it may change what is made"
        yield from missing_indexes(APART, self.unique())
        for table in {"inbox", "sequencer"} - self.tables():
            yield f"the table `{table}` is missing"

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with self._connection.cursor(f"verifier_{next(self._numbers)}") as cursor:
            cursor.itersize = LIMITS.rows_at_once
            yield from cursor.execute(_query(query), values, binary=True)

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return self._connection.execute(_query(query), values, binary=True).fetchone()

    def entries(self, start: int, end: int) -> Iterator[Row | Unreadable]:
        """After a failure PostgreSQL gives nothing more of the same moment, so reading ends there."""
        query = APART.entries if {*APART.entry_tables} <= self.tables() else BARE_ENTRIES
        following = start
        try:
            for columns in self.rows(query, start, end):
                yield Row._make(columns)
                following = columns[0] + 1
        except psycopg.Error as error:
            yield Unreadable(following, self.explain(error), True)

    def of_kind(self, kind: str) -> Iterator[tuple[Any, ...]]:
        wanted = f'"kind":"{kind}"'.encode()
        return self.rows(
            "SELECT leaf_index, id, envelope FROM entry WHERE position(? IN envelope) > 0 ORDER BY leaf_index", wanted
        )

    def explain(self, error: Exception) -> str:
        return f"the database cannot be read there: {str(error).strip()}"

    def close(self) -> None:
        self._connection.close()


def _query(text: str) -> bytes:
    return text.replace("?", "%s").encode()
