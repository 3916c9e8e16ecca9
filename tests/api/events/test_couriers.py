"""Delivering to one endpoint: what is tried again, what is given up, who delivers, and what waits for what."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from answers import ADVICE
from receiver import FINE, SECRET, Answer, Receiver

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.events.courier import Courier
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.outbox import Outbox, Place
from ordain.api.events.owner import this_process
from ordain.api.events.post import Post
from ordain.api.events.signing import secrets_in
from ordain.api.events.state import Changes, State
from ordain.api.limits import LIMITS
from ordain.api.services import Services

BROKEN: Answer = (500, {}, b"")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds or hours waits for moments."""
    short = replace(LIMITS, event_first_wait=0.01, event_tries=4, events_look=0.02, events_orders=0.05)
    for module in ("waits", "tries", "courier"):
        monkeypatch.setattr(f"ordain.api.events.{module}.LIMITS", short)


@pytest.fixture
def state(use: Services) -> Iterator[State]:
    """Of an endpoint `crm` that begins now."""
    made = State(use.ledger)
    made.begin("crm", use.ledger.reader.size())
    yield made
    made.close()


def _decided(use: Services, *subjects: str) -> list[str]:
    answers = (decide(make_ask("plan-advice", subject, ADVICE, None), use) for subject in subjects)
    return [json.loads(answer.as_bytes())["decision_id"] for answer in answers]


def _courier(use: Services, state: State, receiver: Receiver, owner: str = "", **more: Any) -> Courier:
    endpoint = Endpoint("crm", receiver.url, ("ordain.decision.*",), private=True, secrets=secrets_in(SECRET))
    outbox = Outbox(use.ledger, endpoint)
    return Courier("crm", outbox, state, Post(endpoint), owner or this_process(), **{"once": False, **more})


def _deliver(use: Services, state: State, receiver: Receiver, until: Any = None, seconds: float = 20) -> Courier:
    """Delivers until `until()`, or without it once."""

    async def run() -> Courier:
        courier = _courier(use, state, receiver, once=until is None)
        task, deadline = asyncio.create_task(courier.run()), time.monotonic() + seconds
        while until is not None and not until() and not task.done() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        if until is not None:
            courier.stop()
        await task
        return courier

    return asyncio.run(run())


def _kept(state: State) -> list[tuple[int, str, bool]]:
    return [(each.tries, each.fault, each.dead) for each in state.kept("crm")]


def test_what_was_decided_is_delivered_once_in_order_and_then_nothing_waits(use: Services, state: State) -> None:
    ids = _decided(use, *["C-1"] * 20)
    with Receiver() as receiver:
        courier = _deliver(use, state, receiver)
        assert receiver.ids == ids
        assert receiver.faults == []
        assert (courier.delivered, courier.failed) == (20, 0)
        _deliver(use, state, receiver)
        assert receiver.ids == ids
    place = state.place("crm")
    assert place is not None
    assert (place.cursor, place.owner, state.kept("crm")) == (use.ledger.reader.size(), None, [])


def test_a_failing_event_holds_up_those_of_its_subject_and_no_others(use: Services, state: State) -> None:
    ids = _decided(use, "C-1", "C-2", "C-1", "C-3", "C-2")
    with Receiver(lambda number, event: BROKEN if event["id"] == ids[0] else FINE) as receiver:
        _deliver(use, state, receiver, until=lambda: len(receiver.ids) == 3)
        assert receiver.ids.index(ids[1]) < receiver.ids.index(ids[4])
        assert set(receiver.ids) == {ids[1], ids[3], ids[4]}
        waiting = {each.leaf for each in state.kept("crm")}
        assert waiting == {1, 3}
        receiver.answer = lambda number, event: FINE
        _deliver(use, state, receiver, until=lambda: len(receiver.ids) == 5)
        assert receiver.ids[3:] == [ids[0], ids[2]]


def test_what_fails_too_often_is_a_dead_letter_that_can_be_tried_again(use: Services, state: State) -> None:
    ids = _decided(use, "C-1", "C-1")
    with Receiver(lambda number, event: BROKEN if event["id"] == ids[0] else FINE) as receiver:
        _deliver(use, state, receiver, until=lambda: receiver.ids == ids[1:])
        assert [got.event["id"] for got in receiver.got] == [ids[0]] * 4 + [ids[1]]
        assert _kept(state) == [(4, "answered 500: an error", True)]
        receiver.answer = lambda number, event: FINE
        _deliver(use, state, receiver)
        assert receiver.ids == ids[1:], "nobody tries it by himself"
        assert state.revive("crm") == 1
        _deliver(use, state, receiver)
        assert receiver.ids == [ids[1], ids[0]]
    assert state.kept("crm") == []


def test_a_receiver_that_is_gone_is_left_alone_until_a_person_says_otherwise(use: Services, state: State) -> None:
    ids = _decided(use, "C-1")
    with Receiver(lambda number, event: (410, {}, b"")) as receiver:
        _deliver(use, state, receiver)
        _deliver(use, state, receiver)
        assert len(receiver.got) == 1
        place = state.place("crm")
        assert place is not None
        assert place.disabled == "answered 410: an error"
        receiver.answer = lambda number, event: FINE
        state.use_again("crm", 0)
        _deliver(use, state, receiver, until=lambda: receiver.ids)
        assert receiver.ids == ids


def test_nothing_more_is_sent_to_a_receiver_that_goes_while_the_ledger_is_read(use: Services, state: State) -> None:
    _decided(use, "C-1")
    asked, reading = threading.Event(), threading.Event()

    class Slow(Outbox):
        """Of a busy disk: once the receiver was asked, a look takes longer than its answer and the wait."""

        def read(self, start: int) -> tuple[list[Place], int]:
            found = super().read(start)
            if asked.is_set():
                reading.set()
                time.sleep(0.3)
            return found

    def gone(number: int, event: dict[str, Any]) -> Answer:
        asked.set()
        reading.wait(5)
        return 410, {}, b""

    with Receiver(gone) as receiver:
        endpoint = Endpoint("crm", receiver.url, ("ordain.decision.*",), private=True, secrets=secrets_in(SECRET))
        courier = Courier("crm", Slow(use.ledger, endpoint), state, Post(endpoint), this_process(), once=True)
        asyncio.run(courier.run())
        assert reading.is_set()
        assert len(receiver.got) == 1


def test_a_receiver_that_asks_for_time_gets_it(use: Services, state: State) -> None:
    _decided(use, "C-1")
    with Receiver(lambda number, event: (429, {"Retry-After": "1000"}, b"")) as receiver:
        _deliver(use, state, receiver)
    (waits,) = state.kept("crm")
    assert 900 < waits.due - time.time() <= 1000


def test_of_two_who_deliver_one_waits_and_takes_over_once_the_other_is_gone(use: Services, state: State) -> None:
    ids = _decided(use, "C-1")
    far = time.time() + 1000
    assert state.claim("crm", "elsewhere:1/7/abc", time.time(), far) is not None
    with Receiver() as receiver:
        _deliver(use, state, receiver)
        assert receiver.got == [], "another machine delivers"
        assert state.claim("crm", "elsewhere:1/7/abc", time.time(), time.time() - 1) is not None
        _deliver(use, state, receiver)
        assert receiver.ids == ids, "its time was over"
        mine, _, _ = this_process().rpartition("/")
        dead = f"{mine.rpartition('/')[0]}/{2**22 + 1}/abc"
        assert state.claim("crm", dead, time.time(), far) is not None
        ids += _decided(use, "C-1")
        _deliver(use, state, receiver)
        assert receiver.ids == ids, "it was killed, on this machine"


def test_a_replay_is_noticed_by_who_delivers_and_delivers_again(use: Services, state: State) -> None:
    ids = _decided(use, "C-1", "C-2")
    with Receiver() as receiver:
        replayed: list[bool] = []

        def done() -> bool:
            if len(receiver.ids) == 2 and not replayed:
                state.replay("crm", 2)
                replayed.append(True)
            return len(receiver.ids) == 3

        _deliver(use, state, receiver, until=done)
        assert receiver.ids[2] == ids[1]


def test_who_lost_the_endpoint_keeps_nothing_more(use: Services, state: State) -> None:
    place = state.claim("crm", "a", 0.0, 1.0)
    assert place is not None
    assert state.settle(place, 2.0, Changes(7))
    assert state.claim("crm", "b", 3.0, 4.0) is not None
    assert not state.settle(place, 9.0, Changes(99))
    now = state.place("crm")
    assert now is not None
    assert (now.cursor, now.owner) == (7, "b")


def test_a_ledger_that_was_put_back_is_gone_on_with_from_its_end(
    use: Services, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    state.replay("crm", 1000)
    with Receiver() as receiver:
        _deliver(use, state, receiver)
    assert "the ledger ends at 1" in caplog.text
    place = state.place("crm")
    assert place is not None
    assert place.cursor == 1
