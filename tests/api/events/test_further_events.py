"""Events that a policy makes: of each decision those whose rules fired, in order, at least once, and again the same."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import ADVICE, ALERTS, NOON, QUOTE, RETENTION
from hypothesis import given, settings
from hypothesis import strategies as st
from receiver import FINE, SECRET, Answer, Receiver
from served import settings_in
from tellers import telling_policies

from ordain.api.ask import make_ask, read_ask
from ordain.api.decide import decide
from ordain.api.events.courier import Courier
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.event import fitting
from ordain.api.events.event_pages import Wanted, page_of
from ordain.api.events.outbox import Outbox
from ordain.api.events.owner import this_process
from ordain.api.events.post import Post
from ordain.api.events.signing import secrets_in
from ordain.api.events.state import State
from ordain.api.events.stream import told_of
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.audit.privacy.erasure import erase
from ordain.engine.errors import MalformedRequest

RECORDED = "ordain.decision.recorded"


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return telling_policies(tmp_path_factory.mktemp("telling"))


@pytest.fixture(scope="module")
def use(telling: Path) -> Iterator[Services]:
    wired = wire(settings_in(telling.parent, policies=telling))
    yield wired
    wired.close()


def leaf_of(use: Services, service: str, facts: dict[str, object], subject: str = "C-1", at: str | None = None) -> int:
    body = json.dumps({"subject": subject, "facts": facts, **({"at": at} if at else {})}).encode()
    answer = decide(read_ask(service, body), use)
    use.ledger.settle()
    entry = use.ledger.reader.entry(UUID(answer.receipt.entry_id))
    assert entry is not None
    assert entry.leaf_index is not None
    return entry.leaf_index


def outbox(use: Services, *types: str, **more: Any) -> Outbox:
    return Outbox(use.ledger, Endpoint("crm", "https://example.com", types or ("*",), **more))


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize(
    ("service", "facts", "told"),
    [
        ("retention", RETENTION, ["ml.churn.high_risk_detected", "retention.call_wanted"]),
        ("retention", {**RETENTION, "clv_tier": "low"}, ["ml.churn.high_risk_detected"]),
        ("retention", {**RETENTION, "churn_risk": 0.6999}, []),
        ("price-quote", QUOTE, ["pricing.changed"]),
        ("alerts", {**ALERTS, "alert_signal": "model unusable", "alert_value": 1}, ["model.degraded"]),
        ("alerts", ALERTS, []),
        ("plan-advice", ADVICE, ["usage.high", "usage.seen"]),
        ("plan-advice", {**ADVICE, "usage_gb": 5}, ["usage.seen"]),
    ],
)
def test_the_policies_of_the_page_tell_what_they_say_after_the_event_of_the_decision(
    use: Services, service: str, facts: dict[str, object], told: list[str]
) -> None:
    leaf = leaf_of(use, service, facts, at=NOON if service != "alerts" else None)
    events = outbox(use).events(leaf)
    assert types(events) == [RECORDED, *told]
    own, *further = events
    for event in further:
        assert event["id"] == f"{own['id']}:{event['type']}"
        assert event["data"]["rule"] in own["data"]["reason_codes"]
        assert {**event, "id": 0, "type": 0, "data": 0} == {**own, "id": 0, "type": 0, "data": 0}
        assert {name: value for name, value in event["data"].items() if name != "rule"} == own["data"]


def test_an_endpoint_gets_the_types_that_it_takes_and_no_others(use: Services) -> None:
    leaf = leaf_of(use, "retention", RETENTION)
    assert types(outbox(use, "ml.*").events(leaf)) == ["ml.churn.high_risk_detected"]
    assert dict(outbox(use, "retention.call_wanted").read(leaf)[0]).keys() == {leaf}
    assert outbox(use, "usage.*").read(leaf)[0] == []
    assert outbox(use, "ml.*", services=("plan-advice",)).read(leaf)[0] == []
    assert types(page_of(use.ledger, leaf - 1, Wanted(("ml.*",))).events) == ["ml.churn.high_risk_detected"]


def test_they_say_nothing_of_a_person_unless_the_endpoint_may_have_it_and_go_with_an_erasure(use: Services) -> None:
    leaf = leaf_of(use, "retention", RETENTION, "C-SECRET")
    plain = outbox(use).events(leaf)
    assert "C-SECRET" not in json.dumps(plain)
    assert "0.85" not in json.dumps(plain)
    personal = outbox(use, subjects=True, answer=True)
    assert [event["subject"] for event in personal.events(leaf)] == ["C-SECRET"] * 3
    assert [event["data"]["answer"]["service"] for event in personal.events(leaf)] == ["retention"] * 3
    erase(use.ledger, "C-SECRET", private={"actor": "tests"})
    for box in (outbox(use), personal):
        (left,) = box.events(leaf)
        assert (left["type"], left["data"]["private"]) == (RECORDED, "erased")
        assert not left["data"].keys() & {"verdict", "reason_codes", "rule"}
        assert left["data"]["jurisdiction"] is None
    assert outbox(use, "ml.*").events(leaf) == [], "queued before, and there is nothing to send any more"


def test_what_was_told_stays_when_the_policy_says_something_else(telling: Path, tmp_path: Path) -> None:
    chosen = settings_in(tmp_path, policies=telling_policies(tmp_path))
    with closing(wire(chosen)) as first:
        leaf = leaf_of(first, "plan-advice", ADVICE)
        before = outbox(first).events(leaf)
    file = chosen.policies / "services.yaml"
    file.write_text(file.read_text().replace("    tells: [advice_events]\n", "").replace(", advice-events", ""))
    with closing(wire(chosen)) as then:
        assert outbox(then).events(leaf) == before
        assert types(outbox(then).events(leaf_of(then, "plan-advice", ADVICE))) == [RECORDED]


def test_a_page_and_a_stream_do_not_part_the_events_of_an_entry(use: Services) -> None:
    first, second = (leaf_of(use, "plan-advice", ADVICE) for _ in range(2))
    page = page_of(use.ledger, first - 1, Wanted(), most=1)
    assert types(page.events) == [RECORDED, "usage.high", "usage.seen"]
    assert (page.after, page.ended) == (first, False)
    both = page_of(use.ledger, first - 1, Wanted(services=("plan-advice",)))
    lines = [line for line in told_of(both.events).decode().splitlines() if not line.startswith("data: ")]
    of_one = ["event: ordain.decision.recorded", "", "event: usage.high", ""]
    expected = []
    for leaf in (first, second):
        expected += [*of_one, f"id: {leaf:016}", "event: usage.seen", ""]
    assert lines == expected


# --- delivered --------------------------------------------------------------------------------------------------


HASTY = replace(LIMITS, event_first_wait=0.001, event_tries=50, events_look=0.01, events_orders=0.05)
NUMBERS = count()


def _one_that_is_gone() -> str:
    """The name of a process of this machine that runs no more, so that the next one takes over at once."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    return this_process().replace(f"/{os.getpid()}/", f"/{gone.pid}/")


async def _deliver(
    use: Services, state: State, receiver: Receiver, name: str, seconds: float | None, done: Callable[[], bool]
) -> None:
    """By a courier of its own, until `done`, or cut off after so many seconds as if it were killed."""
    wanted = ("ordain.decision.*", "usage.*")
    endpoint = Endpoint(name, receiver.url, wanted, private=True, secrets=secrets_in(SECRET))
    owner = this_process() if seconds is None else _one_that_is_gone()
    courier = Courier(name, Outbox(use.ledger, endpoint), state, Post(endpoint), owner, once=False)
    task = asyncio.create_task(courier.run())
    for _ in range(2000):
        await asyncio.sleep(0.005)
        if done() or (seconds is not None and (seconds := seconds - 0.005) <= 0):
            break
    if seconds is None:
        courier.stop()
    else:
        task.cancel()  # what it knew of tries is lost, as after a kill
    await asyncio.gather(task, return_exceptions=True)


def test_each_event_of_an_entry_is_tried_as_often_as_one_that_stands_alone(use: Services) -> None:
    failed: Counter[str] = Counter()

    def answer(number: int, event: dict[str, Any]) -> Answer:
        failed[event["id"]] += 1
        return FINE if failed[event["id"]] > 3 else (500, {}, b"")

    with pytest.MonkeyPatch.context() as patch, closing(State(use.ledger)) as state, Receiver(answer) as receiver:
        for module in ("waits", "tries", "courier"):
            patch.setattr(f"ordain.api.events.{module}.LIMITS", replace(HASTY, event_tries=4))
        state.begin("patient", use.ledger.reader.size())
        leaf_of(use, "plan-advice", ADVICE)
        asyncio.run(_deliver(use, state, receiver, "patient", None, lambda: len(receiver.ids) == 3))
        assert types([got.event for got in receiver.got]) == [RECORDED] * 4 + ["usage.high"] * 4 + ["usage.seen"] * 4
        assert state.kept("patient") == []


DECISIONS = st.lists(
    st.tuples(st.sampled_from(["C-1", "C-2", "C-3"]), st.sampled_from([5, 95])), min_size=1, max_size=8
)


@settings(max_examples=12, deadline=None)
@given(decisions=DECISIONS, fails=st.lists(st.booleans(), max_size=30), cuts=st.lists(st.floats(0, 0.1), max_size=2))
def test_every_event_arrives_in_the_order_of_its_subject_whatever_fails_and_is_cut_off(
    use: Services, decisions: list[tuple[str, int]], fails: list[bool], cuts: list[float]
) -> None:
    waits, name = iter(fails), f"crm{next(NUMBERS)}"

    def answer(number: int, event: dict[str, Any]) -> Answer:
        return (500, {}, b"") if next(waits, False) else FINE

    with pytest.MonkeyPatch.context() as patch, closing(State(use.ledger)) as state, Receiver(answer) as receiver:
        for module in ("waits", "tries", "courier"):
            patch.setattr(f"ordain.api.events.{module}.LIMITS", HASTY)
        state.begin(name, use.ledger.reader.size())
        expected: dict[str, list[str]] = defaultdict(list)
        for subject, gigabytes in decisions:
            ask = make_ask("plan-advice", subject, {**ADVICE, "usage_gb": gigabytes}, None)
            entry = decide(ask, use).receipt.entry_id
            more = ["usage.high"] if gigabytes == 95 else []
            expected[subject] += [entry, *(f"{entry}:{kind}" for kind in [*more, "usage.seen"])]
        use.ledger.settle()
        wanted = {each for ids in expected.values() for each in ids}
        for cut in [*cuts, None]:
            asyncio.run(_deliver(use, state, receiver, name, cut, lambda: wanted <= set(receiver.ids)))
        assert receiver.faults == []
        first_times = list(dict.fromkeys(receiver.ids))
        assert set(first_times) == wanted
        for ids in expected.values():
            assert [each for each in first_times if each in ids] == ids


@pytest.mark.parametrize("pattern", ["ml.*", "model.degraded", "retention.call_wanted", "fee.large"])
def test_a_type_that_a_policy_may_make_is_taken_by_who_names_it(pattern: str) -> None:
    assert fitting(pattern) == []


@pytest.mark.parametrize(
    "pattern", ["ordian.decision.recorded", "decision.recorded", "alert.*", "ordain.x", "Ml.x", "x"]
)
def test_a_type_of_ours_that_is_written_nearly_right_is_refused(pattern: str) -> None:
    with pytest.raises(MalformedRequest, match="there is no type"):
        fitting(pattern)
