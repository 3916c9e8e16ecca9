"""Ledgers of the first cut, for the tests of upgrading: one that it wrote itself, and more of the same by its formula.

`tests/cases/ledger/first_cut.sql` is a dump of nine decisions that the first cut of the ledger made and recorded.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ordain.audit.entry.canonical import canonical

DUMP = Path(__file__).parents[1] / "cases" / "ledger" / "first_cut.sql"
COUNT = 9
PERSONAL = ("C-20417-Marlow", "Zoë Ångström 😀", "C-20421-O'Neill", "0.8513", "61.803", "2026-11-02", "61.25")
"""Subjects, and values of facts and models, that stand in the dump."""

Json = dict[str, Any]


def as_written(path: Path) -> None:
    """The ledger of the dump, at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))


def by_formula(path: Path, bodies: Iterable[Json]) -> None:
    """A ledger with the texts of the dump and these bodies."""
    as_written(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM entry")
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _chained(bodies))


def rechained(path: Path) -> None:
    """Computes every hash of the ledger anew from the bodies in it, as who changed one and knows the formula would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM entry ORDER BY seq")]
        connection.execute("DELETE FROM entry")
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _chained(bodies))


def bodies_in(path: Path) -> list[Json]:
    with closing(sqlite3.connect(path)) as connection:
        return [json.loads(body) for (body,) in connection.execute("SELECT body FROM entry ORDER BY seq")]


def hashes_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [hashed.hex() for (hashed,) in connection.execute("SELECT hash FROM entry ORDER BY seq")]


def multiplied(bodies: list[Json], count: int, subjects: int) -> Iterator[Json]:
    """`count` bodies about `subjects` people, with ids of their own."""
    for number in range(count):
        yield {
            **bodies[number % len(bodies)],
            "id": _id(number),
            "subject": f"C-{number % subjects:06d}-Person",
        }


def _id(number: int) -> str:
    digits = f"{0x0192F0000000 + number:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-00000000abcd"


def _chained(bodies: Iterable[Json]) -> Iterator[tuple[object, ...]]:
    previous = bytes(32)
    for seq, data in enumerate(bodies, start=1):
        body = canonical(data)
        hashed = hashlib.sha256(b"ordain entry 1\n" + previous + hashlib.sha256(body).digest()).digest()
        index = (data["id"], data["time"], data["kind"], data.get("service"), data.get("subject"))
        yield (seq, *index, previous, hashed, body)
        previous = hashed
