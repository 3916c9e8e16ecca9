"""Items submitted at once share commits; whatever goes wrong, nobody hangs, and nobody is told what is not so."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.audit.ledger.group_commit import GroupCommit, OutcomeUnknown, TooManyWaiting
from ordain.audit.limits import LIMITS

LONG = 30.0  # seconds: how long a test waits for what has to happen at once
SHORT = 0.05  # seconds: how long one waits that is to give up


class OneIsBad(Exception):
    pass


class Refused(Exception):
    pass


class Gone(Exception):
    pass


class Store:
    """Takes batches of numbers. A batch in which a number is `bad` fails as a whole, and the number by itself."""

    def __init__(self, bad: frozenset[int] = frozenset()) -> None:
        self.bad = bad
        self.batches: list[list[int]] = []
        self.writing = 0
        self.fault: BaseException | None = None
        self.open, self.entered = threading.Event(), threading.Semaphore(0)
        self.open.set()

    def write(self, items: list[int]) -> None:
        self.writing += 1
        assert self.writing == 1, "two write at once"
        try:
            self.entered.release()
            assert self.open.wait(LONG)
            if self.fault is not None:
                raise self.fault
            if bad := self.bad & set(items):
                raise Refused(*bad) if len(items) == 1 else OneIsBad
            self.batches.append(items)
        finally:
            self.writing -= 1

    @property
    def written(self) -> Counter[int]:
        return Counter(item for batch in self.batches for item in batch)


class Callers:
    """Threads that each submit one item. What came of it is in their futures."""

    def __init__(self, store: Store, group: GroupCommit[int], pool: ThreadPoolExecutor) -> None:
        self.store, self.group, self.pool = store, group, pool

    def submit(self, item: int) -> Future[None]:
        return self.pool.submit(self.group.submit, item)

    def behind_a_slow_write(self, first: int, *others: int) -> list[Future[None]]:
        """`first` is being written, and stays so while `store.open` is not set; the others are queued behind it."""
        self.store.open.clear()
        futures = [self.submit(first)]
        assert self.store.entered.acquire(timeout=LONG)
        for count, other in enumerate(others, start=1):
            futures.append(self.submit(other))
            until(lambda count=count: queued(self.group) == count)  # type: ignore[misc]
        return futures


@contextmanager
def callers(store: Store | None = None, **limits: float) -> Iterator[Callers]:
    store = store or Store()
    group: GroupCommit[int] = GroupCommit(store.write, (OneIsBad,), **{"seconds": LONG, **limits})  # type: ignore[arg-type]
    with ThreadPoolExecutor(80) as pool:
        try:
            yield Callers(store, group, pool)
        finally:
            store.open.set()


def queued(group: GroupCommit[int]) -> int:
    return len(group._queue)


def until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(round(LONG / 0.001)):
        if true():
            return
        pause.wait(0.001)
    raise AssertionError("it did not come about")


def came_of(future: Future[None]) -> BaseException | None:
    return future.exception(timeout=LONG)


def test_one_that_is_alone_is_written_at_once() -> None:
    store = Store()
    group: GroupCommit[int] = GroupCommit(store.write, (OneIsBad,))
    for item in (1, 2):
        group.submit(item)
    assert store.batches == [[1], [2]]


def test_those_who_come_during_a_write_share_the_next_one_in_the_order_they_came() -> None:
    with callers() as use:
        futures = use.behind_a_slow_write(1, 2, 3, 4)
        use.store.open.set()
        assert [came_of(future) for future in futures] == [None] * 4
    assert use.store.batches == [[1], [2, 3, 4]]


def test_those_that_the_write_leaves_out_are_told_why_and_the_others_are_durable() -> None:
    class Leaves(Store):
        def write(self, items: list[int]) -> dict[int, Exception]:  # type: ignore[override]
            super().write([item for item in items if item % 2])
            return {number: Refused(item) for number, item in enumerate(items) if not item % 2}

    with callers(Leaves()) as use:
        futures = use.behind_a_slow_write(1, 2, 3, 4)
        use.store.open.set()
        assert [type(came_of(future)) for future in futures] == [type(None), Refused, type(None), Refused]
    assert use.store.batches == [[1], [3]]


def test_a_batch_has_a_limit_and_the_rest_follows_under_the_next_leader() -> None:
    with callers(most=2) as use:
        futures = use.behind_a_slow_write(1, 2, 3, 4, 5, 6)
        use.store.open.set()
        assert [came_of(future) for future in futures] == [None] * 6
    assert use.store.batches == [[1], [2, 3], [4, 5], [6]]


def test_one_that_is_refused_takes_no_other_with_it() -> None:
    with callers(Store(frozenset({3}))) as use:
        futures = use.behind_a_slow_write(1, 2, 3, 4)
        use.store.open.set()
        outcomes = [came_of(future) for future in futures]
    assert [type(error) for error in outcomes] == [type(None), type(None), Refused, type(None)]
    assert use.store.batches == [[1], [2], [4]]


def test_a_store_that_is_gone_fails_all_of_a_batch_and_the_next_call_tries_again() -> None:
    with callers() as use:
        futures = use.behind_a_slow_write(1, 2, 3)
        use.store.fault = Gone()
        use.store.open.set()
        assert {type(came_of(future)) for future in futures} == {Gone}
        use.store.fault = None
        assert came_of(use.submit(4)) is None
    assert use.store.batches == [[4]]


def test_one_that_waited_too_long_is_withdrawn_and_never_written() -> None:
    with callers(seconds=SHORT) as use:
        late = use.behind_a_slow_write(1, 2)[1]
        assert type(came_of(late)) is TooManyWaiting
        use.store.open.set()
        assert came_of(use.submit(3)) is None
    assert use.store.written == {1: 1, 3: 1}


def test_one_whose_write_does_not_come_back_is_told_that_nothing_is_sure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ordain.audit.ledger.group_commit.LIMITS", replace(LIMITS, patience=1))
    stuck = threading.Event()

    class Stuck(Store):
        def write(self, items: list[int]) -> None:
            super().write(items)
            assert len(items) == 1 or stuck.wait(LONG)

    with callers(Stuck(), seconds=0.5) as use:
        _, leader, other = use.behind_a_slow_write(1, 2, 3)
        use.store.open.set()
        assert type(came_of(other)) is OutcomeUnknown
        stuck.set()
        assert came_of(leader) is None
        assert came_of(use.submit(4)) is None
    assert use.store.batches == [[1], [2, 3], [4]]


def test_more_than_may_wait_are_refused_and_once_the_store_is_fast_again_all_goes_on() -> None:
    with callers(waiting=2, seconds=SHORT) as use:
        first, _ = use.behind_a_slow_write(1, 2)
        refused = [use.submit(item) for item in range(3, 20)]
        assert {type(came_of(future)) for future in refused} == {TooManyWaiting}
        use.store.open.set()
        assert came_of(first) is None
        assert [came_of(use.submit(item)) for item in (20, 21)] == [None, None]
    assert use.store.written.keys() <= {1, 2, 20, 21}
    assert not queued(use.group)


def test_an_interrupt_in_the_write_is_its_threads_own_and_the_others_learn_that_nothing_is_sure() -> None:
    with callers() as use:
        futures = use.behind_a_slow_write(1, 2, 3)
        use.store.open.set()
        assert came_of(futures[0]) is None
        assert [came_of(future) for future in futures[1:]] == [None, None]
        use.store.batches.clear()

        futures = use.behind_a_slow_write(4, 5, 6)
        use.store.fault = KeyboardInterrupt()
        use.store.open.set()
        outcomes = [type(came_of(future)) for future in futures]
        assert outcomes[0] is KeyboardInterrupt
        assert sorted(kind.__name__ for kind in outcomes[1:]) == ["KeyboardInterrupt", "OutcomeUnknown"]
        use.store.fault = None
        assert came_of(use.submit(7)) is None
    assert use.store.batches == [[7]]


def test_an_interrupt_while_each_is_written_by_itself_acknowledges_none_that_was_not_written() -> None:
    class Interrupted(Store):
        def write(self, items: list[int]) -> None:
            super().write(items)
            if items == [4]:
                self.batches.pop()
                raise KeyboardInterrupt

    with callers(Interrupted(frozenset({5}))) as use:
        futures = use.behind_a_slow_write(1, 2, 3, 4, 5)
        use.store.open.set()
        outcomes = [type(came_of(future)) for future in futures]
    assert outcomes == [type(None), KeyboardInterrupt, type(None), OutcomeUnknown, OutcomeUnknown]
    assert use.store.batches == [[1], [2], [3]]


def test_an_interrupt_while_waiting_withdraws_the_item_and_passes_its_turn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with callers() as use:
        wait = use.group._wait

        def interrupted(ticket) -> None:  # type: ignore[no-untyped-def]
            wait(ticket)
            if ticket.item == 2:  # it is its turn to write for the others now
                raise KeyboardInterrupt

        monkeypatch.setattr(use.group, "_wait", interrupted)
        futures = use.behind_a_slow_write(1, 2, 3, 4)
        use.store.open.set()
        assert [type(came_of(future)) for future in futures] == [type(None), KeyboardInterrupt, type(None), type(None)]
        assert came_of(use.submit(5)) is None
    assert use.store.written == {1: 1, 3: 1, 4: 1, 5: 1}


def test_64_threads_write_each_item_once_and_come_to_an_end() -> None:
    store = Store(frozenset(range(0, 6400, 37)))
    refused: list[int] = []
    group: GroupCommit[int] = GroupCommit(store.write, (OneIsBad,), waiting=48, seconds=LONG)

    def work(part: int) -> None:
        for item in range(part, 6400, 64):
            try:
                group.submit(item)
            except Refused:
                refused.append(item)

    with ThreadPoolExecutor(64) as pool:
        for done in [pool.submit(work, part) for part in range(64)]:
            assert came_of(done) is None
    assert set(refused) == store.bad
    assert store.written == Counter(set(range(6400)) - store.bad)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 60),
    threads=st.integers(1, 12),
    most=st.integers(1, 9),
    waiting=st.integers(1, 12),
    patience=st.sampled_from([0.0, 0.0005, 0.002, LONG]),
    bad=st.frozensets(st.integers(0, 59), max_size=6),
    gone=st.frozensets(st.integers(0, 40), max_size=6),
)
def test_an_item_is_acknowledged_exactly_when_it_was_written(
    count: int, threads: int, most: int, waiting: int, patience: float, bad: frozenset[int], gone: frozenset[int]
) -> None:
    """Whatever the store does and however short the patience is."""
    store, calls = Store(bad), iter(range(1_000_000))

    def write(items: list[int]) -> None:
        if next(calls) in gone:
            raise Gone
        store.write(items)

    group: GroupCommit[int] = GroupCommit(write, (OneIsBad,), most=most, waiting=waiting, seconds=patience)

    def submit(item: int) -> type[BaseException] | None:
        try:
            group.submit(item)
        except (Refused, Gone, TooManyWaiting, OutcomeUnknown) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(threads) as pool:
        came = dict(zip(range(count), pool.map(submit, range(count), timeout=LONG), strict=True))
    acknowledged = {item for item, error in came.items() if error is None}
    unknown = {item for item, error in came.items() if error is OutcomeUnknown}
    assert acknowledged <= set(store.written) <= acknowledged | unknown
    assert all(times == 1 for times in store.written.values())
    assert all(len(batch) <= most for batch in store.batches)
    assert not queued(group)
    if patience == LONG:
        assert not {TooManyWaiting, OutcomeUnknown} & set(came.values())
