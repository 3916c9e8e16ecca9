"""Verification: recomputes all that the ledger claims from the bytes it stores, reading only.

Found, with the entry named: any change to any column of an entry or of a kept text, and entries deleted,
inserted, reordered, duplicated or swapped, as long as somebody did not also compute every hash after them anew.

Not seen by this chain, which holds no secret and ends where the file ends: entries cut off at the end (also by
damage to the write-ahead log, which SQLite takes for its end), and a ledger rewritten as a whole from some entry
on. Seeing those takes a signed statement of the head that is kept elsewhere; compare `Verification.head` and
`count` with a note of them made earlier.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audit.canonical import canonical, digest
from audit.chain import GENESIS, link
from audit.documents import Reference, references
from audit.evidence import Finding, Verification
from audit.evidence import shown as say
from audit.failures import FAILURES, explain
from audit.store import APPLICATION_ID, SCHEMA_VERSION
from engine.errors import SettingsError

Progress = Callable[[int, int], None]
"""Called with the number of entries checked so far and the number there are."""


def verify(path: Path, progress: Progress = lambda done, total: None) -> Verification:
    """Checks the ledger file at `path` as one moment shows it; writers beside it are not disturbed.

    Raises SettingsError when there is no such file, it cannot be opened or is locked. A file that opens and is
    wrong gives findings.
    """
    if not path.is_file():
        raise SettingsError(f"there is no ledger at `{path}`", "check `database_url`")
    check = _Check(progress)
    try:
        with closing(_open(path)) as connection:
            check.run(connection)
    except FAILURES as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_CANTOPEN")):
            raise SettingsError(explain(error, path)) from error
        check.found(explain(error, path).message)
    return check.evidence()


def _open(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError as error:
        # In a folder where nothing can be written the log's index cannot be made; without a log none is needed.
        cannot = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        if not cannot or Path(f"{path}-wal").exists():
            connection.close()
            raise
        connection.close()
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    # Text with bytes that are not UTF-8 is to be compared, not to fail.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


@dataclass(slots=True)
class _Named:
    """The entries that refer to one text: the first, and how many."""

    seq: int
    entry_id: str
    count: int = 1

    def __str__(self) -> str:
        others = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"entry {self.seq} ({self.entry_id}){others}"


@dataclass(slots=True)
class _Check:
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    named: dict[Reference, _Named] = field(default_factory=dict)
    count: int = 0
    documents: int = 0
    last_seq: int = 0
    head: Any = GENESIS  # whatever the column holds
    first_time: str = ""
    last_time: str = ""

    def found(self, message: str, seq: int | None = None, entry_id: str = "", document: str = "") -> None:
        self.findings.append(Finding(message, seq, entry_id, document))

    def evidence(self) -> Verification:
        return Verification(
            self.count,
            self.documents,
            self.first_time,
            self.last_time,
            say(self.head),
            tuple(self.findings),
        )

    def run(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        self.file(connection)
        total = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
        for row in self.rows(connection):
            self.entry(row)
            self.count += 1
            if not self.count % 100 or self.count == total:
                self.progress(self.count, total)
        again = "SELECT id, max(seq), count(*) FROM entry GROUP BY id HAVING count(*) > 1"
        for entry_id, seq, count in connection.execute(again):
            self.found(f"its id stands {count} times in the ledger", seq, say(entry_id))
        self.texts(connection)

    def file(self, connection: sqlite3.Connection) -> None:
        for pragma, expected in (("application_id", APPLICATION_ID), ("user_version", SCHEMA_VERSION)):
            value = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
            if value != expected:
                self.found(f"the file's {pragma} is {value}, a ledger of this Ordain has {expected}")
        for kind, name in connection.execute("SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')"):
            self.found(f"the file has a {kind} `{name}`, which a ledger has not: it may change what is written")
        try:
            for (line,) in connection.execute("PRAGMA integrity_check(20)"):
                if line != "ok":
                    self.found(f"SQLite's integrity check: {line}")
        except FAILURES as error:
            self.found(f"SQLite's integrity check: {error}")

    def rows(self, connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
        """All entries in order. A damaged one is stepped over once; where the next fails too, reading ends."""
        query = (
            "SELECT seq, id, time, kind, service, subject, prev_hash, hash, body FROM entry WHERE seq > ? ORDER BY seq"
        )
        last, damaged = _BEFORE_ALL, None
        while True:
            try:
                for row in connection.execute(query, (last,)):
                    if not isinstance(row[0], int):  # the table's own definition was changed
                        self.found(f"the entry {say(row[1])} has the position {say(row[0])}")
                        continue
                    last = row[0]
                    yield row
                return
            except FAILURES as error:
                here = max(last, 0) + 1
                if damaged == last:
                    self.found(f"no entry from here on can be read: {error}", here)
                    return
                self.found(f"it cannot be read: {error}", here)
                last = damaged = here

    def entry(self, row: tuple[Any, ...]) -> None:
        seq, entry_id, *_, previous, hashed, body = row
        data = _parsed(body)
        whole = _are_bytes(previous, hashed, body) and link(previous, body) == hashed
        shown = say(data.get("id") if whole and data is not None else entry_id)

        def found(message: str) -> None:
            self.found(message, seq, shown)

        if seq != self.last_seq + 1:
            after = f"it follows entry {self.last_seq}" if self.last_seq else "it stands first"
            found(f"{after}: what stood before it is missing or was moved")
        if previous != self.head:
            found(
                f"it was written after an entry hashed {say(previous)}; the entry before it has the hash"
                f" {say(self.head)}"
            )
        if not whole:
            found("the stored bytes do not hash to the recorded hash")
        self.last_seq, self.head = seq, hashed
        if data is None:
            found("its body is not JSON")
            return
        if not _is_canonical(data, body):
            found("its body is not in canonical form")
        for name, column in zip(("id", "time", "kind", "service", "subject"), row[1:6], strict=True):
            if column != data.get(name):
                found(f"its `{name}` column says {say(column)}, its body {say(data.get(name))}")
        self.refer(data, found, _Named(seq, shown))
        self.last_time = say(data.get("time"))
        self.first_time = self.first_time or self.last_time

    def refer(self, data: dict[str, Any], found: Callable[[str], None], by: _Named) -> None:
        try:
            named = references(data)
        except ValueError as error:
            found(str(error))
            return
        for reference in named:
            if reference in self.named:
                self.named[reference].count += 1
            else:
                self.named[reference] = replace(by)

    def texts(self, connection: sqlite3.Connection) -> None:
        """Every kept text is what its digest says, and entries and texts belong to each other."""
        for kind, name, version, recorded, text in connection.execute(
            "SELECT kind, name, version, digest, text FROM document"
        ):
            self.documents += 1
            reference = Reference(kind, name, version, recorded)
            by = self.named.pop(reference, None)
            shown = say(str(reference))
            if not (_are_bytes(text) and digest(text) == recorded):
                self.found(f"its text does not hash to its digest; named by {by or 'no entry'}", document=shown)
            elif by is None:
                self.found("no entry names it so", document=shown)
        for reference, by in self.named.items():
            self.found(f"it is not kept; named by {by}", document=say(str(reference)))


_BEFORE_ALL = -(2**63)


def _parsed(body: object) -> dict[str, Any] | None:
    try:
        data = json.loads(body) if isinstance(body, bytes) else None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _is_canonical(data: dict[str, Any], body: bytes) -> bool:
    try:
        return canonical(data) == body
    except (TypeError, ValueError):
        return False


def _are_bytes(*values: object) -> bool:
    return all(isinstance(value, bytes) for value in values)
