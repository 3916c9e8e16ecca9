"""Statements on SQLite's driver that take many rows, or values, at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from ordain.audit.entry.entry import VERIFY
from ordain.engine.errors import NotRecorded

_ROWS = 128
"""Rows of one statement. SQLite takes 32,766 values in one (https://www.sqlite.org/limits.html#max_variable_number)."""


def in_list(driver: sqlite3.Connection, select: str, values: list[bytes]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of `select` for some of the values at a time; few different statements, as in `insert`."""
    for start in range(0, len(values), _ROWS):
        some = values[start : start + _ROWS]
        some += some[:1] * ((1 << (len(some) - 1).bit_length()) - len(some))
        yield driver.execute(f"{select} IN ({','.join('?' * len(some))})", some).fetchall()


def insert(driver: sqlite3.Connection, begins: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Adds rows, many by one statement, which `begins` so: `INSERT INTO t (a, b) VALUES`.

    Fewer statements cost less, and each lets go of the interpreter, which another thread may keep for up to 5 ms.
    Raises NotRecorded when fewer arrive.

    Each statement takes a power of two of rows, so that there are few different ones, and they stay prepared.
    """
    at = 0
    while at < len(rows):
        size = min(_ROWS, 1 << (len(rows) - at).bit_length() - 1)
        values = ",".join([f"({','.join('?' * len(rows[0]))})"] * size)
        done = driver.execute(f"{begins} {values}", list(chain.from_iterable(rows[at : at + size])))
        if done.rowcount != size:
            raise NotRecorded("the database does not take what is written to it", VERIFY)
        at += size
