"""Where the bytes come from: a SQLite file or a PostgreSQL database, read as one moment shows it, and never written.

Both give the same rows for the same questions; `?` stands for a value in both. What a database holds may have any
type: SQLite's columns take anything, and the tables may not be those that the writer made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ordain.engine.errors import SettingsError

_BETWEEN = "WHERE e.leaf_index >= ? AND e.leaf_index < ? ORDER BY e.leaf_index"
BARE_ENTRIES = """
SELECT leaf_index, id, envelope, NULL, NULL, NULL, NULL, NULL, NULL
FROM entry WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index
"""
_UNIQUE: dict[str, set[frozenset[str]]] = {
    "entry": {frozenset(("id",))},
    "subject_key": {frozenset(("key",)), frozenset(("tag",))},
    "document": {frozenset(("digest", "kind", "name", "version")), frozenset(("name", "version"))},
    "request_key": {frozenset(("digest",)), frozenset(("id",))},
    "tile": {frozenset(("level", "tile_index"))},
}


NO_LEDGER = "no-ledger"
"""The code of the finding that there is none, which for some who ask is no fault."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a ledger has what: its tables, and the columns that an index of each must keep unique.

    `entries` asks for `Row`s between two places, `waiting` for those of the inbox; both need `entry_tables`. With
    `apart` payloads, and the index that leads to them, are tables of their own, and not columns of `entry`.
    """

    apart: bool
    entry_tables: tuple[str, ...]
    unique: dict[str, set[frozenset[str]]]
    entries: str
    waiting: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """All that a ledger has to have."""
        return (*self.entry_tables, "document", "tile", "checkpoint", "ledger_identity")


_APART = "e.id, e.envelope, p.id IS NOT NULL, p.key, p.sealed, i.id IS NOT NULL, k.tag, k.wrapped"
_BESIDE = """LEFT JOIN payload p ON p.id = e.id
LEFT JOIN subject_index i ON i.key = p.key AND i.id = p.id LEFT JOIN subject_key k ON k.key = p.key"""
APART = Layout(
    True,
    ("entry", "payload", "subject_key", "subject_index"),
    {**_UNIQUE, "payload": {frozenset(("id",))}, "subject_index": {frozenset(("key", "id"))}},
    " ".join(("SELECT e.leaf_index,", _APART, "FROM entry e", _BESIDE, _BETWEEN)),
    " ".join(("SELECT NULL,", _APART, "FROM inbox e", _BESIDE, "ORDER BY e.id")),
)
"""PostgreSQL, and SQLite before revision 0003."""

# Leaf 0 is about nobody: whatever has another key is about a subject, and is led to.
_INSIDE = """e.id, e.envelope, e.sealed IS NOT NULL, e.key, e.sealed,
k.key IS NOT NULL AND k.key IS NOT (SELECT key FROM entry WHERE leaf_index = 0), k.tag, k.wrapped"""
INSIDE = Layout(
    False,
    ("entry", "subject_key"),
    _UNIQUE,
    " ".join(("SELECT e.leaf_index,", _INSIDE, "FROM entry e LEFT JOIN subject_key k ON k.key = e.key", _BETWEEN)),
)
"""SQLite."""


class Row(NamedTuple):
    """One entry with all that belongs to it, whatever the columns hold.

    `kept` is whether it has a payload (None: not known, a table is missing), `indexed` whether a subject leads to it
    by the key that its payload names; `tag` and `wrapped` are of that key.
    """

    leaf_index: Any
    id: Any
    envelope: Any
    kept: Any
    key: Any
    sealed: Any
    indexed: Any
    tag: Any
    wrapped: Any


class Unreadable(NamedTuple):
    """The database could not give the entries from `leaf_index` on; `ends` when there is no going on after it."""

    leaf_index: int
    message: str
    ends: bool


class Source(Protocol):
    """A ledger that can be read. Methods raise what `failures` names when the database is damaged."""

    name: str
    failures: tuple[type[Exception], ...]
    has_inbox: bool
    layout: Layout

    def tables(self) -> set[str]:
        """The names of the tables that are there, of those that a ledger has."""

    def unique(self) -> Unique:
        """What the indexes that are there keep unique."""

    def faults(self, deep: bool) -> Iterator[str]:
        """What is wrong with the database as such; `deep` reads all of it."""

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, read as they are asked for."""

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a query."""

    def entries(self, start: int, end: int) -> Iterator[Row | Unreadable]:
        """The entries from leaf `start` to leaf `end`, without it, in order."""

    def of_kind(self, kind: str) -> Iterator[tuple[Any, ...]]:
        """(leaf_index, id, envelope) of the entries whose envelope seems to be of that kind, in order."""

    def explain(self, error: Exception) -> str:
        """What a failure means, in one line."""

    def close(self) -> None:
        """Ends the reading."""


def path_of(url: str | Path) -> Path | None:
    """The SQLite file that a path or database URL names; None for a PostgreSQL URL. Raises SettingsError."""
    if isinstance(url, Path):
        return url
    scheme, colon, rest = url.partition("://")
    scheme = scheme.partition("+")[0]
    if not colon:
        return Path(url)
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/") and "?" not in rest:
        return Path(rest[1:])
    if scheme in ("postgresql", "postgres"):
        return None
    raise SettingsError(
        "`database_url` names no ledger that can be read",
        "supported: `sqlite:///folder/ordain.db` (relative) or `sqlite:////folder/ordain.db`, `postgresql://...`",
    )


Unique = dict[str, set[frozenset[str]]]
"""The sets of columns that indexes keep unique, of each table that is there."""


def missing_indexes(layout: Layout, unique: Unique) -> Iterator[str]:
    """What the layout demands and the database has not."""
    for table, columns in lacking(layout, unique):
        yield f"nothing keeps `{', '.join(sorted(columns))}` of the table `{table}` unique: an index is gone"


def lacking(layout: Layout, unique: Unique) -> list[tuple[str, frozenset[str]]]:
    """(table, columns) that are to be unique and that nothing keeps so, of the tables that are there."""
    wanted = layout.unique
    return [(table, columns) for table in wanted if table in unique for columns in wanted[table] - unique[table]]
