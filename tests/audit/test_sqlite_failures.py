"""SQLite: what cannot be recorded is refused with its reason, and all goes on once the cause is gone."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from full_disks import files_up_to, small_disk
from ledgers import DOCUMENTS, decision, opened

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.store.sqlite import SqliteStore, path_of
from ordain.engine.errors import LedgerUnavailable, NotRecorded, SettingsError

BIG = {"facts": {"long": "x" * 20_000}}


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def use(url: str) -> Iterator[OpenLedger]:
    with opened(url, busy_seconds=0.2) as made:
        made.ledger.append(decision(0), DOCUMENTS)
        yield made


def direct(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def append_until_refused(use: OpenLedger, told: set[str], most: int = 2000) -> NotRecorded:
    """Appends from four threads at once until each was refused."""

    def work(part: int) -> NotRecorded:
        for number in range(part, most, 4):
            try:
                told.add(use.ledger.append(decision(number, private=BIG), DOCUMENTS).entry_id)
            except NotRecorded as error:
                return error
        raise AssertionError("nothing was refused")

    with ThreadPoolExecutor(4) as pool:
        return next(iter(pool.map(work, range(4))))


def check_whole(use: OpenLedger, told: set[str]) -> None:
    """Every acknowledged entry is there; what is there has its place, its payload and its index."""
    records = list(use.reader.records())
    assert [record.entry.leaf_index for record in records] == list(range(len(records)))
    assert all(record.status is Status.READABLE for record in records)
    assert told <= {str(record.entry.id) for record in records}
    with use.store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
        for column, count in (("leaf_index", len(records)), ("sealed", len(records)), ("key", len(records))):
            assert connection.exec_driver_sql(f"SELECT count({column}) FROM entry").scalar() == count
        keys = "SELECT count(*) FROM entry WHERE key NOT IN (SELECT key FROM subject_key)"
        assert connection.exec_driver_sql(keys).scalar() == 0


def goes_on(use: OpenLedger, told: set[str]) -> None:
    told.add(use.ledger.append(decision(9999), DOCUMENTS).entry_id)
    assert use.settle() is not None
    check_whole(use, told)


def test_a_locked_database_refuses_after_the_wait_and_can_still_be_read(use: OpenLedger, path: Path) -> None:
    first = decision(1)
    use.ledger.append(first, DOCUMENTS)
    with direct(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotRecorded) as caught:
            use.ledger.append(decision(2), DOCUMENTS)
        assert "is locked by another connection" in caught.value.message
        assert caught.value.issues[0].hint
        assert use.reader.record(first.id) is not None
        with pytest.raises(LedgerUnavailable, match="is locked by another connection"):
            use.settle()
    goes_on(use, {str(first.id)})


def test_a_locked_database_refuses_many_at_once_and_forgets_none_that_it_acknowledged(
    use: OpenLedger, path: Path
) -> None:
    told: set[str] = set()
    with ThreadPoolExecutor(1) as pool, direct(path) as other:
        appending = pool.submit(append_until_refused, use, told)
        other.execute("PRAGMA busy_timeout = 10000")
        other.execute("BEGIN IMMEDIATE")
        refused = appending.result(30)
        assert "is locked" in refused.message or "is overloaded" in refused.message
    goes_on(use, told)


def test_a_full_disk_refuses_and_leaves_nothing_half_written(use: OpenLedger) -> None:
    """By SQLite's own limit on the file: its error is that of a full disk."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 120")

    assert isinstance(use.store, SqliteStore)
    use.store.drop_writer()
    sa.event.listen(use.store._writing, "connect", limit)
    told: set[str] = set()
    refused = append_until_refused(use, told)
    assert "cannot grow: the disk is full" in refused.message
    assert "make room" in refused.issues[0].hint
    assert told
    check_whole(use, told)
    sa.event.remove(use.store._writing, "connect", limit)
    goes_on(use, told)


@pytest.mark.parametrize("log", [True, False])
def test_files_that_may_not_grow_refuse_and_leave_nothing_half_written(use: OpenLedger, path: Path, log: bool) -> None:
    """The write-ahead log, and the file itself when the log is moved into it."""
    told: set[str] = set()
    for number in range(5):
        told.add(use.ledger.append(decision(number, private=BIG), DOCUMENTS).entry_id)
    if not log:  # an empty log has all the room there is; the file has none
        assert isinstance(use.store, SqliteStore)
        use.store.empty_log()
        told.add(use.ledger.append(decision(5, private=BIG), DOCUMENTS).entry_id)
    room = path.with_name("ledger.db-wal").stat().st_size + 100_000 if log else path.stat().st_size
    with files_up_to(room):
        refused = append_until_refused(use, told)
        check_whole(use, told)
    assert "cannot be read or written: the disk failed" in refused.message or "disk is full" in refused.message
    goes_on(use, told)


def test_a_disk_without_room_refuses_until_there_is_some() -> None:
    with small_disk(4) as disk:
        if disk is None:
            pytest.skip("mounting a file system needs root; the limits above stand for it")
        with opened(f"sqlite:///{disk.folder}/ledger.db", busy_seconds=0.2) as use:
            told = {use.ledger.append(decision(0), DOCUMENTS).entry_id}
            disk.fill(leave=300_000)
            for _ in range(2):
                refused = append_until_refused(use, told)
                assert "cannot grow: the disk is full" in refused.message
                check_whole(use, told)
            disk.free()
            goes_on(use, told)
        with opened(f"sqlite:///{disk.folder}/ledger.db") as use:
            check_whole(use, told)


def test_a_full_disk_keeps_acknowledged_entries_when_the_process_ends(path: Path) -> None:
    """Closing moves the log into the file, which has no room: the log stays, and the next process finds it."""
    told: set[str] = set()
    with opened(f"sqlite:///{path}") as use:
        use.ledger.append(decision(0), DOCUMENTS)
        size = path.stat().st_size
        for number in range(20):
            told.add(use.ledger.append(decision(number, private=BIG), DOCUMENTS).entry_id)
        with files_up_to(max(size, 4096)):
            use.close()
    assert path.with_name("ledger.db-wal").stat().st_size
    with opened(f"sqlite:///{path}") as use:
        goes_on(use, told)


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


def test_a_read_only_file_refuses_to_append_but_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name, without_privileges_in(Path(name)) as folder:
        path = folder / "ledger.db"
        with opened(f"sqlite:///{path}") as use:
            first = use.ledger.append(decision(1), DOCUMENTS).entry_id
            use.settle()
        path.chmod(0o444)
        with opened(f"sqlite:///{path}") as use:
            for _ in range(2):
                with pytest.raises(NotRecorded, match="is read-only"):
                    use.ledger.append(decision(2), DOCUMENTS)
            assert use.reader.size() == 2
            for file in folder.iterdir():  # SQLite gives the log and its index the rights of the database
                file.chmod(0o644)
            goes_on(use, {first})


@contextmanager
def without_privileges_in(folder: Path) -> Iterator[Path]:
    folder.chmod(0o777)
    with without_privileges():
        yield folder


@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_file_that_vanished_refuses_until_it_is_back(use: OpenLedger, path: Path, replaced: bool) -> None:
    told = {use.ledger.append(decision(1), DOCUMENTS).entry_id}
    away = path.with_name("away.db")
    path.rename(away)
    if replaced:
        path.write_bytes(away.read_bytes())
    with pytest.raises(NotRecorded, match="was replaced" if replaced else "was moved or deleted"):
        use.ledger.append(decision(2), DOCUMENTS)
    assert path.exists() is replaced
    away.rename(path)
    goes_on(use, told)


@pytest.mark.parametrize("deleted", [["-wal"], ["-shm"], ["-wal", "-shm"]])
def test_a_log_that_is_deleted_while_it_is_in_use_loses_nothing(
    use: OpenLedger, path: Path, deleted: list[str]
) -> None:
    """SQLite would go on writing to a file that nobody finds any more."""
    told = {use.ledger.append(decision(number), DOCUMENTS).entry_id for number in range(1, 20)}
    for ending in deleted:
        path.with_name(path.name + ending).unlink()
    told |= {use.ledger.append(decision(number), DOCUMENTS).entry_id for number in range(20, 40)}
    copy = path.with_name("copy.db")  # what another process finds
    for file in path.parent.glob("ledger.db*"):
        if not file.name.endswith("-shm"):
            file.with_name(file.name.replace(path.name, copy.name)).write_bytes(file.read_bytes())
    with opened(f"sqlite:///{copy}") as other:
        check_whole(other, told)
    goes_on(use, told)


def test_a_damaged_entry_is_not_read_as_if_it_were_whole(use: OpenLedger, path: Path) -> None:
    wanted = decision(1)
    use.ledger.append(wanted, DOCUMENTS)
    with direct(path) as other:
        other.execute("UPDATE entry SET envelope = x'7b' WHERE leaf_index = 2")
    with pytest.raises(LedgerUnavailable, match=f"`{wanted.id}` is damaged"):
        use.reader.record(wanted.id)
    with direct(path) as other:
        other.execute("UPDATE entry SET envelope = 'text' WHERE leaf_index = 2")
    with pytest.raises(LedgerUnavailable, match="is damaged"):
        list(use.reader.entries())
    with direct(path) as other:
        other.execute("DROP TABLE entry")
    with pytest.raises(LedgerUnavailable, match="has lost a table"):
        use.reader.size()
    with pytest.raises(NotRecorded, match="has lost a table"):
        use.ledger.append(decision(2), DOCUMENTS)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    SqliteStore(f"sqlite:///{tmp_path}/a/b/ledger.db").close()
    assert (tmp_path / "a/b/ledger.db").is_file()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://user:hush@host/db", "cannot be kept in `mysql`"),
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


def test_a_file_that_is_not_a_database_is_named(path: Path, url: str) -> None:
    path.write_text("customers,prices\n" * 100)
    with pytest.raises(LedgerUnavailable, match="is not a SQLite database"):
        SqliteStore(url)
    assert path.read_text().startswith("customers")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        SqliteStore(f"sqlite:///{tmp_path}")
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be made"):
        SqliteStore(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_database_of_something_else_is_left_alone(path: Path, url: str) -> None:
    with direct(path) as other:
        other.execute("CREATE TABLE customer (id TEXT)")
    with pytest.raises(SettingsError, match="not an Ordain ledger"):
        SqliteStore(url)


def test_every_connection_is_durable_logs_ahead_and_overwrites_what_is_deleted(use: OpenLedger) -> None:
    with use.store.engine.connect() as connection:
        for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == expected
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 200
