"""A subject who is erased while decisions about the same subject arrive: nothing stays sealed under a destroyed key."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from ledgers import DOCUMENTS, decision, opened
from parts import count, where

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.privacy.erasure import Erased, erase
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.engine.errors import UnknownSubject

ENOUGH = 60.0  # seconds in which what has to happen has happened
SUBJECTS = 3


def test_a_key_that_another_process_destroyed_is_replaced_by_a_new_one(use: OpenLedger, url: str) -> None:
    """This process still has the destroyed one in its memory."""
    before = [use.ledger.append(decision(1), DOCUMENTS).entry_id for _ in range(3)]
    use.ledger.append(decision(2), DOCUMENTS)
    with opened(url) as other:
        assert erase(other, "C-1", private={}).status is Erased.DONE
    after = [use.ledger.append(decision(1), DOCUMENTS).entry_id for _ in range(3)]
    use.settle()
    status = {str(record.entry.id): record.status for record in use.reader.records()}
    assert [status.pop(entry_id) for entry_id in before] == [Status.ERASED] * 3
    assert [status.pop(entry_id) for entry_id in after] == [Status.READABLE] * 3
    assert set(status.values()) == {Status.READABLE}
    assert [str(each) for each in use.reader.ids_of("C-1")] == after


def test_erasures_among_decisions_leave_each_payload_readable_or_without_a_key(use: OpenLedger, url: str) -> None:
    """Six threads decide about three subjects, whom another process erases again and again."""
    stop = threading.Event()

    def decide(part: int) -> set[str]:
        told, number = set(), part
        while not stop.is_set():
            number += 1
            told.add(use.ledger.append(decision(number % SUBJECTS), DOCUMENTS).entry_id)
        return told

    def erase_all(other: OpenLedger) -> int:
        erased = 0
        for number in range(8 * SUBJECTS):
            try:
                erased += erase(other, f"C-{number % SUBJECTS}", private={}).entries
            except UnknownSubject:  # erased, and not decided about since
                stop.wait(0.01)
        return erased

    with opened(url) as other, ThreadPoolExecutor(7) as pool:
        deciding = [pool.submit(decide, part) for part in range(6)]
        try:
            erased = pool.submit(erase_all, other).result(ENOUGH)
        finally:
            stop.set()
        told = set().union(*(done.result(ENOUGH) for done in deciding))
    use.settle()
    records = list(use.reader.records())
    decisions = {str(r.entry.id): r.status for r in records if r.envelope["kind"] == Kind.DECISION}
    assert decisions.keys() == told
    assert erased > 0
    assert sum(status is Status.ERASED for status in decisions.values()) == erased
    assert set(decisions.values()) <= {Status.ERASED, Status.READABLE}
    assert sum(r.envelope["about"].get("entries", 0) for r in records if r.envelope["kind"] == Kind.ERASURE) == erased
    assert count(use.store, where(use.store).c.key.not_in(sa.select(SUBJECT_KEY.c.key))) == 0
    assert count(use.store, where(use.store).c.key.is_(None)) == erased
    readable = {entry_id for entry_id, status in decisions.items() if status is Status.READABLE}
    indexed = [str(each) for number in range(SUBJECTS) for each in use.reader.ids_of(f"C-{number}")]
    assert sorted(indexed) == sorted(readable)
