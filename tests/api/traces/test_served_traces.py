"""Traces of a served process, as a collector decodes them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from answers import ADVICE, CUSTOMER, RETENTION, body
from collector import Collector, attributes
from served import SECONDS, Server, install_models, ordain_here

from ordain.api.access.key_keeping import KeyKeeper

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sampled(trace: str = TRACE, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{SPAN}-{flags}"}


def test_a_traced_decision_shows_its_steps_and_its_score_and_nothing_of_a_person(
    tmp_path: Path, models: Path, collector: Collector
) -> None:
    keys = KeyKeeper(tmp_path / "keys/callers.json", lambda *_: None, lambda: dt.datetime.now(dt.UTC), "tests")
    made = keys.make("jane-doe", ["app", "operator", "reviewer"])
    key = {"Authorization": f"Bearer {made.text}"}
    more = {"ORDAIN_TRACES": collector.address, "ORDAIN_TRACE_RATIO": "0"}
    install_models(models, tmp_path)
    asked = {name: value for name, value in RETENTION.items() if name != "churn_risk"} | CUSTOMER
    with Server(tmp_path, **more) as server:
        until(lambda: b"ordain_models_loading 0\n" in server.ask("GET", "/metrics", headers=key).body)
        reply = server.ask("POST", "/v1/decisions/retention", body(asked), {**key, **sampled()})
        assert reply.status == 200, reply.body
        server.ask("POST", "/v1/decisions/retention", body(asked), {**key, **sampled("1" * 32, "00")})
        server.ask("POST", "/v1/decisions/retention", body(asked), key)
        server.ask("POST", "/v1/decisions/plan-advice", body({}), {**key, **sampled("2" * 32)})
        server.ask("GET", "/v1/services", headers={**key, **sampled("3" * 32)})
        until(lambda: len(collector.requests()) == 3)
        events = server.ask("GET", "/v1/events", headers=key)
    spans = collector.of(TRACE)
    assert set(spans) == {"POST /v1/decisions/<service>", "read", "decide", "score", "commit"}
    whole = spans["POST /v1/decisions/<service>"]
    assert whole.parent_span_id.hex() == SPAN
    assert {spans[name].parent_span_id for name in ("read", "decide", "commit")} == {whole.span_id}
    assert spans["score"].parent_span_id == spans["decide"].span_id
    assert attributes(spans["score"]) == {"ordain.model": "churn"}
    assert attributes(whole) == {
        "http.request.method": "POST",
        "http.route": "/v1/decisions/<service>",
        "http.response.status_code": 200,
        "ordain.service": "retention",
        "ordain.verdict": reply.json()["verdict"] or "none",
        "ordain.decision_id": reply.json()["decision_id"],
        "ordain.request_id": reply.headers["x-request-id"],
        "ordain.key_id": made.key.id,
    }
    in_order = [whole.start_time_unix_nano]
    for name in ("read", "decide", "commit"):
        in_order += [spans[name].start_time_unix_nano, spans[name].end_time_unix_nano]
    in_order.append(whole.end_time_unix_nano)
    assert in_order == sorted(in_order)
    assert spans["decide"].start_time_unix_nano <= spans["score"].start_time_unix_nano
    assert spans["score"].end_time_unix_nano <= spans["decide"].end_time_unix_nano
    assert abs(whole.end_time_unix_nano / 1e9 - time.time()) < SECONDS
    assert f'"decision_id":"{attributes(whole)["ordain.decision_id"]}"'.encode() in events.body
    assert TRACE.encode() not in events.body
    refused = collector.of("2" * 32)
    assert "commit" not in refused
    (root,) = (span for span in refused.values() if span.kind == span.SPAN_KIND_SERVER)
    assert attributes(root)["ordain.code"] == "CustomerDataIncomplete"
    assert "ordain.decision_id" not in attributes(root)
    assert [span.name for span in collector.of("3" * 32).values()] == ["GET /v1/services"]
    assert collector.resources[0]["service.name"] == "ordain"
    for personal in (b"C-1", b"jane-doe", b"Bearer", made.text.encode(), b"Asia/Kolkata", b"127.0.0.1"):
        assert personal not in collector.raw


def test_a_collector_that_is_away_changes_nothing_for_who_asks(tmp_path: Path, collector: Collector) -> None:
    collector.status = 400
    with Server(tmp_path, ORDAIN_TRACES=collector.address, ORDAIN_TRACE_RATIO="1") as server:
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        until(lambda: "traces are dropped: the collector does not take them" in server.said())
        until(lambda: b"\nordain_traces_dropped_total 0\n" not in server.get("/metrics").body)
        collector.status = 200
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        until(collector.requests)
        until(lambda: "traces are taken again" in server.said())
        assert "Traceback" not in server.said()
        assert collector.address not in server.said()


def test_what_was_traced_last_is_sent_when_the_server_ends(tmp_path: Path, collector: Collector) -> None:
    with Server(tmp_path, ORDAIN_TRACES=collector.address, ORDAIN_TRACE_RATIO="0") as server:
        assert server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), sampled()).status == 200
        assert server.stop()
    assert collector.of(TRACE)


def test_an_address_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "serve", ORDAIN_TRACES="localhost:4318")
    assert done.returncode == 2
    assert "it must be an address such as http://127.0.0.1:4318/v1/traces" in done.stderr
