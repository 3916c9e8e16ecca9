"""PostgreSQL: one process orders at a time. Whatever becomes of it, no place is given twice and none is left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest
from databases import database
from ledgers import DOCUMENTS, decision, make_ledger, opened

from ordain.audit.entry.entry import Prepared
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.store.postgresql import PostgresStore
from ordain.audit.store.sequencer import PostgresSequencer
from ordain.audit.store.store import EntryRefused, KeyMoved
from ordain.engine.errors import LedgerUnavailable, NotRecorded

ENOUGH = 30.0  # seconds in which what has to happen has happened


@pytest.fixture
def url() -> Iterator[str]:
    with database() as made:
        yield made


@pytest.fixture
def use(url: str) -> Iterator[OpenLedger]:
    with opened(url) as made:
        yield made


@contextmanager
def sequencer(use: OpenLedger, stalled_seconds: float = 30.0) -> Iterator[PostgresSequencer]:
    assert isinstance(use.store, PostgresStore)
    made = use.store.sequencer(stalled_seconds)
    try:
        yield made
    finally:
        made.close()


def append(use: OpenLedger, count: int) -> set[str]:
    return {use.ledger.append(decision(number), DOCUMENTS).entry_id for number in range(count)}


def check_dense(use: OpenLedger, ids: set[str]) -> None:
    entries = list(use.reader.entries())
    assert [entry.leaf_index for entry in entries] == list(range(len(ids) + 1))
    assert {str(entry.id) for entry in entries[1:]} == ids
    with use.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT size FROM sequencer").scalar_one() == len(entries)
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one() == 0


def sessions(url: str) -> list[int]:
    """The backends of all who hold or have held the sequencer's lock."""
    with psycopg.connect(url, autocommit=True) as admin:
        rows = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'advisory|fence'"
            " AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in rows]


def terminate(url: str, pids: list[int]) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        for pid in pids:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def terminate_one(url: str) -> int:
    """A random one of the database's sessions."""
    with psycopg.connect(url, autocommit=True) as admin:
        return admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
        ).rowcount


def until(true: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(round(ENOUGH / 0.01)):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come about")


def blocked(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
        return bool(row and row[0])


def test_while_one_orders_the_others_stand_by_and_one_takes_over_when_it_leaves(use: OpenLedger) -> None:
    ids = append(use, 3)
    with sequencer(use) as first, sequencer(use) as second:
        assert (first.sequence(), second.sequence()) == (3, None)
        ids |= append(use, 2)
        assert second.sequence() is None
        first.close()
        assert second.sequence() == 2
        assert first.sequence() is None
    check_dense(use, ids)


def test_one_whose_session_was_ended_goes_on_or_stands_by(use: OpenLedger, url: str) -> None:
    ids = append(use, 3)
    with sequencer(use) as first, sequencer(use) as second:
        assert first.sequence() == 3
        ids |= append(use, 2)
        terminate(url, sessions(url))
        assert first.sequence() == 2
        ids |= append(use, 2)
        terminate(url, sessions(url))
        assert second.sequence() == 2
        assert first.sequence() is None
    check_dense(use, ids)


def test_one_that_stalls_loses_its_lock_after_a_while_and_stands_by_when_it_wakes(use: OpenLedger) -> None:
    with use.store.reading() as connection:
        if int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) < 140000:
            pytest.skip("PostgreSQL before 14 does not end idle sessions")
    ids = append(use, 3)
    with sequencer(use, stalled_seconds=0.2) as stalled, sequencer(use) as other:
        assert stalled.sequence() == 3
        ids |= append(use, 2)
        until(lambda: other.sequence() is not None)
        assert stalled.sequence() is None
    check_dense(use, ids)


def test_one_that_lost_the_lock_without_notice_is_stopped_by_the_fence(use: OpenLedger) -> None:
    """As after a failover: its session lives, the lock is another's."""
    ids = append(use, 3)
    with sequencer(use) as first, sequencer(use) as second:
        assert first.sequence() == 3
        give_up_the_lock(first)
        assert second.sequence() == 0
        ids |= append(use, 2)
        assert first._number(10) is None
        assert first.sequence() is None
        assert second.sequence() == 2
    check_dense(use, ids)


def test_a_numbering_that_waits_while_a_new_term_begins_numbers_nothing(use: OpenLedger, url: str) -> None:
    """It has read the old term, waits for the row, and must not go on with what it has read."""
    ids = append(use, 3)
    with sequencer(use) as first, ThreadPoolExecutor(1) as pool, psycopg.connect(url) as other:
        assert first.sequence() == 3
        ids |= append(use, 2)
        other.execute("UPDATE sequencer SET term = term + 1")
        waiting = pool.submit(first._number, 10)
        until(lambda: blocked(url))
        other.commit()
        assert waiting.result(ENOUGH) is None
        assert use.reader.size() == 4
        assert [first.sequence(), first.sequence()] == [None, 2]  # it resigns, and begins a term of its own
    check_dense(use, ids)


def test_a_numbering_that_waits_for_another_goes_on_where_that_one_ended(use: OpenLedger, url: str) -> None:
    """The row that it locks says another size than the one that it first saw; some of the inbox is gone meanwhile."""
    ids = append(use, 3)
    with sequencer(use) as first, ThreadPoolExecutor(1) as pool, psycopg.connect(url) as other:
        assert first.sequence() == 3
        ids |= append(use, 4)
        other.execute(
            "WITH first AS (SELECT id FROM inbox ORDER BY id LIMIT 1),"
            " moved AS (DELETE FROM inbox WHERE id = (SELECT id FROM first) RETURNING id, envelope)"
            " INSERT INTO entry SELECT 4, id, envelope FROM moved"
        )
        other.execute("UPDATE sequencer SET size = 5")
        waiting = pool.submit(first._number, 10)
        until(lambda: blocked(url))
        other.commit()
        assert waiting.result(ENOUGH) == 3
    check_dense(use, ids)


def test_eight_that_all_believe_to_lead_number_every_entry_once(use: OpenLedger) -> None:
    """Each gives up its lock as soon as it has it, so that nothing but the fence is between them."""
    stop = threading.Event()

    def order(number: int) -> int:
        done = 0
        with sequencer(use) as own:
            while not stop.is_set():
                done += own.sequence() or 0
                give_up_the_lock(own)
        return done

    with ThreadPoolExecutor(16) as pool:
        ordering = [pool.submit(order, number) for number in range(8)]
        try:
            writing = [pool.submit(append, use, 60) for _ in range(8)]
            ids = set().union(*(done.result(ENOUGH) for done in writing))
        finally:
            stop.set()
        ordered = sum(done.result(ENOUGH) for done in ordering)
    with sequencer(use) as last:
        ordered += last.sequence() or 0
    assert ordered == len(ids) == 480
    check_dense(use, ids)


def test_when_sessions_are_ended_all_the_time_every_acknowledged_entry_has_one_place(url: str) -> None:
    """Those of writers and of sequencers. An append that failed may still be found, whole."""
    ledgers = [make_ledger(url) for _ in range(2)]
    stop = threading.Event()
    ended = 0

    def order(use: OpenLedger) -> None:
        with sequencer(use) as own:
            while not stop.is_set():
                try:
                    own.sequence()
                except LedgerUnavailable:
                    stop.wait(0.01)

    def write(use: OpenLedger) -> tuple[set[str], list[str]]:
        told, failed = set(), []
        for number in range(150):
            try:
                told.add(use.ledger.append(decision(number), DOCUMENTS).entry_id)
            except NotRecorded as error:
                failed.append(error.message)
        return told, failed

    with ThreadPoolExecutor(8) as pool:
        ordering = [pool.submit(order, use) for use in ledgers]
        writing = [pool.submit(write, use) for use in ledgers * 2]
        while not all(done.done() for done in writing):
            ended += terminate_one(url)
            stop.wait(0.1)
        stop.set()
        told = [done.result(ENOUGH) for done in writing]
        for done in ordering:
            done.result(ENOUGH)
    for use in ledgers:
        use.close()
    with opened(url) as use:
        use.settle()
        entries = list(use.reader.entries())
        assert [entry.leaf_index for entry in entries] == list(range(len(entries)))
        ids = [str(entry.id) for entry in entries]
        assert len(set(ids)) == len(ids)
        assert set().union(*(ids for ids, _ in told)) <= set(ids)
        check_dense(use, set(ids[1:]))
    assert ended
    for message in {message for _, failed in told for message in failed}:
        assert "cannot be reached" in message or "is shutting down or starting up" in message


def test_writers_that_meet_new_subjects_in_opposite_orders_do_not_stand_in_each_others_way(
    use: OpenLedger, url: str
) -> None:
    """PostgreSQL would end one of two such writes as a deadlock."""
    other = make_ledger(url)

    def write(place: OpenLedger, entries: list[Prepared], both: threading.Barrier) -> None:
        both.wait(ENOUGH)
        with suppress(EntryRefused, KeyMoved):  # the other one was first with a key
            place.store.write(entries, [], ())

    append(use, 1)
    with ThreadPoolExecutor(2) as pool:
        for number in range(6):
            both = threading.Barrier(2)
            subjects = [decision(1000 + 200 * number + part) for part in range(200)]
            again = [decision(1000 + 200 * number + part) for part in reversed(range(200))]
            prepared = [[use.ledger.prepare(entry) for entry in entries] for entries in (subjects, again)]
            for done in [
                pool.submit(write, place, entries, both) for place, entries in zip((use, other), prepared, strict=True)
            ]:
                done.result(ENOUGH)
    other.close()


def give_up_the_lock(own: PostgresSequencer) -> None:
    if own._connection is not None:
        own._connection.execute("SELECT pg_advisory_unlock_all()")
