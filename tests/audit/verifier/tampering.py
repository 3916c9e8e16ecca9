"""What somebody who can write to the database may do to a ledger, class by class, for whatever ledger is given.

Works on a SQLite file and its secrets alone, so a ledger of the real writer can stand in place of a forged one.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from forging import erasures, forged_erasures, rewrites
from notes_by_hand import digest
from rewriting import copy_entry, shift
from tamper_case import Case, Ledger, Rows, statement

from ordain.audit.verifier.findings import Failure

F = Failure
Swap = Callable[[sqlite3.Connection, str], None]

COLUMNS: dict[str, dict[str, tuple[Failure, ...]]] = {
    "entry": {
        "leaf_index": (F.CONTENT,),
        "id": (F.CONTENT,),
        "envelope": (F.CONTENT, F.PAYLOAD, F.TREE),
        "key": (F.PAYLOAD, F.ERASURE),
        "sealed": (F.PAYLOAD,),
    },
    "subject_key": {
        "key": (F.PAYLOAD,),
        "tag": (F.PAYLOAD,),
        "wrapped": (F.PAYLOAD,),
        "hold": (F.ERASURE,),
        "erase_not_before": (F.ERASURE,),
    },
    "document": dict.fromkeys(("digest", "kind", "name", "version", "text"), (F.DOCUMENT,)),
    "tile": dict.fromkeys(("level", "tile_index", "hashes"), (F.TREE,)),
    "checkpoint": {"size": (F.SIGNATURE, F.TREE), "note": (F.SIGNATURE,)},
    "ledger_identity": {
        "ledger": (F.SIGNATURE, F.PAYLOAD),
        "origin": (F.SIGNATURE,),
        "key": (F.SIGNATURE,),
        "index_key": (F.PAYLOAD,),
    },
    "alembic_version": {"version_num": (F.FILE,)},
}
"""Every column of every table, and the classes that a change there may be told as."""

WITH_MASTER_KEY = {("subject_key", "tag"), ("subject_key", "wrapped"), ("ledger_identity", "index_key")}
"""Columns that mean nothing to who has not the master key."""


def cases(ledger: Ledger, rows: int, positions: int, seed: int = 7) -> Iterator[Case]:
    """All classes, each with up to `rows` rows of a table and `positions` bytes of a value."""
    with closing(sqlite3.connect(ledger.path)) as connection:
        some = _Some(connection, random.Random(seed), rows, positions)  # noqa: S311 - to be the same each time
        yield from some.flips()
        yield from some.deletions()
        yield from some.reordered()
        yield from some.insertions()
        yield from some.duplicates()
        yield from some.swapped_payloads()
        yield from erasures(some)
        yield from some.file()
        yield from some.cuts()
        yield from forged_erasures(some, ledger)
        yield from rewrites(some, ledger)


class _Some(Rows):
    def keyed(self, table: str) -> list[tuple[tuple[str, ...], tuple[Any, ...]]]:
        """Rows of a table by what tells them apart: names and values of the columns of its primary key."""
        info = self.all(f"PRAGMA table_info({table})")
        names = tuple(row[1] for row in info if row[5]) or tuple(row[1] for row in info)
        where = f" WHERE leaf_index < {self.signed}" if table == "entry" else ""
        return [(names, row) for row in self.sample(f"SELECT {', '.join(names)} FROM {table}{where}")]

    def flips(self) -> Iterator[Case]:
        for table, columns in COLUMNS.items():
            for column, expected in columns.items():
                master = (table, column) in WITH_MASTER_KEY
                for names, values in self.keyed(table):
                    which = " AND ".join(f"{name} IS ?" for name in names)
                    (value,) = self.all(f"SELECT {column} FROM {table} WHERE {which}", *values)[0]
                    for flipped in self.flipped(value):
                        yield Case(
                            f"a byte of `{table}.{column}`",
                            f"{values} -> {flipped!r}",
                            statement(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {which}", flipped, *values),
                            expected,
                            master,
                        )

    def flipped(self, value: Any) -> list[Any]:
        if value is None:
            return ["2026-01-01"]
        if isinstance(value, int):
            return [value ^ 1 << self.random.randrange(20), -value - 1][: self.positions]
        data = value.encode() if isinstance(value, str) else value
        places = {0, len(data) - 1, len(data) // 2} if data else set()
        while data and len(places) < min(self.positions, len(data)):
            places.add(self.random.randrange(len(data)))
        made = []
        for place in sorted(places):
            changed = bytes((*data[:place], data[place] ^ 1 << self.random.randrange(7), *data[place + 1 :]))
            made.append(changed.decode(errors="replace") if isinstance(value, str) else changed)
        return made or ["x"]

    def deletions(self) -> Iterator[Case]:
        expected = {
            "entry": (F.CONTENT,),
            "subject_key": (F.PAYLOAD, F.ERASURE),
            "document": (F.DOCUMENT,),
            "tile": (F.TREE,),
            "ledger_identity": (F.SIGNATURE,),
            "alembic_version": (F.FILE,),
        }
        for table, classes in expected.items():
            for names, values in self.keyed(table):
                which = " AND ".join(f"{name} IS ?" for name in names)
                yield Case(
                    f"a row of `{table}` deleted",
                    str(values),
                    statement(f"DELETE FROM {table} WHERE {which}", *values),
                    classes,
                )

    def reordered(self) -> Iterator[Case]:
        for _ in range(self.rows):
            one, other = self.random.sample(range(1, self.signed), 2)

            def swap(connection: sqlite3.Connection, one: int = one, other: int = other) -> None:
                for old, new in ((one, -5), (other, one), (-5, other)):
                    connection.execute("UPDATE entry SET leaf_index = ? WHERE leaf_index = ?", (new, old))

            yield Case("two entries swapped", f"{one}, {other}", swap, (F.CONTENT, F.TREE))

    def insertions(self) -> Iterator[Case]:
        for _ in range(self.rows):
            place = self.random.randrange(1, self.signed)

            def insert(connection: sqlite3.Connection, place: int = place) -> None:
                shift(connection, place)
                copy_entry(connection, place - 1, place, self.random.randbytes(16))

            yield Case("an entry inserted", str(place), insert, (F.CONTENT, F.TREE))
        made = {
            "subject_key": (
                (F.PAYLOAD,),
                lambda: (self.random.randbytes(16), self.random.randbytes(32), self.random.randbytes(60), None, None),
            ),
            "document": ((F.DOCUMENT,), lambda: (digest(b"new"), "policy", "new", 1, b"new")),
            "tile": ((F.TREE,), lambda: (0, 10**6 + self.random.randrange(9), self.random.randbytes(8192))),
            "checkpoint": (
                (F.SIGNATURE,),
                lambda: (self.unsigned_size(), self.all("SELECT note FROM checkpoint")[0][0]),
            ),
            "ledger_identity": ((F.SIGNATURE,), lambda: (str(UUID(int=5)), "o", "k", b"")),
            "alembic_version": ((F.FILE,), lambda: ("0002",)),
        }
        for table, (classes, row) in made.items():
            values = row()
            marks = ", ".join("?" * len(values))
            yield Case(
                f"a row of `{table}` inserted",
                "",
                statement(f"INSERT INTO {table} VALUES ({marks})", *values),
                classes,
            )

    def unsigned_size(self) -> int:
        """The largest that no checkpoint has, of those below the newest's."""
        sizes = {row[0] for row in self.all("SELECT size FROM checkpoint")}
        return max(set(range(self.signed)) - sizes)

    def duplicates(self) -> Iterator[Case]:
        for _ in range(self.rows):
            place = self.random.randrange(1, self.signed)

            def under_another_id(connection: sqlite3.Connection, place: int = place) -> None:
                statement(
                    "INSERT INTO entry SELECT (SELECT max(leaf_index) + 1 FROM entry), ?, envelope, key, sealed "
                    "FROM entry WHERE leaf_index = ?",
                    self.random.randbytes(16),
                    place,
                )(connection)

            def without_the_index(connection: sqlite3.Connection, place: int = place) -> None:
                connection.execute("CREATE TABLE again AS SELECT * FROM entry")
                connection.execute("DROP TABLE entry")
                connection.execute(
                    "CREATE TABLE entry (leaf_index INTEGER PRIMARY KEY, id BLOB NOT NULL, envelope BLOB NOT NULL, "
                    "key BLOB, sealed BLOB)"
                )
                connection.execute("INSERT INTO entry SELECT * FROM again")
                connection.execute("DROP TABLE again")
                statement(
                    "INSERT INTO entry SELECT (SELECT max(leaf_index) + 1 FROM entry), id, envelope, key, sealed "
                    "FROM entry WHERE leaf_index = ?",
                    place,
                )(connection)

            yield Case("an entry duplicated", f"{place} under another id", under_another_id, (F.CONTENT,))
            yield Case("an entry duplicated", f"{place} without the index", without_the_index, (F.CONTENT,))

    def swapped_payloads(self) -> Iterator[Case]:
        query = "SELECT id FROM entry WHERE key IS NOT NULL"
        for _ in range(self.rows):
            (one,), (other,) = self.random.sample(self.all(query), 2)

            def swap(connection: sqlite3.Connection, names: str, one: bytes = one, other: bytes = other) -> None:
                columns = f"SELECT {names} FROM entry WHERE id = ?"
                first, second = (connection.execute(columns, (each,)).fetchone() for each in (one, other))
                change = f"UPDATE entry SET ({names}) = ({', '.join('?' * len(first))}) WHERE id = ?"
                connection.execute(change, (*second, one))
                connection.execute(change, (*first, other))

            def whole(connection: sqlite3.Connection, swap: Swap = swap) -> None:
                swap(connection, "key, sealed")

            def sealed(connection: sqlite3.Connection, swap: Swap = swap) -> None:
                swap(connection, "sealed")

            yield Case("two payloads swapped", "with their keys", whole, (F.PAYLOAD,))
            yield Case("two payloads swapped", "sealed bytes", sealed, (F.PAYLOAD,))

    def file(self) -> Iterator[Case]:
        statements = {
            "a trigger": "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM tile; END",
            "a view": "CREATE VIEW v AS SELECT * FROM entry",
            "an index dropped": "DROP INDEX one_text_per_policy_version",
            "a table dropped": "DROP TABLE document",
            "the tiles dropped": "DROP TABLE tile",
            "the checkpoints dropped": "DROP TABLE checkpoint",
            "the keys dropped": "DROP TABLE subject_key",
            "the application id": "PRAGMA application_id = 1",
        }
        for what, text in statements.items():
            yield Case("the database's structure changed", what, statement(text), tuple(F))

        def garbage(work: Path) -> None:
            data = bytearray(work.read_bytes())
            (envelope,) = self.random.choice(self.all("SELECT envelope FROM entry WHERE leaf_index < ?", self.signed))
            at = data.index(envelope[-80:]) - 400  # in the middle of its row
            data[at : at + 400] = self.random.randbytes(400)
            work.write_bytes(data)

        def header(work: Path) -> None:
            data = bytearray(work.read_bytes())
            data[self.random.randrange(16)] ^= 1
            work.write_bytes(data)

        for _ in range(self.rows):
            yield Case("the file damaged", "400 bytes of an entry", lambda connection: None, tuple(F), file=garbage)
        yield Case("the file damaged", "header", lambda connection: None, tuple(F), file=header)

    def cuts(self) -> Iterator[Case]:
        """Where possible after all but decisions, so that nothing that is left speaks of what is gone."""
        special = "SELECT max(leaf_index) FROM entry WHERE instr(envelope, ?) = 0"
        (last,) = self.all(special, b'"kind":"decision"')[0]
        sizes = [row[0] for row in self.all("SELECT size FROM checkpoint ORDER BY size")][:-1]
        sizes = [size for size in sizes if size > last] or sizes
        for size in self.random.sample(sizes, min(self.rows, len(sizes))):

            def cut(connection: sqlite3.Connection, size: int = size) -> None:
                connection.execute("DELETE FROM entry WHERE leaf_index >= ?", (size,))
                unused = "key NOT IN (SELECT key FROM entry WHERE key IS NOT NULL)"
                connection.execute(f"DELETE FROM subject_key WHERE {unused}")
                connection.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
                connection.execute("DELETE FROM tile WHERE (tile_index + 1) << 8 * (level + 1) > ?", (size,))

            yield Case("the end cut off, at a checkpoint", str(size), cut, tuple(F), anchors=True)
