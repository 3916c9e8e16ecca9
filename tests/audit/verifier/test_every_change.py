"""Whatever is changed in the database of a real ledger is found, or it stands here why it cannot matter.

`ORDAIN_EVERY_CHANGE=3` takes three rows of each table, not one.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from every_change import (
    FUNCTIONS,
    POSTGRESQL_STRUCTURE,
    SQLITE_STRUCTURE,
    Change,
    Postgres,
    Sqlite,
    changes,
    postgresql_tables,
    sqlite_tables,
)

from ordain.audit.anchors.places import FileAnchors
from ordain.audit.entry.entry import Entry, Kind
from ordain.audit.entry.once import Once
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.privacy.retention import retain
from ordain.audit.store.schema import REVISIONS
from ordain.audit.verifier.check import verify

sys.path.insert(0, str(Path(__file__).parents[1]))
from databases import database
from ledgers import DOCUMENTS, MASTER, decision, now, opened

PICKS = int(os.environ.get("ORDAIN_EVERY_CHANGE", "1"))
BY = {"actor": "tests", "reason": "to be changed"}

CANNOT_MATTER = {
    ("checkpoint", "", "delete"): "what it signed is signed by the ones after it, and the places outside keep them all",
    ("request_key", "", "delete"): "the request is decided anew if it comes again, which docs/ledger.md says",
    ("request_key", "", "insert"): "its codes take the ledger's key to make: no request is ever found by it",
    ("request_key", "digest", "update"): "as a row deleted: no request is found by what is none's code",
    ("request_key", "digest", "swap"): "the code of what was asked is bound to the entry: the request is refused",
    ("request_key", "request", "update"): "it is no request's code: the request is refused as another one",
    ("request_key", "request", "swap"): "the code of what was asked is bound to the entry: the request is refused",
    ("request_key", "id", "swap"): "the code of what was asked is bound to the entry: the request is refused",
    ("request_key", "digest", "retype"): "as a row deleted",
    ("request_key", "request", "retype"): "it is no request's code: the request is refused as another one",
    ("sequencer", "term", "update"): "it only tells one sequencer from the next, under an advisory lock",
    (
        "sequencer",
        "one",
        "update",
    ): "nobody finds the row by another number: nothing is given a place until it is put right",
}
"""By table, column and kind of change: why `verify` need not tell of it."""


def fill(url: str, folder: Path) -> None:
    """A ledger with something of everything in it, all of it signed and anchored."""
    long_ago = now() - dt.timedelta(days=400)
    with opened(url, [FileAnchors(folder / "one"), FileAnchors(folder / "two")]) as use:
        for number in range(300):
            use.ledger.append(decision(number % 12, long_ago if number < 8 else None), DOCUMENTS)
        for number in range(3):
            use.ledger.append(decision(number), DOCUMENTS, once=Once(bytes([number]) * 32, bytes([number + 9]) * 32))
        use.ledger.append(Entry(decision(0).id, now(), Kind.MODEL, {"note": "trained"}, about={"action": "trained"}))
        use.note(Kind.READ, {"action": "show", "entries": 1}, {"actor": "tests"}, "C-3")
        hold(use, "C-4", True, private=BY)
        hold(use, "C-5", True, private=BY)
        hold(use, "C-5", False, private=BY)
        erase(use, "C-5", private=BY)
        erase(use, "C-6", private=BY)
        erase(use, "C-7", private=BY, not_before=dt.date(2090, 1, 1))
        retain(use, now() - dt.timedelta(days=300), private=BY)
        use.settle()
        use.ledger.append(decision(1), DOCUMENTS)
        use.settle()


def unseen(url: str, folder: Path) -> bool:
    """Whether neither the verifier nor, with the master key, its decryption finds anything."""
    places = [folder / "one", folder / "two"]
    if not verify(url, anchors=places, revisions=REVISIONS):
        return False
    return bool(verify(url, anchors=places, revisions=REVISIONS, master_key=MASTER))


def missed_of(tried: list[tuple[Change, bool]]) -> list[str]:
    return [
        change.name
        for change, missed in tried
        if missed and (change.table, change.column, change.what) not in CANNOT_MATTER
    ]


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("every")
    fill(f"sqlite:///{folder}/ledger.db", folder)
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "ledger.db", folder


@pytest.fixture(scope="module")
def in_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("every")
    with database() as url:
        fill(url, folder)
        yield url, folder


def copied(path: Path, copy: Path) -> str:
    for suffix in ("", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(path, copy)
    return str(copy)


def test_whatever_is_changed_in_sqlite_is_found(in_sqlite: tuple[Path, Path], tmp_path: Path) -> None:
    path, folder = in_sqlite
    assert unseen(f"sqlite:///{path}", folder), "nothing is found while nothing is changed"
    tried = []
    every = list(changes(Sqlite(copied(path, tmp_path / "whole.db")), sqlite_tables(str(path)), PICKS))
    for change in every:
        changing = Sqlite(copied(path, tmp_path / "copy.db"))
        try:
            change.apply(changing)
        except (sqlite3.IntegrityError, OverflowError):
            continue  # the database refuses it
        finally:
            changing.connection.close()
        tried.append((change, unseen(f"sqlite:///{tmp_path}/copy.db", folder)))
    assert missed_of(tried) == []
    assert len(tried) > 60
    assert {change.table for change, _ in tried} == sqlite_tables(str(path)).keys()


@pytest.mark.parametrize("what", SQLITE_STRUCTURE)
def test_a_structure_that_is_not_a_ledgers_is_found_in_sqlite(
    what: str, in_sqlite: tuple[Path, Path], tmp_path: Path
) -> None:
    path, folder = in_sqlite
    changing = Sqlite(copied(path, tmp_path / "copy.db"))
    for statement in SQLITE_STRUCTURE[what]:
        changing.run(statement)
    changing.connection.close()
    evidence = verify(f"sqlite:///{tmp_path}/copy.db", anchors=[folder / "one"], revisions=REVISIONS)
    assert [finding for finding in evidence.findings if finding.failure.word == "file"]


@contextmanager
def put_back(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """What the table held is in it again afterwards. Foreign keys say nothing of that (nor of the change)."""
    rows = connection.execute(f"SELECT * FROM {table}".encode(), binary=True).fetchall()
    connection.execute("SET session_replication_role = replica")
    yield
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}".encode())
        marks = ", ".join(["%s"] * len(rows[0])) if rows else ""
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})".encode(), rows)


def test_whatever_is_changed_in_postgresql_is_found(in_postgresql: tuple[str, Path]) -> None:
    url, folder = in_postgresql
    assert unseen(url, folder), "nothing is found while nothing is changed"
    tried = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        tables = postgresql_tables(connection)
        for change in list(changes(Postgres(connection), tables, PICKS)):
            with put_back(connection, change.table):
                try:
                    with connection.transaction():
                        change.apply(Postgres(connection))
                except psycopg.Error:
                    continue  # the database refuses it
                finally:
                    missed = unseen(url, folder)
                tried.append((change, missed))
    assert missed_of(tried) == []
    assert len(tried) > 60


@pytest.mark.parametrize("what", POSTGRESQL_STRUCTURE)
def test_a_structure_that_is_not_a_ledgers_is_found_in_postgresql(what: str, in_postgresql: tuple[str, Path]) -> None:
    url, folder = in_postgresql
    done, undone = POSTGRESQL_STRUCTURE[what]
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT to_regproc('nothing')::text").fetchone()[0]:  # type: ignore[index]
            connection.execute(FUNCTIONS.encode())
        connection.execute(done.encode())
        try:
            evidence = verify(url, anchors=[folder / "one"], revisions=REVISIONS)
        finally:
            connection.execute(undone.encode())
    assert [finding for finding in evidence.findings if finding.failure.word == "file"]
