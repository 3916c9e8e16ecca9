"""One tampering with a ledger, what it must be told as, and how it is tried."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewriting import Signers

from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Evidence, Failure

Apply = Callable[[sqlite3.Connection], object]

REVISIONS = ("0002", "0003")


@dataclass(frozen=True)
class Ledger:
    """`signers`: the sizes from which each signing key is in force. `places` have its checkpoints."""

    path: Path
    master: bytes
    origin: str
    key: str
    signers: Signers
    places: Sequence[Path]


@dataclass(frozen=True)
class Case:
    """One tampering. `expected` are the classes that may lead its report; `master`, `anchors`: what seeing it takes."""

    group: str
    what: str
    apply: Apply
    expected: tuple[Failure, ...]
    master: bool = False
    anchors: bool = False
    file: Callable[[Path], object] | None = None


def run(case: Case, ledger: Ledger, work: Path) -> Evidence:
    """Copies the ledger to `work`, tampers with the copy and verifies it."""
    for suffix in ("-wal", "-shm", "-journal"):
        work.with_name(work.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(ledger.path, work)
    with closing(sqlite3.connect(work, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("BEGIN")
        case.apply(connection)
        connection.execute("COMMIT")
    if case.file is not None:
        case.file(work)
    return verify(
        work,
        master_key=ledger.master if case.master else None,
        anchors=ledger.places if case.anchors else (),
        revisions=REVISIONS,
    )


@dataclass
class Rows:
    """Looks into a ledger for what to change: up to `rows` rows of a table, `positions` bytes of a value.

    `signed` is the size of its newest checkpoint.
    """

    connection: sqlite3.Connection
    random: random.Random
    rows: int
    positions: int

    def __post_init__(self) -> None:
        self.signed = self.connection.execute("SELECT max(size) FROM checkpoint").fetchone()[0]

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values).fetchall()

    def sample(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        rows = self.all(query, *values)
        return self.random.sample(rows, min(self.rows, len(rows)))


def statement(text: str, *values: object) -> Apply:
    return lambda connection: connection.execute(text, values)
