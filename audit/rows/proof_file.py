"""The file that proves a run's rows: of each block its key and its root, and what was erased. For its owner alone.

    about   one row: what `write` was told, and `rows`, as JSON
    block   number from 0, key (32 bytes), root (32). Where a row was erased there is no key: `salts` has those of the
            block's rows one after the other, zeros for a row that was erased
    erased  row, its leaf, and the ledger's entry that says so
    begun   the rows of an erasure that may not be finished, with what `erased` will have of them
    shorter the files that this erasure makes shorter: rows in each before, and which of them go

Whoever has a key can test a guess at a row of its block. What is deleted is overwritten (secure_delete).
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ordain.audit.rows.run_files import keep_name
from ordain.audit.rows.sealed_part import (
    BLOCK_ROWS,
    HASH_BYTES,
    KEY_BYTES,
    PART_ROWS,
    SALT_BYTES,
    SealedPart,
    root_over,
    salts_of,
)
from ordain.engine.errors import ExportFailed, MalformedRequest, reason_of

APPLICATION_ID = 0x4F524452
"""Marks the file ("ORDR")."""
FORMAT = 1
NO_SALT = bytes(SALT_BYTES)
_TABLES = (
    "CREATE TABLE about (told TEXT NOT NULL)",
    "CREATE TABLE block (number INTEGER PRIMARY KEY, key BLOB, salts BLOB, root BLOB NOT NULL)",
    "CREATE TABLE erased (row INTEGER PRIMARY KEY, leaf BLOB NOT NULL, entry TEXT NOT NULL)",
    "CREATE TABLE begun (row INTEGER PRIMARY KEY, leaf BLOB NOT NULL, entry TEXT NOT NULL)",
    "CREATE TABLE shorter (file TEXT PRIMARY KEY, rows INTEGER NOT NULL, places TEXT NOT NULL)",
)
_REQUIRED = {"run": str, "key": str, "columns": list, "reject_columns": list}

Json = dict[str, Any]


def write(path: Path, about: Mapping[str, Any], parts: Iterable[SealedPart]) -> bytes:
    """Writes the file of a run and gives the root over all rows. It appears whole, and in the place of an older one.

    `about` has `run`, `key` (the name of the column by which people are found), `columns` and `reject_columns` (name
    and DuckDB's type of each, of the output and of the rejects), and whatever else is to be found there as JSON.
    The parts come in their order. Raises ExportFailed; ValueError for parts that do not follow on each other.
    """
    if any(type(about.get(name)) is not type_ for name, type_ in _REQUIRED.items()):
        raise ValueError(f"a proof file tells of {', '.join(_REQUIRED)}")
    beside = path.with_name(f".{path.name}.new")
    try:
        try:
            beside.unlink(missing_ok=True)
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            root = _fill(beside, about, parts)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
            keep_name(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        why = reason_of(error) if isinstance(error, OSError) else str(error)
        raise ExportFailed(f"`{path}` cannot be written: {why}", "check its folder and the disk") from None
    return root


def _fill(path: Path, about: Mapping[str, Any], parts: Iterable[SealedPart]) -> bytes:
    roots, rows = [], 0
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for setting in (f"application_id = {APPLICATION_ID}", f"user_version = {FORMAT}", "secure_delete = ON"):
            database.execute(f"PRAGMA {setting}")
        database.execute("PRAGMA journal_mode = OFF")  # the file has no name yet: it is whole or made again
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for table in _TABLES:
            database.execute(table)
        for part in parts:
            if part.first != rows or rows % PART_ROWS:
                raise ValueError(f"a part begins at row {part.first}, after {rows} rows")
            number = rows // BLOCK_ROWS
            keys, hashes = _pieces(part.keys, KEY_BYTES), _pieces(part.blocks, HASH_BYTES)
            database.executemany(
                "INSERT INTO block VALUES (?, ?, NULL, ?)",
                ((number + at, key, root) for at, (key, root) in enumerate(zip(keys, hashes, strict=True))),
            )
            roots.append(part.root)
            rows += part.rows
        told = orjson.dumps({**about, "rows": rows}).decode()
        database.execute("INSERT INTO about VALUES (?)", (told,))
        database.execute("COMMIT")
    return root_over(roots)


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@dataclass(frozen=True, slots=True)
class Block:
    """`rows` rows from number `first` on. `erased` has the leaves, by row, of those that were erased."""

    number: int
    rows: int
    salts: bytes
    root: bytes
    erased: Mapping[int, bytes]

    @property
    def first(self) -> int:
        """The number of its first row."""
        return self.number * BLOCK_ROWS

    def salt(self, row: int) -> bytes:
        """That of a row of the block that was not erased."""
        at = (row - self.first) * SALT_BYTES
        return self.salts[at : at + SALT_BYTES]


@dataclass(frozen=True, slots=True)
class Shorter:
    """A file of a run, by its name, that had so many `rows`, and will not have those at these places, from 0."""

    file: str
    rows: int
    places: Sequence[int]


@dataclass(frozen=True, slots=True)
class Begun:
    """An erasure: the ledger's entry that says so, by row the leaf that stays, and the files that hold the rows."""

    entry: str
    leaves: Mapping[int, bytes]
    shorter: Sequence[Shorter]


class ProofFile:
    """A proof file that is open. Every method raises MalformedRequest when the file is damaged."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self._database = path, database
        with self._reading():
            names = ("application_id", "user_version")
            if [database.execute(f"PRAGMA {name}").fetchone()[0] for name in names] != [APPLICATION_ID, FORMAT]:
                raise MalformedRequest(
                    f"`{path}` is no proof file of a run that this version knows", "it is made by `ordain batch`"
                )
            self.about: Json = orjson.loads(database.execute("SELECT told FROM about").fetchone()[0])
            right = all(isinstance(self.about.get(name), type_) for name, type_ in _REQUIRED.items())
            if not right or type(self.about.get("rows")) is not int or self.about["rows"] < 0:
                raise ValueError("what it is about")
        self.run: str = self.about["run"]
        self.rows: int = self.about["rows"]
        """How many rows the run had, decided, rejected and erased ones together."""
        self.key: str = self.about["key"]

    def blocks(self) -> Iterator[Block]:
        """All blocks, in order."""
        for number in range(-(-self.rows // BLOCK_ROWS)):
            yield self.block(number)

    def block(self, number: int) -> Block:
        """The block of that number."""
        first = number * BLOCK_ROWS
        rows = min(BLOCK_ROWS, self.rows - first)
        with self._reading():
            key, salts, root = self._database.execute(
                "SELECT key, salts, root FROM block WHERE number = ?", (number,)
            ).fetchone()
            erased = dict(
                self._database.execute("SELECT row, leaf FROM erased WHERE row >= ? AND row < ?", (first, first + rows))
            )
            if not _are(HASH_BYTES, root, *erased.values()):
                raise ValueError("a hash")
            if key is not None:
                if not _are(KEY_BYTES, key) or erased:
                    raise ValueError("a key")
                salts = salts_of(key, rows)
            if not _are(SALT_BYTES * rows, salts):
                raise ValueError("salts")
        return Block(number, rows, salts, root, erased)

    def roots(self) -> list[bytes]:
        """The root of every block, in order."""
        with self._reading():
            roots = [root for (root,) in self._database.execute("SELECT root FROM block ORDER BY number")]
            if not _are(HASH_BYTES, *roots) or len(roots) != -(-self.rows // BLOCK_ROWS):
                raise ValueError("a root")
        return roots

    def erased(self) -> list[int]:
        """The rows that were erased, in order."""
        with self._reading():
            return [row for (row,) in self._database.execute("SELECT row FROM erased ORDER BY row")]

    def erasures(self) -> dict[str, int]:
        """How many rows were erased, by the id of the ledger's entry that says so."""
        with self._reading():
            return Counter(entry for (entry,) in self._database.execute("SELECT entry FROM erased"))

    def begun(self) -> Begun | None:
        """The erasure that was begun and is not finished."""
        with self._reading():
            rows = self._database.execute("SELECT entry, row, leaf FROM begun ORDER BY row").fetchall()
            files = self._database.execute("SELECT file, rows, places FROM shorter ORDER BY file").fetchall()
            if not rows:
                return None
            if not _are(HASH_BYTES, *(leaf for _, _, leaf in rows)):
                raise ValueError("a leaf")
            shorter = [Shorter(file, count, orjson.loads(places)) for file, count, places in files]
        return Begun(rows[0][0], {row: leaf for _, row, leaf in rows}, shorter)

    def begin(self, begun: Begun) -> None:
        """Notes that these rows are about to be erased."""
        with self._changing():
            self._clear()
            self._database.executemany(
                "INSERT INTO begun VALUES (?, ?, ?)", ((row, leaf, begun.entry) for row, leaf in begun.leaves.items())
            )
            self._database.executemany(
                "INSERT INTO shorter VALUES (?, ?, ?)",
                ((each.file, each.rows, orjson.dumps(each.places).decode()) for each in begun.shorter),
            )

    def withdraw(self) -> None:
        """Takes back what `begin` noted: nothing of it was done."""
        with self._changing():
            self._clear()

    def forget(self, begun: Begun) -> None:
        """Destroys what could test a guess at these rows, which `begin` noted. Of each its leaf stays."""
        of: dict[int, list[int]] = {}
        for row in begun.leaves:
            of.setdefault(row // BLOCK_ROWS, []).append(row)
        blocks = [self.block(number) for number in of]
        with self._changing():
            for block in blocks:
                salts = bytearray(block.salts)
                for row in of[block.number]:
                    at = (row - block.first) * SALT_BYTES
                    salts[at : at + SALT_BYTES] = NO_SALT
                changed = (bytes(salts), block.number)
                self._database.execute("UPDATE block SET key = NULL, salts = ? WHERE number = ?", changed)
            self._database.execute("INSERT INTO erased SELECT row, leaf, entry FROM begun")
            self._clear()

    def _clear(self) -> None:
        self._database.execute("DELETE FROM begun")
        self._database.execute("DELETE FROM shorter")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError):
            raise MalformedRequest(
                f"`{self.path}` is damaged, so the rows cannot be held against it", "take it from a backup"
            ) from None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise ExportFailed(f"`{self.path}` cannot be written: {error}", "check its folder and the disk") from None


@contextmanager
def opened(path: Path, *, change: bool = False) -> Iterator[ProofFile]:
    """The proof file there, to be read, or with `change` to be changed too. Raises MalformedRequest."""
    if not path.is_file():
        raise MalformedRequest(
            f"there is no `{path}`, which proves the rows",
            "it stands beside the output: do not move one without the other",
        )
    writable = change or os.access(path, os.W_OK)  # SQLite takes back what a change that was killed left half done
    mode = "rw" if writable else "ro"
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise MalformedRequest(f"`{path}` cannot be opened: {error}") from None
    with closing(database):
        proof = ProofFile(path, database)
        if change:
            for setting in ("secure_delete = ON", "synchronous = FULL"):
                database.execute(f"PRAGMA {setting}")
        yield proof


def _are(size: int, *values: object) -> bool:
    return all(isinstance(value, bytes) and len(value) == size for value in values)
