"""An upgrade that is killed, or that the disk is full for: the ledger is the old one or the new one, whole."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from first_cut_ledger import COUNT, as_written, bodies_in, hashes_in
from first_cut_upgraded import assert_adopted, personal_in, sqlite_store, upgraded

from ordain.audit.store.adoption import UNFINISHED
from ordain.audit.store.schema import HEAD, Upgraded, ensure_schema
from ordain.audit.store.sqlite import SqliteStore
from ordain.engine.errors import LedgerUnavailable, SettingsError

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("upgrade_worker.py")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The ledger that the first cut wrote."""
    path = tmp_path / "ledger.db"
    as_written(path)
    return path


def run_worker(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(WORKER), str(path), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


BEFORE_COMMIT = [
    ("ALTER TABLE entry", 1, 0),
    ("INSERT INTO entry", 5, 0),
    ("INSERT INTO subject_index", 9, 0),
    ("DROP TABLE first_cut_entry", 1, 1),
    ("COMMIT", 1, 0),
]
AFTER_COMMIT = [
    ("PRAGMA wal_checkpoint", 1, 0),
    ("VACUUM", 1, 0),
    ("VACUUM", 1, 40),
    ("PRAGMA wal_checkpoint", 2, 0),
    ("PRAGMA user_version = 0", 2, 0),
]


@pytest.mark.parametrize("moment", BEFORE_COMMIT + AFTER_COMMIT, ids=lambda m: f"{m[0]} {m[1]} {m[2]}")
def test_an_upgrade_that_is_killed_leaves_the_old_ledger_or_the_new_and_is_finished_later(
    old: Path, moment: tuple[str, int, int]
) -> None:
    bodies, hashes = bodies_in(old), hashes_in(old)
    assert run_worker(old, "kill", *map(str, moment)).returncode == -9
    committed = moment in AFTER_COMMIT
    with sqlite_store(old) as store:
        with pytest.raises(SettingsError, match="has not finished" if committed else "older version"):
            ensure_schema(store)
        if not committed:
            assert (bodies_in(old), hashes_in(old)) == (bodies, hashes)
        assert upgraded(store) == (Upgraded(HEAD, HEAD, 0) if committed else Upgraded("0001", HEAD, COUNT))
    assert_adopted(old, bodies, hashes)
    assert personal_in(old) == []


@pytest.mark.parametrize("pages", [1, 8])
def test_when_the_disk_is_full_the_old_ledger_stays_and_upgrades_once_there_is_room(old: Path, pages: int) -> None:
    """`pages` more than the file has are left."""
    bodies, hashes = bodies_in(old), hashes_in(old)

    def limit(driver: sqlite3.Connection, *_: object) -> None:
        count = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count = {count + pages}")

    with sqlite_store(old) as store:
        sa.event.listen(sa.Pool, "checkout", limit)
        try:
            with pytest.raises(LedgerUnavailable, match="the disk is full"):
                upgraded(store)
        finally:
            sa.event.remove(sa.Pool, "checkout", limit)
    assert (bodies_in(old), hashes_in(old)) == (bodies, hashes)
    with sqlite_store(old) as store:
        assert upgraded(store).adopted == COUNT
    assert_adopted(old, bodies, hashes)


@pytest.mark.parametrize("size", [60_000, 140_000])
def test_when_a_file_cannot_grow_the_ledger_is_the_old_or_the_new_and_upgrades_once_it_can(
    old: Path, size: int
) -> None:
    bodies, hashes = bodies_in(old), hashes_in(old)
    run = run_worker(old, "full", str(size))
    assert run.returncode == 3, (run.stdout, run.stderr)
    assert "hint:" in run.stdout
    with sqlite_store(old) as store:
        upgraded(store)
    assert_adopted(old, bodies, hashes)
    assert personal_in(old) == []


def test_while_a_reader_holds_the_old_state_the_upgrade_says_that_it_is_to_be_run_again(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as held:
        held.execute("BEGIN")
        held.execute("SELECT count(*) FROM entry").fetchone()
        store = SqliteStore(f"sqlite:///{old}", busy_seconds=0.1)
        with closing(store), pytest.raises(LedgerUnavailable) as refused:
            upgraded(store)
        assert "upgraded" in refused.value.message
        assert "ordain audit upgrade" in refused.value.issues[0].hint
        with closing(sqlite3.connect(old)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone()[0] == UNFINISHED
    with sqlite_store(old) as store:
        upgraded(store)
        ensure_schema(store)
    assert personal_in(old) == []
