"""An entry may be begun: its caller goes on, and is told of a whole group once that is durable, or is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from ledgers import DOCUMENTS, OFFER, decision, make_ledger, opened

from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Prepared
from ordain.audit.ledger.group_commit import GroupCommit, OutcomeUnknown, TooManyWaiting
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.writer import Begun
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.erasure import erase
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.audit.store.store import KeyMoved
from ordain.engine.errors import NotRecorded, PolicyChanged

LONG = 30.0  # seconds: how long a test waits for what has to happen


class Told:
    """What was told so far. `groups` has one list for each call."""

    def __init__(self) -> None:
        self.groups: list[list[Begun]] = []
        self._changed = threading.Condition()

    def done(self, group: list[Begun]) -> None:
        with self._changed:
            self.groups.append(group)
            self._changed.notify_all()

    def all(self, count: int) -> dict[object, Begun]:
        """By token, once `count` are told, and none of them twice."""
        with self._changed:
            assert self._changed.wait_for(lambda: sum(map(len, self.groups)) >= count, LONG)
        begun = [each for group in self.groups for each in group]
        assert len(begun) == len({each.token for each in begun}) == count
        return {each.token: each for each in begun}


@contextmanager
def slow_first_write(use: OpenLedger) -> Iterator[Callable[[], None]]:
    """The next write waits until what it gives is called; it has begun when this is entered and one was queued."""
    write, go = use.store.write, threading.Event()

    def waiting(*arguments: object) -> None:
        assert go.wait(LONG)
        write(*arguments)  # type: ignore[arg-type]

    use.store.write = waiting  # type: ignore[method-assign, assignment]
    try:
        yield go.set
    finally:
        go.set()
        use.store.write = write  # type: ignore[method-assign]


def begin(use: OpenLedger, told: Told, numbers: range, about: int | None = None) -> None:
    for number in numbers:
        entry = decision(number if about is None else about)
        use.ledger.begin(entry, DOCUMENTS, told.done, number)


def test_a_hundred_that_were_begun_at_once_share_a_few_commits_and_are_told_by_the_group(use: OpenLedger) -> None:
    told = Told()
    with slow_first_write(use) as go:
        begin(use, told, range(100))
        assert not told.groups, "nobody is told before it is on the disk"
        go()
        begun = told.all(100)
    assert len(told.groups) <= 3
    assert all(each.error is None for each in begun.values())
    use.settle()
    stored = {str(entry.id) for entry in use.reader.entries(1)}
    assert stored == {each.receipt().entry_id for each in begun.values()}


def test_entries_about_one_new_subject_need_one_key_and_no_second_try(use: OpenLedger) -> None:
    told = Told()
    with slow_first_write(use) as go:
        begin(use, told, range(60), about=7)
        go()
        begun = told.all(60)
    assert {each.error for each in begun.values()} == {None}
    assert {each.sealings for each in begun.values()} == {1}
    use.settle()
    assert len(use.reader.ids_of("C-7")) == 60


def test_threads_that_wait_and_entries_that_were_begun_make_one_log(use: OpenLedger) -> None:
    told = Told()
    with ThreadPoolExecutor(8) as pool:
        waited = [pool.submit(use.ledger.append, decision(number % 5), DOCUMENTS) for number in range(150)]
        begin(use, told, range(150))
        ids = {future.result(LONG).entry_id for future in waited}
    ids |= {each.receipt().entry_id for each in told.all(150).values()}
    use.settle()
    entries = list(use.reader.entries())
    assert [entry.leaf_index for entry in entries] == list(range(301))
    assert {str(entry.id) for entry in entries[1:]} == ids


def test_one_that_is_refused_takes_no_other_with_it(use: OpenLedger) -> None:
    use.ledger.append(decision(0), DOCUMENTS)
    edited = Document("policy", OFFER.text + b"# better\n", OFFER.name, OFFER.version)
    told = Told()
    with slow_first_write(use) as go:
        for number in range(12):
            under = (edited if number % 3 == 0 else OFFER,)
            use.ledger.begin(decision(number, under=under), (*DOCUMENTS, edited), told.done, number)
        go()
        begun = told.all(12)
    assert {token for token, each in begun.items() if isinstance(each.error, PolicyChanged)} == {0, 3, 6, 9}
    assert sum(each.error is None for each in begun.values()) == 8
    with pytest.raises(PolicyChanged):
        begun[0].receipt()


def test_a_subject_that_is_erased_meanwhile_gets_a_new_key(path: Path) -> None:
    with opened(f"sqlite:///{path}") as use, opened(f"sqlite:///{path}") as other:
        use.ledger.append(decision(1), DOCUMENTS)
        erase(other, "C-1", private={"actor": "a test"})
        told = Told()
        use.ledger.begin(decision(1), DOCUMENTS, told.done)
        (begun,) = told.all(1).values()
        record = use.reader.record(UUID(begun.receipt().entry_id))
        assert begun.sealings == 2
        assert record is not None
        assert record.private is not None


def test_a_key_on_its_way_is_brought_into_the_database_once_and_not_again_after_an_erasure(path: Path) -> None:
    """The second entry was sealed under the key of the first, which is destroyed before its turn comes."""
    with opened(f"sqlite:///{path}") as use, opened(f"sqlite:///{path}") as other:
        told, write, keys = Told(), use.store.write, list[bytes]()

        def erased_after(entries: Sequence[Prepared], *rest: Any) -> None:
            write(entries, *rest)
            if not keys:
                keys.append(entries[0].data_key.key)
                use.ledger.begin(decision(1), DOCUMENTS, told.done, "second")
                erase(other, "C-1", private={"actor": "a test"})
                use.keyring.forget(entries[0].data_key.tag)

        use.store.write = erased_after  # type: ignore[method-assign]
        use.ledger.begin(decision(1), DOCUMENTS, told.done, "first")
        begun = told.all(2)
        assert [begun["first"].error, begun["second"].error] == [None, None]
        second = begun["second"].ready
        assert second is not None
        assert second.data_key.key != keys[0]
        with use.store.reading() as connection:
            assert keys[0] not in connection.execute(sa.select(SUBJECT_KEY.c.key)).scalars().all()


def test_a_key_that_always_moves_is_given_up(use: OpenLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(*_: object) -> None:
        raise KeyMoved

    monkeypatch.setattr(use.store, "write", moved)
    told = Told()
    begin(use, told, range(1))
    assert "Another process is changing" in str(told.all(1)[0].error)
    assert told.all(1)[0].sealings == LIMITS.sealings


def test_a_group_that_fails_tells_each_and_the_next_is_written(use: OpenLedger) -> None:
    told = Told()
    use.ledger.append(decision(0), DOCUMENTS)
    failing = use.store.write

    def fails(*_: object) -> None:
        raise SystemExit("even this does not end the thread that writes")

    for fault in (fails, None):
        use.store.write = fault or failing  # type: ignore[method-assign, assignment]
        begin(use, told, range(3) if fault else range(3, 6))
        begun = told.all(3 if fault else 6)
    use.store.write = failing  # type: ignore[method-assign]
    assert all("It is unknown whether" in str(begun[number].error) for number in range(3))
    assert [begun[number].error for number in range(3, 6)] == [None] * 3


def test_one_who_cannot_be_told_keeps_nobody_else_from_it(use: OpenLedger) -> None:
    def deaf(_: list[Begun]) -> None:
        raise RuntimeError("the loop is closed")

    told = Told()
    with slow_first_write(use) as go:
        use.ledger.begin(decision(1), DOCUMENTS, deaf)
        begin(use, told, range(2))
        go()
        assert told.all(2)[1].error is None
    begin(use, told, range(2, 4))
    assert told.all(4)[3].error is None


def test_a_closed_ledger_tells_that_it_is_closed(url: str) -> None:
    use, told = make_ledger(url), Told()
    try:
        use.ledger.close()
        begin(use, told, range(2))
        errors = [each.error for each in told.all(2).values()]
    finally:
        use.close()
    assert all(isinstance(error, NotRecorded) and "the ledger is closed" in error.message for error in errors)


class Outcomes(Told):
    """The same for a bare group commit."""

    def tell(self, group: list[tuple[int, Exception | None]]) -> None:
        self.done([Begun(decision(0), (), self.done, item, error) for item, error in group])


def test_more_than_may_wait_are_refused_at_once_and_there_is_room_again_afterwards() -> None:
    go, told = threading.Event(), Outcomes()
    group: GroupCommit[int] = GroupCommit(lambda _: go.wait(LONG) and None, (), waiting=2, seconds=LONG)
    group.begin(1, told.tell)
    group.begin(2, told.tell)
    with pytest.raises(TooManyWaiting):
        group.begin(3, told.tell)
    go.set()
    told.all(2)
    group.begin(3, told.tell)
    assert told.all(3)[3].error is None


def test_who_waited_too_long_is_withdrawn_and_whose_write_does_not_come_back_learns_that_nothing_is_sure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ordain.audit.ledger.group_commit.LIMITS", replace(LIMITS, patience=1))
    go, entered, told, written = threading.Event(), threading.Event(), Outcomes(), []

    def write(items: list[int]) -> None:
        entered.set()
        assert go.wait(LONG)
        written.extend(items)

    group: GroupCommit[int] = GroupCommit(write, (), seconds=0.05)
    group.begin(1, told.tell)
    assert entered.wait(LONG)
    group.begin(2, told.tell)
    came = told.all(2)
    assert type(came[1].error) is OutcomeUnknown
    assert type(came[2].error) is TooManyWaiting
    go.set()
    group.begin(3, told.tell)
    assert told.all(3)[3].error is None
    assert written == [1, 3]


def test_the_standing_thread_ends_without_work_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.audit.ledger.group_commit.LIMITS", replace(LIMITS, writer_stays=0.01))
    told = Outcomes()
    group: GroupCommit[int] = GroupCommit(lambda _: None, ())
    for item in (1, 2):
        group.begin(item, told.tell)
        told.all(item)
        thread = group._standing
        if thread is not None:
            thread.join(LONG)
        assert group._standing is None
