"""The file that proves a run's rows: of each block its key and its root, and what was erased. For its owner alone.

    about   one row: what `write` was told, and `rows`, as JSON
    block   number from 0, key (32 bytes), root (32). Where a row was erased there is no key: `salts` has those of the
            block's rows one after the other, zeros for a row that was erased
    erased  row, its leaf, and the ledger's entry that says so
    begun   the rows of an erasure that may not be finished, and its entry

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
    "CREATE TABLE begun (row INTEGER PRIMARY KEY, entry TEXT NOT NULL)",
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

    def begun(self) -> tuple[str, list[int]] | None:
        """The entry and the rows of an erasure that was begun and is not finished."""
        with self._reading():
            rows = self._database.execute("SELECT entry, row FROM begun ORDER BY row").fetchall()
        return (rows[0][0], [row for _, row in rows]) if rows else None

    def begin(self, entry: str, rows: Sequence[int]) -> None:
        """Notes that these rows are about to be erased, in place of what was noted before."""
        with self._changing():
            self._database.execute("DELETE FROM begun")
            self._database.executemany("INSERT INTO begun VALUES (?, ?)", ((row, entry) for row in rows))

    def withdraw(self) -> None:
        """Takes back what `begin` noted: nothing of it was done."""
        with self._changing():
            self._database.execute("DELETE FROM begun")

    def forget(self, leaves: Mapping[int, bytes]) -> None:
        """Destroys what could test a guess at these rows, which `begin` noted; of each its leaf stays, as given."""
        entry, _ = self.begun() or ("", [])
        blocks = {number: self.block(number) for number in {row // BLOCK_ROWS for row in leaves}}
        with self._changing():
            for number, block in blocks.items():
                salts = bytearray(block.salts)
                for row in leaves:
                    if row // BLOCK_ROWS == number:
                        at = (row - block.first) * SALT_BYTES
                        salts[at : at + SALT_BYTES] = NO_SALT
                self._database.execute(
                    "UPDATE block SET key = NULL, salts = ? WHERE number = ?", (bytes(salts), number)
                )
            self._database.executemany(
                "INSERT INTO erased VALUES (?, ?, ?)", ((row, leaf, entry) for row, leaf in leaves.items())
            )
            self._database.execute("DELETE FROM begun")

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
    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rw' if change else 'ro'}", uri=True, isolation_level=None
        )
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
