"""Reads a ledger in a SQLite file, without taking a lock that a writer would notice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ordain.audit.verifier.source import (
    APART,
    BARE_ENTRIES,
    INSIDE,
    NO_LEDGER,
    Row,
    Unique,
    Unreadable,
    missing_indexes,
)
from ordain.audit.verifier.structure import sqlite_faults
from ordain.engine.errors import Issue, SettingsError

APPLICATION_ID = 0x4F524441
_LISTED = "SELECT type, name, sql FROM sqlite_schema"
_OPTIONAL = ("alembic_version", "request_key")
_NOT_OURS = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
_NO_FILE_NEEDED = ("SQLITE_CANTOPEN", "SQLITE_READONLY")


class SqliteSource:
    """Raises SettingsError when the file is not there, cannot be opened, is locked or is empty."""

    failures: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError, OverflowError)
    has_inbox = False

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            hint = "`ordain serve` or the first `ordain decide` makes one; if there should be one, check `database_url`"
            raise SettingsError(Issue(f"there is no ledger at `{path}`", hint, code=NO_LEDGER))
        self.name = path.name
        self._broken = ""
        self._listed: list[tuple[str, str, object]] = []
        self._names: dict[str, str] = {}
        self.layout = APART
        try:
            self._connection = _open(path)
            self._connection.execute("BEGIN")
            self._listed = [(str(kind), str(name), text) for kind, name, text in self._connection.execute(_LISTED)]
            self._names = {name: kind for kind, name, _ in self._listed}
            if any(row[1] == "sealed" for row in self._connection.execute("PRAGMA table_info(entry)")):
                self.layout = INSIDE
        except self.failures as error:
            if getattr(error, "sqlite_errorname", "").startswith(_NOT_OURS):
                raise SettingsError(
                    f"the ledger `{self.name}` cannot be opened: {error}", "check its rights, and who has it open"
                ) from None
            # The file is damaged, which is a finding. An empty database in its place has no tables.
            self._broken = str(error)
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
        if not (self._names or self._broken):
            self.close()
            hint = "start the service once: it makes one"
            raise SettingsError(Issue(f"the ledger `{self.name}` is empty", hint, code=NO_LEDGER))

    def tables(self) -> set[str]:
        return {name for name in (*self.layout.tables, *_OPTIONAL) if self._names.get(name) == "table"}

    def faults(self, deep: bool) -> Iterator[str]:
        if self._broken:
            yield f"it cannot be opened as a SQLite database: {self._broken}"
            return
        application = self._pragma("application_id")
        if application != APPLICATION_ID:
            yield f"the file's application_id is {application}, a ledger has {APPLICATION_ID}"
        if version := self._pragma("user_version"):
            yield f"the file's user_version is {version}, a ledger has 0"
        yield from sqlite_faults(self._listed, self.layout.apart)
        for name in () if self.layout.apart else sorted({*APART.entry_tables} - {*INSIDE.entry_tables}):
            if name in self._names:
                yield f"the file has a table `{name}`, and payloads in `entry` too: one of them is not the ledger's"
        yield from missing_indexes(self.layout, self.unique())
        if deep:
            for (line,) in self.rows("PRAGMA integrity_check(20)"):
                if line != "ok":
                    yield f"SQLite's integrity check: {line}"
            for table, _, parent, _ in self.rows("PRAGMA foreign_key_check"):
                yield f"a row of `{table}` belongs to no row of `{parent}`"
                break

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(query, values)

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        first: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return first

    def entries(self, start: int, end: int) -> Iterator[Row | Unreadable]:
        """One that is damaged is stepped over; where the next fails too, reading ends."""
        query = self.layout.entries if {*self.layout.entry_tables} <= self.tables() else BARE_ENTRIES
        following, damaged = start, None
        while True:
            try:
                for columns in self._connection.execute(query, (following, end)):
                    row = Row._make(columns)
                    if isinstance(row.leaf_index, int):
                        following = row.leaf_index + 1
                    yield row
                return
            except self.failures as error:
                ends = damaged == following
                yield Unreadable(max(following, 0), self.explain(error), ends)
                if ends:
                    return
                following = damaged = max(following, 0) + 1

    def of_kind(self, kind: str) -> Iterator[tuple[Any, ...]]:
        wanted = f'"kind":"{kind}"'.encode()
        return self.rows(
            "SELECT leaf_index, id, envelope FROM entry WHERE instr(envelope, ?) > 0 ORDER BY leaf_index", wanted
        )

    def explain(self, error: Exception) -> str:
        return f"the file cannot be read there: {error}"

    def close(self) -> None:
        self._connection.close()

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def unique(self) -> Unique:
        return {table: self._unique(table) for table in self.layout.unique if table in self.tables()}

    def _unique(self, table: str) -> set[frozenset[str]]:
        indexes = [row[1] for row in self.rows(f"PRAGMA index_list({table})") if row[2]]
        return {frozenset(str(row[2]) for row in self.rows("SELECT * FROM pragma_index_info(?)", n)) for n in indexes}


def _open(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.Error as error:
        connection.close()
        # In a folder where nothing can be written the log's index cannot be made; without a log none is needed.
        if not error.sqlite_errorname.startswith(_NO_FILE_NEEDED) or Path(f"{path}-wal").exists():
            raise
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    # Text with bytes that are not UTF-8 is to be compared, not to fail.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection
