"""PostgreSQL that crashes, hangs or is full: refusals say why, and all goes on without a restart once it is back."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from databases import Cluster, database, database_on
from full_disks import SmallDisk, small_disk
from ledgers import DOCUMENTS, decision, make_ledger, opened

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import open_store
from ordain.audit.ledger.reader import Status
from ordain.audit.store.postgresql import PostgresStore
from ordain.engine.errors import LedgerUnavailable, NotRecorded, SettingsError

ENOUGH = 20.0  # seconds in which what has to happen has happened
GONE = re.compile("cannot be reached|is shutting down or starting up|is overloaded|It is unknown whether|took too long")
FULL = re.compile(GONE.pattern + "|the server's disk is full|has run out of resources|the server's disk failed")


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk | None]:
    with small_disk(128) as made:
        yield made


@pytest.fixture(scope="module")
def cluster(disk: SmallDisk | None) -> Iterator[Cluster]:
    """A server of its own, which may be stopped; on a small disk where this user may make one."""
    with tempfile.TemporaryDirectory(prefix="ordain-postgresql-") as name:
        folder = disk.folder / "server" if disk else Path(name)
        folder.mkdir(exist_ok=True)
        made = Cluster(folder, max_wal_size="32MB", shared_buffers="16MB")
        yield made
        made.stop()


@pytest.fixture
def use(cluster: Cluster) -> Iterator[OpenLedger]:
    with database_on(cluster.url()) as url, opened(url, busy_seconds=1, seconds=1) as made:
        made.ledger.append(decision(0), DOCUMENTS)
        made.settle()
        yield made


class Load:
    """Four threads that append until they are stopped."""

    def __init__(self, use: OpenLedger, pool: ThreadPoolExecutor, big: int = 0) -> None:
        self.told: set[str] = set()
        self.refused: list[str] = []
        self._use, self._private = use, {"facts": {"long": "x" * big}}
        self._stop = threading.Event()
        self._threads: list[Future[None]] = [pool.submit(self._work, part) for part in range(4)]

    def _work(self, part: int) -> None:
        number = part
        while not self._stop.is_set():
            number += 4
            try:
                told = self._use.ledger.append(decision(number, private=self._private), DOCUMENTS)
                self.told.add(told.entry_id)
            except NotRecorded as error:
                self.refused.append(error.message)
                self._stop.wait(0.02)

    def until(self, more: int, refused: bool = False) -> None:
        """Until that many more entries were acknowledged, or refused."""
        seen = self.refused if refused else self.told
        wanted = len(seen) + more
        until(lambda: len(seen) >= wanted or any(done.done() for done in self._threads), self.refused)

    def stop(self) -> set[str]:
        self._stop.set()
        for done in self._threads:
            done.result(ENOUGH)
        return self.told


def until(true: Callable[[], object], *said: object) -> None:
    pause = threading.Event()
    for _ in range(round(ENOUGH / 0.01)):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError(f"it did not come about: {said}"[:2000])


def settled(use: OpenLedger) -> bool:
    try:
        return use.settle() is not None
    except LedgerUnavailable:
        return False


def check_whole(use: OpenLedger, told: set[str]) -> None:
    """Every acknowledged entry is there; what is there has its place, its payload and its index."""
    until(lambda: settled(use))
    records = list(use.reader.records())
    assert [record.entry.leaf_index for record in records] == list(range(len(records)))
    assert all(record.status is Status.READABLE for record in records)
    ids = {str(record.entry.id) for record in records}
    assert len(ids) == len(records)
    assert told <= ids
    with use.store.reading() as connection:
        for table, count in (("payload", len(records)), ("subject_index", len(records) - 1), ("inbox", 0)):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == count


def test_a_server_that_crashes_and_comes_back_under_load_loses_nothing_acknowledged(
    use: OpenLedger, cluster: Cluster
) -> None:
    with ThreadPoolExecutor(4) as pool:
        load = Load(use, pool)
        for mode in ("immediate", "immediate", "fast"):
            load.until(20)
            cluster.stop(mode)
            load.until(8, refused=True)
            with pytest.raises(LedgerUnavailable, match=r"cannot be reached|shutting down"):
                use.reader.size()
            with pytest.raises(LedgerUnavailable, match=r"cannot be reached|shutting down"):
                use.settle()
            cluster.start()
            assert settled(use) or settled(use)
        load.until(20)
        told = load.stop()
    check_whole(use, told)
    assert len(told) >= 80
    assert all(GONE.search(message) for message in load.refused), set(load.refused)


def test_a_server_that_was_restarted_while_nobody_asked_is_no_reason_to_refuse(
    use: OpenLedger, cluster: Cluster
) -> None:
    told = {use.ledger.append(decision(1), DOCUMENTS).entry_id}
    cluster.stop("fast")
    cluster.start()
    told.add(use.ledger.append(decision(2), DOCUMENTS).entry_id)
    check_whole(use, told)


def test_a_write_that_hangs_holds_up_one_caller_and_the_others_are_refused(use: OpenLedger) -> None:
    """Its server process neither answers nor ends, as on a disk that does not come back. When it does, all goes on."""
    assert isinstance(use.store, PostgresStore)
    with ThreadPoolExecutor(4) as pool:
        load = Load(use, pool)
        load.until(20)
        assert use.store._writer is not None
        with frozen(use.store._writer.info.backend_pid):
            load.until(8, refused=True)
        load.until(20)
        told = load.stop()
    check_whole(use, told)
    assert all(GONE.search(message) for message in load.refused), set(load.refused)


@contextmanager
def frozen(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_server_whose_disk_is_full_refuses_and_loses_nothing(
    use: OpenLedger, cluster: Cluster, disk: SmallDisk | None
) -> None:
    """Its data, and its own log: PostgreSQL stops by itself when that cannot be written."""
    if disk is None:
        pytest.skip("mounting a file system needs root")
    with ThreadPoolExecutor(4) as pool:
        load = Load(use, pool, big=50_000)
        load.until(20)
        disk.fill(leave=1_000_000)
        load.until(20, refused=True)
        disk.free()
        cluster.revive()
        load.until(20)
        told = load.stop()
    check_whole(use, told)
    assert all(FULL.search(message) for message in load.refused), set(load.refused)
    assert any("disk is full" in message for message in load.refused), set(load.refused)


@pytest.fixture
def url() -> Iterator[str]:
    with database() as made:
        yield made


def test_a_table_that_another_connection_locks_refuses_after_the_wait(url: str) -> None:
    with opened(url, busy_seconds=0.2) as use, psycopg.connect(url) as other:
        told = {use.ledger.append(decision(1), DOCUMENTS).entry_id}
        other.execute("LOCK TABLE inbox")
        with pytest.raises(NotRecorded, match=r"is locked by another connection|took too long"):
            use.ledger.append(decision(2), DOCUMENTS)
        with pytest.raises(LedgerUnavailable, match=r"is locked by another connection|took too long"):
            use.settle()
        other.rollback()
        told.add(use.ledger.append(decision(3), DOCUMENTS).entry_id)
        check_whole(use, told)


def test_a_standby_is_named_as_read_only(url: str) -> None:
    with opened(url) as use, psycopg.connect(url, autocommit=True) as admin:
        told = {use.ledger.append(decision(1), DOCUMENTS).entry_id}
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        use.store.drop_writer()
        with pytest.raises(NotRecorded, match="is read-only"):
            use.ledger.append(decision(2), DOCUMENTS)
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        told.add(use.ledger.append(decision(3), DOCUMENTS).entry_id)
        check_whole(use, told)


def test_a_lost_table_is_named(url: str) -> None:
    with opened(url) as use, psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP TABLE inbox")
        with pytest.raises(NotRecorded, match="has lost a table"):
            use.ledger.append(decision(1), DOCUMENTS)
        with pytest.raises(LedgerUnavailable, match="has lost a table"):
            use.settle()


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("postgresql://postgres@127.0.0.1:1/x", LedgerUnavailable, "`x` cannot be reached"),
        ("postgresql+asyncpg://user:hush@host/x", SettingsError, "cannot be kept in `postgresql\\+asyncpg`"),
    ],
)
def test_a_server_that_cannot_be_reached_and_a_wrong_url_are_named(url: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        open_store(url, 0.5)
    assert "hush" not in str(caught.value)


def test_a_database_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(LedgerUnavailable, match="does not exist"):
        open_store(f"{url}_not")


def test_every_commit_is_flushed_whatever_the_servers_default(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET synchronous_commit = off")
    use = make_ledger(url)
    with use.store.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    use.close()
