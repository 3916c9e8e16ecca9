"""A decision that cannot be recorded is refused with its reason, and the ledger goes on once the cause is gone."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from ledger_sample import DOCUMENTS, body, entry_id

from audit.ledger import Ledger
from audit.store import Store, path_of
from audit.verify import verify
from engine.errors import LedgerUnavailable, NotRecorded, SettingsError


def direct(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def test_a_locked_database_refuses_after_the_wait_and_can_still_be_read(ledger: Ledger, path: Path) -> None:
    ledger.append(body(1), DOCUMENTS)
    with direct(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotRecorded) as caught:
            ledger.append(body(2), DOCUMENTS)
        assert "is locked by another connection" in caught.value.message
        assert caught.value.issues[0].hint
        assert ledger.get(entry_id(1)) == body(1)
    assert ledger.append(body(2), DOCUMENTS).seq == 2
    assert verify(path)


def test_a_full_disk_refuses_and_leaves_nothing_half_written(ledger: Ledger, store: Store, path: Path) -> None:
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 24")

    store.close()  # idle connections
    sa.event.listen(store.engine, "connect", limit)
    recorded = 0
    with suppress(NotRecorded):
        while recorded < 1000:
            ledger.append(body(recorded), DOCUMENTS)
            recorded += 1
    with pytest.raises(NotRecorded, match="the disk is full"):
        ledger.append(body(recorded, facts={"long": "x" * 100_000}), DOCUMENTS)
    assert 0 < recorded < 1000
    assert recorded == ledger.size() == verify(path).count
    sa.event.remove(store.engine, "connect", limit)
    assert ledger.append(body(recorded), DOCUMENTS).seq == recorded + 1
    assert verify(path)


@contextmanager
def without_privileges() -> Iterator[None]:
    """As a user whom file rights bind: they do not bind root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def test_a_read_only_file_refuses_to_append_but_reads_and_verifies(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    with without_privileges():
        store = Store(f"sqlite:///{path}")
        ledger = Ledger(store)
        ledger.append(body(1), DOCUMENTS)
        ledger.close()
        store.close()

        path.chmod(0o444)
        store = Store(f"sqlite:///{path}")
        ledger = Ledger(store)
        with pytest.raises(NotRecorded, match="is read-only"):
            ledger.append(body(2), DOCUMENTS)
        assert ledger.get(entry_id(1)) == body(1)
        assert verify(path).count == 1

        for file in open_folder.iterdir():  # SQLite gives the log and its index the rights of the database
            file.chmod(0o644)
        assert ledger.append(body(2), DOCUMENTS).seq == 2
        ledger.close()
        store.close()


def test_a_ledger_in_a_folder_without_write_access_can_be_verified(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    with without_privileges():
        store = Store(f"sqlite:///{path}")
        ledger = Ledger(store)
        ledger.append(body(1), DOCUMENTS)
        ledger.close()
        store.close()
    open_folder.chmod(0o555)
    with without_privileges():
        assert verify(path).count == 1
    open_folder.chmod(0o777)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_file_that_vanished_refuses_until_it_is_back(ledger: Ledger, path: Path, replaced: bool) -> None:
    ledger.append(body(1), DOCUMENTS)
    away = path.with_name("away.db")
    path.rename(away)
    if replaced:
        path.write_bytes(away.read_bytes())
    with pytest.raises(NotRecorded, match="was replaced" if replaced else "was moved or deleted"):
        ledger.append(body(2), DOCUMENTS)
    assert path.exists() is replaced
    away.rename(path)
    assert ledger.append(body(2), DOCUMENTS).seq == 2


def test_a_closed_ledger_refuses(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(NotRecorded, match="the ledger is closed"):
        ledger.append(body(1), DOCUMENTS)


@pytest.mark.parametrize("damage", ["x'00'", "'text'"])
def test_a_damaged_last_entry_is_not_built_upon(ledger: Ledger, path: Path, damage: str) -> None:
    ledger.append(body(1), DOCUMENTS)
    with direct(path) as other:
        other.execute(f"UPDATE entry SET hash = {damage}")
    with pytest.raises(NotRecorded, match="last entry, 1, is damaged"):
        ledger.append(body(2), DOCUMENTS)


def test_a_damaged_entry_is_not_read_as_if_it_were_whole(ledger: Ledger, path: Path) -> None:
    ledger.append(body(1), DOCUMENTS)
    with direct(path) as other:
        other.execute("UPDATE entry SET body = x'7b'")
    with pytest.raises(LedgerUnavailable, match=f"`{entry_id(1)}` is damaged"):
        ledger.get(entry_id(1))
    with direct(path) as other:
        other.execute("UPDATE entry SET body = 'text'")
    with pytest.raises(LedgerUnavailable, match="is damaged"):
        list(ledger.entries())
    with direct(path) as other:
        other.execute("DROP TABLE entry")
    with pytest.raises(LedgerUnavailable, match="has lost a table"):
        ledger.size()
    with pytest.raises(NotRecorded, match="has lost a table"):
        ledger.append(body(2), DOCUMENTS)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/a/b/ledger.db").close()
    assert (tmp_path / "a/b/ledger.db").is_file()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://user:hush@host/db", "cannot be kept in `postgresql`"),
        ("sqlite+aiosqlite:///x.db", "cannot be kept in `sqlite+aiosqlite`"),
        ("sqlite://", "does not name a durable file"),
        ("sqlite:///:memory:", "does not name a durable file"),
        ("sqlite:///file:x.db?uri=true", "does not name a durable file"),
        ("ledger.db", "is not a database URL"),
    ],
)
def test_another_kind_of_url_is_refused_with_what_is_supported(url: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        path_of(url)
    assert says in caught.value.message
    assert "hush" not in str(caught.value)
    assert "sqlite:///folder/ordain.db" in caught.value.issues[0].hint


def test_a_file_that_is_not_a_database_is_named(path: Path) -> None:
    path.write_text("customers,prices\n" * 100)
    with pytest.raises(LedgerUnavailable, match="is not a SQLite database"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("customers")
    assert "is not a SQLite database" in str(verify(path).findings[0])


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}")
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be made"):
        Store(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with direct(path) as other:
        other.execute("CREATE TABLE customer (id TEXT)")
    with pytest.raises(SettingsError, match="not an Ordain ledger"):
        Store(f"sqlite:///{path}")


def test_a_ledger_of_a_newer_version_is_refused_by_name(store: Store, path: Path) -> None:
    with direct(path) as other:
        other.execute("PRAGMA user_version = 2")
    with pytest.raises(SettingsError, match="has schema version 2; this Ordain knows up to 1"):
        Store(f"sqlite:///{path}")


def test_every_connection_is_durable_and_logs_ahead(store: Store) -> None:
    with store.engine.connect() as connection:
        for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == expected
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 200
