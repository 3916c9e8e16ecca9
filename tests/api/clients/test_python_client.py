"""The Python client against a real server: answers, errors, keys, batches, and requests that are sent again."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION
from callers import keeper
from ordain_client import (
    Answer,
    AsyncClient,
    Client,
    Denied,
    Invalid,
    NoAnswer,
    NotAllowed,
    NotFound,
    Patience,
    Refused,
    Unavailable,
)
from ordain_client.calls import WINDOW, Ask
from ordain_client.tries import retry_after
from served import Server

QUICK = Patience(tries=4, seconds=20, first_pause=0.001, longest_pause=0.01)
Fault = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]


class Faulty(httpx.BaseTransport):
    """A real connection whose first tries meet `faults`, one each; `sent` are the requests."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)
        self._real = httpx.HTTPTransport()
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if self._faults:
            return self._faults.pop(0)(self._real, request)
        return self._real.handle_request(request)

    def close(self) -> None:
        self._real.close()


def unavailable(_: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    error = {"code": "NotRecorded", "message": "the ledger is full", "details": []}
    return httpx.Response(503, json={"error": error}, headers={"Retry-After": "0"})


def refuses_connections(_: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody listens", request=request)


def answer_is_lost(real: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    real.handle_request(request).read()
    raise httpx.RemoteProtocolError("it broke off", request=request)


def lines_are_lost(real: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    answer = real.handle_request(request)
    lines = answer.read().splitlines(keepends=True)
    return httpx.Response(answer.status_code, content=b"".join(lines[: len(lines) // 2]))


def a_line_was_not_recorded(real: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    answer = real.handle_request(request)
    lines = answer.read().splitlines()
    error = {"code": "NotRecorded", "message": "the ledger is full", "details": []}
    lines[0] = json.dumps({"error": error, "line": 1, "http_status": 503}).encode()
    return httpx.Response(answer.status_code, content=b"\n".join(lines))


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def asks(number: int) -> list[Ask]:
    return [{"subject": f"C-{at}", "facts": ADVICE} for at in range(number)]


def test_a_decision_is_answered_as_the_service_answers_it(server: Server) -> None:
    with Client(url(server)) as client:
        answer = client.decide("price-quote", subject="C-1", facts=QUOTE, at=NOON)
        assert (answer.service, answer.status, answer.is_decided) == ("price-quote", "decided", True)
        assert answer.outcome["price"]["currency"] == "INR"
        assert answer.decision_id is not None
        record = client.record(answer.decision_id)
        assert (record["decision_id"], record["status"]) == (answer.decision_id, "decided")
        assert "price" in client.explanation(answer.decision_id)["text"]
        assert {each["service"] for each in client.services()} >= {"price-quote", "retention"}
        same = client.get("/v1/services/price-quote", at="2026-06-01")
        assert same["service"] == "price-quote"


def test_what_python_has_for_numbers_and_times_is_written_as_the_service_reads_it(server: Server) -> None:
    at = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
    facts = {**QUOTE, "base_price": Decimal("500.10"), "contract_start": dt.date(2026, 1, 1)}
    with Client(url(server)) as client:
        answer = client.decide("price-quote", subject="C-1", facts=facts, at=at, may_be_unknown=("satellite_gb",))
        assert answer.at == NOON
        assert answer.decision_id is not None
        sent = client.record(answer.decision_id)["facts"]
        assert sent["base_price"]["value"]["amount"] == "500.10"
        for bad in (Decimal("NaN"), float("inf"), dt.datetime(2026, 1, 1, 12)):
            with pytest.raises(ValueError, match=r"number|offset|JSON"):
                client.decide("plan-advice", subject="C-1", facts={"usage_gb": bad})


def test_what_was_shown_and_done_is_recorded_once_though_its_answer_is_lost(server: Server) -> None:
    at = dt.datetime(2026, 6, 1, 12, 5, tzinfo=dt.UTC)
    with Client(f"http://127.0.0.1:{server.port}", patience=QUICK) as client:
        decision_id = client.decide("plan-advice", subject="C-31", facts=ADVICE).decision_id
        assert client.status(decision_id)["status"] == "decided"
    with Client(f"http://127.0.0.1:{server.port}", transport=Faulty(answer_is_lost), patience=QUICK) as client:
        client.shown(decision_id, ["The next plan up fits your usage better."], at=at)
        client.performed(decision_id, {"advice": {"price": Decimal("12.50")}}, at=at)
        shown, performed = client.record(decision_id)["followed_by"]
    assert (shown["kind"], shown["texts"]) == ("shown", ["The next plan up fits your usage better."])
    assert (performed["kind"], performed["outcome"]["advice"]["price"]) == ("performed", "12.50")

    async def ask() -> dict[str, Any]:
        async with AsyncClient(f"http://127.0.0.1:{server.port}") as client:
            await client.shown(decision_id)
            return await client.status(decision_id)

    assert asyncio.run(ask())["status"] == "decided"


def test_a_dry_run_names_no_record_and_records_nothing(server: Server) -> None:
    with Client(url(server)) as client:
        before = server.entries()
        answer = client.service("plan-advice").dry_run(subject="C-1", facts=ADVICE)
        assert (answer.decision_id, answer.receipt, answer.is_decided) == (None, None, True)
        assert server.entries() == before


def test_errors_are_exceptions_with_their_code_and_details(server: Server) -> None:
    with Client(url(server)) as client:
        with pytest.raises(Invalid) as missing:
            client.decide("plan-advice", subject="C-1", facts={"usage_gb": 1})
        assert (missing.value.code, missing.value.status) == ("CustomerDataIncomplete", 422)
        assert missing.value.details[0]["fact"] == "plan_gb"
        assert missing.value.request_id
        with pytest.raises(NotFound, match="UnknownService"):
            client.decide("no-such-service", subject="C-1", facts={})
        with pytest.raises(NotFound, match="UnknownDecision"):
            client.record("no-such-decision")
        with pytest.raises(Denied) as denied:
            client.decide("price-quote", subject="C-1", facts={**QUOTE, "personal_data_inputs": ["age"]}, at=NOON)
        assert denied.value.decision_id is not None
        assert client.record(denied.value.decision_id)["status"] == "refused"


def test_a_key_opens_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    key = keeper(tmp_path).make("shop", ["app"]).text
    with Server(tmp_path) as server:
        with Client(url(server), key=key) as client:
            assert client.decide("plan-advice", subject="C-1", facts=ADVICE).is_decided
            with pytest.raises(NotAllowed, match="NotPermitted"):
                list(client.events())
        for wrong in (None, key[:-1] + "#"):
            with Client(url(server), key=wrong) as client, pytest.raises(NotAllowed, match="Unauthenticated"):
                client.decide("plan-advice", subject="C-1", facts=ADVICE)


@pytest.mark.parametrize("fault", [unavailable, refuses_connections, answer_is_lost], ids=lambda each: each.__name__)
def test_what_was_not_answered_is_sent_again_under_its_key_and_decided_once(server: Server, fault: Fault) -> None:
    transport = Faulty(fault, fault)
    before = server.entries()
    with Client(url(server), transport=transport, patience=QUICK) as client:
        answer = client.decide("plan-advice", subject="C-1", facts=ADVICE)
    assert server.entries() == before + 1
    assert answer.is_replayed == (fault is answer_is_lost)
    assert len(transport.sent) == 3
    assert len({request.headers["idempotency-key"] for request in transport.sent}) == 1
    assert len({request.content for request in transport.sent}) == 1


def test_patience_ends(server: Server) -> None:
    full = Faulty(*[unavailable] * 9)
    with Client(url(server), transport=full, patience=QUICK) as client, pytest.raises(Unavailable) as never:
        client.decide("plan-advice", subject="C-1", facts=ADVICE)
    assert (never.value.code, never.value.retry_after) == ("NotRecorded", 0.0)
    nowhere = Faulty(*[refuses_connections] * 9)
    with (
        Client(url(server), transport=nowhere, patience=QUICK) as client,
        pytest.raises(NoAnswer, match="4 tries"),
    ):
        client.services()


def test_no_longer_pause_is_made_than_patience_has() -> None:
    def much_later(_: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={}, headers={"Retry-After": "3600"})

    transport = Faulty(much_later)
    nowhere = "http://127.0.0.1:9"
    with Client(nowhere, transport=transport, patience=QUICK) as client, pytest.raises(Unavailable) as refused:
        client.decide("plan-advice", subject="C-1", facts=ADVICE)
    assert (refused.value.retry_after, refused.value.code, len(transport.sent)) == (3600.0, "Unknown", 1)


def test_a_pause_grows_and_is_never_shorter_than_asked_for() -> None:
    patience = Patience(first_pause=1.0, longest_pause=8.0)
    for tried, (low, high) in enumerate([(0.5, 1), (1, 2), (2, 4), (4, 8), (4, 8)], 1):
        assert all(low <= patience.pause(tried, None) <= high for _ in range(50))
    assert patience.pause(1, 30.0) == 30.0
    said: dict[str, float | None] = {"7": 7.0, "Thu, 01 Jan 2026 00:00:00 GMT": 0.0, "soon": None, "": None}
    assert {text: retry_after(httpx.Response(503, headers={"Retry-After": text})) for text in said} == said


def test_a_batch_gives_an_answer_or_a_refusal_for_each_ask_in_their_order(server: Server) -> None:
    asked = asks(WINDOW + 5)
    asked[WINDOW + 1] = {"subject": "C-x", "facts": {"usage_gb": 1}}
    before = server.entries()
    with Client(url(server)) as client:
        told = list(client.batch("plan-advice", iter(asked)))
    assert server.entries() == before + WINDOW + 4
    assert [number for number, each in enumerate(told) if isinstance(each, Refused)] == [WINDOW + 1]
    refused = told[WINDOW + 1]
    assert isinstance(refused, Invalid)
    assert (refused.code, refused.line) == ("CustomerDataIncomplete", WINDOW + 2)


@pytest.mark.parametrize("fault", [unavailable, answer_is_lost, lines_are_lost, a_line_was_not_recorded])
def test_a_batch_that_broke_off_is_gone_on_with_and_decides_no_line_twice(server: Server, fault: Fault) -> None:
    before = server.entries()
    with Client(url(server), transport=Faulty(fault), patience=QUICK) as client:
        told = list(client.batch("plan-advice", asks(20)))
    assert all(isinstance(each, Answer) for each in told)
    assert len(told) == 20
    assert server.entries() == before + 20


def test_a_batch_under_a_key_of_ones_own_may_be_sent_by_another_process(server: Server) -> None:
    before = server.entries()
    with Client(url(server)) as client:
        ids = [
            [each.decision_id for each in client.batch("plan-advice", asks(300), idempotency_key="nightly")
             if isinstance(each, Answer)]
            for _ in range(2)
        ]  # fmt: skip
    assert ids[0] == ids[1]
    assert server.entries() == before + 300


def test_events_are_given_page_after_page(server: Server) -> None:
    with Client(url(server)) as client:
        ids = [client.decide("plan-advice", subject="C-1", facts=ADVICE).decision_id for _ in range(3)]
        events = list(client.events(limit=2, service=["plan-advice"]))
        assert [each["id"] for each in events][-3:] == ids
        assert list(client.events(after=events[-1]["sequence"])) == []


def test_the_same_in_an_event_loop(server: Server) -> None:
    async def ask() -> list[Any]:
        async with AsyncClient(url(server)) as client:
            both = await asyncio.gather(
                client.decide("plan-advice", subject="C-1", facts=ADVICE),
                client.decide("retention", subject="C-2", facts=RETENTION, at=NOON),
            )
            assert all(each.is_decided for each in both)
            assert both[0].decision_id is not None
            assert (await client.record(both[0].decision_id))["status"] == "decided"
            assert (await client.service("plan-advice").dry_run(subject="C-1", facts=ADVICE)).decision_id is None
            with pytest.raises(Invalid):
                await client.decide("plan-advice", subject="C-1", facts={})
            assert [each async for each in client.events(limit=100)]
            return [each async for each in client.batch("plan-advice", asks(300))]

    told = asyncio.run(ask())
    assert len(told) == 300
    assert all(each.is_decided for each in told)
