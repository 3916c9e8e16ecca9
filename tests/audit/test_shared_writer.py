"""Several processes seal, one writes: nothing is lost or doubled when the writer goes, and faults are told as ever.

Here the parts are threads of one process; `tests/api/test_workers.py` has them as processes, and kills them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import pytest
from ledgers import CONTACT, DOCUMENTS, ENGINE, MASTER, OFFER, SEED, decision, now, opened

from ordain.audit.entry.documents import Document
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.entry.once import Once
from ordain.audit.ledger.open_ledger import Keys, OpenLedger
from ordain.audit.ledger.opening import open_ledger
from ordain.audit.ledger.reader import Status
from ordain.audit.ledger.writer import Begun
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.erasure import Erased, erase
from ordain.audit.shared_writer import remote_store
from ordain.audit.shared_writer.framing import receive, send
from ordain.audit.shared_writer.messages import Word
from ordain.audit.shared_writer.remote_store import RemoteStore, follow
from ordain.audit.shared_writer.service import WriterService
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.store.store import AskedBefore
from ordain.audit.verifier.check import verify
from ordain.engine.errors import NotRecorded, PolicyChanged

ENOUGH = 30.0


class Dying(WriterService):
    """Hangs up at the first groups: after it has written them, or before. So does one that is killed."""

    deaths, after = 0, True

    def _said(self, word: int, body: bytes) -> tuple[Word, bytes]:
        if word == Word.STATE or not self.deaths:
            return super()._said(word, body)
        self.deaths -= 1
        if self.after:
            super()._said(word, body)
        raise OSError("killed")


class House:
    """A ledger, its writer, and workers that use it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.path, self.socket = folder / "ledger.db", folder / "writer"
        self.url, self.workers = f"sqlite:///{self.path}", list[OpenLedger]()
        self.opened = stack.enter_context(opened(self.url, busy_seconds=1.0))
        self.listening = stack.enter_context(socket(AF_UNIX, SOCK_STREAM))
        self.listening.bind(str(self.socket))
        self.listening.listen()
        self.service = Dying(self.opened, self.listening, seconds=ENOUGH)

    def worker(self, seconds: float = ENOUGH) -> OpenLedger:
        store = RemoteStore(self.url, 1.0, self.socket, seconds)
        keys = Keys(LocalMasterKey(MASTER), SEED)
        made = open_ledger(store, keys, [], tenant="demo", engine=ENGINE, now=now, seconds=seconds)
        self.workers.append(made)
        return made

    def check(self, told: list[str]) -> None:
        """Each decision that was told of is on record, once, and nothing else; the log holds."""
        self.opened.settle()
        records = [record for record in self.opened.reader.records() if record.envelope["kind"] == "decision"]
        assert sorted(str(record.entry.id) for record in records) == sorted(told)
        assert verify(self.path)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        made = House(tmp_path, stack)
        made.service.start()
        yield made
        for worker in made.workers:
            worker.close()
        made.service.finish()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def test_what_several_workers_send_is_written_by_the_one_writer(house: House) -> None:
    workers = [house.worker() for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(workers[n % 3].ledger.append, decision(n % 5), DOCUMENTS) for n in range(60)]
        told = [task.result(ENOUGH).entry_id for task in tasks]
    house.check(told)
    assert {record.status for record in workers[0].reader.records()} == {Status.READABLE}


def test_groups_that_wait_share_a_commit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    workers, sizes = [house.worker() for _ in range(3)], []
    for worker in workers:
        worker.ledger.append(decision(0), DOCUMENTS)
    write = SqliteStore.write
    first, go_on = threading.Event(), threading.Event()

    def counted(store: SqliteStore, entries: list[object], *rest: object) -> None:
        sizes.append(len(entries))
        first.set()
        assert go_on.wait(ENOUGH)
        write(store, entries, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteStore, "write", counted)
    with ThreadPoolExecutor(3) as pool:
        tasks = [pool.submit(workers[0].ledger.append, decision(1), DOCUMENTS)]
        assert first.wait(ENOUGH)
        tasks += [pool.submit(worker.ledger.append, decision(2 + n), DOCUMENTS) for n, worker in enumerate(workers[1:])]
        group = house.service._group
        until(lambda: len(group._queue) == 2)
        go_on.set()
        for task in tasks:
            task.result(ENOUGH)
    assert sizes == [1, 2]


@pytest.mark.parametrize("after", [True, False], ids=["after it wrote", "before it wrote"])
@pytest.mark.parametrize("deaths", [1, 3])
def test_a_group_whose_writer_died_is_written_once(house: House, after: bool, deaths: int) -> None:
    worker = house.worker()
    told = [worker.ledger.append(decision(1), DOCUMENTS).entry_id]
    house.service.after, house.service.deaths = after, deaths
    told += [str(receipt.entry_id) for receipt in worker.ledger.append_all([decision(n) for n in range(4)], DOCUMENTS)]
    house.check(told)


def test_without_a_writer_nothing_is_sent_and_that_is_said(house: House) -> None:
    worker = house.worker(seconds=0.2)
    house.socket.unlink()
    with pytest.raises(NotRecorded, match="the process that writes the ledger does not answer; nothing was recorded"):
        worker.ledger.append(decision(1), DOCUMENTS)
    house.check([])


def test_when_no_writer_comes_back_the_outcome_is_unknown(house: House) -> None:
    house.service.deaths = 10**6
    worker = house.worker(seconds=0.2)
    with pytest.raises(NotRecorded, match="It is unknown whether the entry was saved"):
        worker.ledger.append(decision(1), DOCUMENTS)
    house.service.deaths = 0
    worker.ledger.append(decision(2), DOCUMENTS)
    assert house.opened.reader.size() == 3


def test_two_workers_that_make_a_key_for_one_subject_at_once_end_with_one(house: House) -> None:
    workers = [house.worker() for _ in range(2)]
    for worker in workers:
        worker.ledger.append(decision(0), DOCUMENTS)
    with ThreadPoolExecutor(2) as pool:
        with locked(house.path):  # both seal now, and neither is written
            tasks = [pool.submit(worker.ledger.append, decision(7), DOCUMENTS) for worker in workers]
            until(lambda: len(house.service._talking) == 2 and all(w.ledger._group._leader for w in workers))
        told = sorted(task.result(ENOUGH).entry_id for task in tasks)
    assert sorted(map(str, house.opened.reader.ids_of("C-7"))) == told
    with house.opened.store.reading() as connection:
        tags = connection.exec_driver_sql("SELECT count(*), count(DISTINCT tag) FROM subject_key").one()
    assert tuple(tags) == (3, 3), "the house's, and two subjects'"


def test_several_workers_that_write_under_the_same_keys_at_once_write_each_once(house: House) -> None:
    workers = [house.worker() for _ in range(3)]

    def append(number: int) -> str | None:
        use = workers[number % 3]
        try:
            return use.ledger.append(decision(number), DOCUMENTS, once=once(use, number % 20)).entry_id
        except AskedBefore:
            assert once(use, number % 20) in use.repeats.find([once(use, number % 20)])
            return None

    def once(use: OpenLedger, key: int) -> Once:
        return use.repeats.once("", f"key {key}", "retention", b"{}")

    with ThreadPoolExecutor(12) as pool:
        told = [entry_id for entry_id in pool.map(append, range(120)) if entry_id is not None]
    assert len(told) == 20
    house.check(told)


@pytest.mark.parametrize("after", [True, False], ids=["after it wrote", "before it wrote"])
def test_a_request_whose_writer_died_is_written_once_and_is_its_own(house: House, after: bool) -> None:
    worker = house.worker()
    asked = worker.repeats.once("", "k", "retention", b"{}")
    house.service.deaths, house.service.after = 1, after
    receipt = worker.ledger.append(decision(1), DOCUMENTS, once=asked)
    assert str(worker.repeats.find([asked])[asked].entry_id) == receipt.entry_id
    house.check([receipt.entry_id])


def test_a_key_that_one_worker_destroyed_is_replaced_where_another_has_it_in_memory(house: House) -> None:
    one, other = house.worker(), house.worker()
    before = [worker.ledger.append(decision(1), DOCUMENTS).entry_id for worker in (one, other)]
    assert erase(one, "C-1", private={}).status is Erased.DONE
    after = [worker.ledger.append(decision(1), DOCUMENTS).entry_id for worker in (other, one)]
    status = {str(record.entry.id): record.status for record in house.opened.reader.records()}
    assert [status[each] for each in before] == [Status.ERASED] * 2
    assert [status[each] for each in after] == [Status.READABLE] * 2


def test_an_edited_policy_is_refused_with_its_message_and_others_of_its_group_are_not(house: House) -> None:
    worker = house.worker()
    worker.ledger.append(decision(1), DOCUMENTS)
    edited = Document("policy", b"policy: retention-offer\nversion: 1\nedited: true\n", OFFER.name, OFFER.version)
    came: list[Begun] = []
    with locked(house.path):
        worker.ledger.begin(decision(1), DOCUMENTS, came.extend)
        worker.ledger.begin(decision(2, under=(edited,)), (*DOCUMENTS, edited), came.extend)
        worker.ledger.begin(decision(3, under=(CONTACT,)), DOCUMENTS, came.extend)
    until(lambda: len(came) == 3)
    told = {begun.entry.subject: begun.error for begun in came}
    assert (told["C-1"], told["C-3"]) == (None, None)
    assert isinstance(told["C-2"], PolicyChanged)
    assert "was edited after it had decided or been activated" in str(told["C-2"])


def test_a_locked_database_is_told_as_such(house: House) -> None:
    worker = house.worker()
    with locked(house.path), pytest.raises(NotRecorded, match="is locked by another connection"):
        worker.ledger.append(decision(1), DOCUMENTS)
    worker.ledger.append(decision(1), DOCUMENTS)


def test_a_ledger_that_was_moved_is_told_as_such(house: House) -> None:
    worker = house.worker()
    worker.ledger.append(decision(1), DOCUMENTS)
    house.path.rename(house.path.with_name("moved.db"))
    with pytest.raises(NotRecorded, match="was moved or deleted"):
        worker.ledger.append(decision(1), DOCUMENTS)


def test_what_is_too_large_for_a_message_is_sent_in_smaller_groups_or_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = house.worker()
    worker.ledger.append(decision(1), DOCUMENTS)
    monkeypatch.setattr(remote_store, "LIMITS", replace(LIMITS, frame=4000))
    assert len(worker.ledger.append_all([decision(n) for n in range(5)], DOCUMENTS)) == 5
    large = decision(1, private={"subject": "C-1", "facts": {"text": "x" * 4000}})
    with pytest.raises(NotRecorded, match="the writer takes 4,000"):
        worker.ledger.append(large, DOCUMENTS)


def test_nonsense_closes_its_own_line_alone(house: House) -> None:
    worker = house.worker()
    worker.ledger.append(decision(1), DOCUMENTS)
    for word, body in ((99, b""), (Word.WRITE, b"nonsense"), (Word.WRITE, b"")):
        with socket(AF_UNIX, SOCK_STREAM) as line:
            line.connect(str(house.socket))
            assert receive(line)[0] == Word.READY
            send(line, word, body)
            with pytest.raises(ConnectionResetError):
                receive(line)
    worker.ledger.append(decision(1), DOCUMENTS)


def test_a_worker_tells_what_keeps_the_writer_from_signing(house: House) -> None:
    worker = house.worker(seconds=1.0)
    assert isinstance(worker.store, RemoteStore)
    house.opened.checkpointer.fault = "another key signs this ledger now"
    house.opened.checkpointer.unanchored["place"] = "it is full"
    follow(worker, worker.store)
    assert worker.checkpointer.fault == "another key signs this ledger now"
    assert worker.checkpointer.unanchored == {"place": "it is full"}
    house.socket.unlink()
    follow(worker, worker.store)
    assert worker.checkpointer.fault == "the process that writes the ledger does not answer"


def test_the_log_is_flushed_whether_it_is_there_or_not(house: House) -> None:
    assert isinstance(house.opened.store, SqliteStore)
    house.opened.store.flush()
    house.opened.store.path = house.path.with_name("other.db")
    house.opened.store.flush()


def until(true: Callable[[], object]) -> None:
    wait = threading.Event()
    for _ in range(int(ENOUGH * 100)):
        if true():
            return
        wait.wait(0.01)
    raise AssertionError("it did not come about")
