"""`GET /v1/events/stream` and `GET /v1/events`: events for who asks, after a place in the log."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from answers import ADVICE, error_in
from flask.testing import FlaskClient
from listening import STREAM, listening, next_event
from served import SECONDS, Server

from ordain.api.events.event_pages import Wanted
from ordain.api.events.stream import Listeners
from ordain.api.http.outflow import ClientGone
from ordain.api.limits import LIMITS
from ordain.api.services import Services


def _decided(server: Server, subject: str = "C-STREAM-1") -> str:
    reply = server.decide("plan-advice", subject, ADVICE)
    assert reply.status == 200
    return str(reply.json()["decision_id"])


def test_who_listens_hears_of_each_decision_as_it_comes(server: Server) -> None:
    with listening(server) as answer:
        assert answer.getheader("content-type") == "text/event-stream"
        assert answer.readline() == b"retry: 1000\n"
        ids = [_decided(server), _decided(server)]
        heard = [next_event(answer) for _ in ids]
    events = [json.loads(each["data"]) for each in heard]
    assert [event["id"] for event in events] == ids
    assert {each["event"] for each in heard} == {"ordain.decision.recorded"}
    assert [each["id"] for each in heard] == [event["sequence"] for event in events]
    assert "C-STREAM-1" not in json.dumps(events)


@pytest.mark.parametrize("by", ["sequence", "id"])
def test_who_comes_back_goes_on_after_the_last_event_that_he_has(server: Server, by: str) -> None:
    with listening(server) as answer:
        first = _decided(server)
        event = json.loads(next_event(answer)["data"])
    assert event["id"] == first
    missed = _decided(server)
    with listening(server, **{"Last-Event-ID": event[by]}) as answer:
        assert json.loads(next_event(answer)["data"])["id"] == missed
    with listening(server, f"{STREAM}?after={event[by]}") as answer:
        assert json.loads(next_event(answer)["data"])["id"] == missed


def test_types_and_services_may_be_chosen(server: Server) -> None:
    with listening(server, f"{STREAM}?type=ordain.decision.*&service=none&service=retention") as answer:
        _decided(server)
        denied = server.decide("retention", "C-1", {})
        assert denied.status == 422
        with listening(server, f"{STREAM}?type=ordain.*&service=plan-advice") as other:
            wanted = _decided(server)
            assert json.loads(next_event(other)["data"])["id"] == wanted
        answer.fp.raw._sock.settimeout(0.3)  # type: ignore[union-attr]
        with pytest.raises(TimeoutError):
            next_event(answer)


BEYOND = "9999999999999999"
"""A place after the end of any log here: one of another ledger."""


@pytest.mark.parametrize(
    "path",
    [
        *(f"{STREAM}?after=no", f"{STREAM}?{'type=a&' * 21}", "/v1/events?after=no"),
        *(f"{STREAM}?after={BEYOND}", f"/v1/events?after={BEYOND}"),
        *(f"{STREAM}?type=ordain.decison.recorded", "/v1/events?type=alert.*"),
        *(f"/v1/events?limit=000000001{'0' * 5000}", "/v1/events?limit=0000001000"),
    ],
)
def test_what_cannot_be_a_place_is_refused_in_the_one_shape(server: Server, path: str) -> None:
    reply = server.get(path)
    assert (reply.status, error_in(reply.body)["code"]) == (400, "MalformedRequest")


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", ""])
def test_a_page_has_a_limit(shared_client: FlaskClient, limit: str) -> None:
    assert error_in(shared_client.get(f"/v1/events?limit={limit}").data)["code"] == "MalformedRequest"


def test_who_asks_again_and_again_gets_all_of_it_page_by_page(server: Server) -> None:
    ids = [_decided(server) for _ in range(3)]
    got: list[dict[str, Any]] = []
    page = server.get("/v1/events?limit=2").json()
    while page["events"] or page["more"]:
        got += page["events"]
        page = server.get(f"/v1/events?limit=2&after={page['after']}").json()
    assert [event["id"] for event in got][-3:] == ids
    assert [int(event["sequence"]) for event in got] == sorted({int(event["sequence"]) for event in got})
    again = server.get(f"/v1/events?after={page['after']}").json()
    assert again == {"events": [], "after": page["after"], "more": False}


def _is_there(server: Server) -> http.client.HTTPConnection | None:
    """A connection that listens, if there is room."""
    connection = server.connection()
    connection.request("GET", STREAM)
    answer = connection.getresponse()
    if answer.status == 200:
        return connection
    assert answer.status == 503
    connection.close()
    time.sleep(0.1)
    return None


def test_more_than_so_many_are_told_to_come_later_and_decisions_go_on(tmp_path: Path) -> None:
    """And a stop does not wait for who listens."""
    with Server(tmp_path) as server:
        connections, deadline = [], time.monotonic() + SECONDS
        for _ in range(LIMITS.events_listeners):
            connection = server.connection()
            connection.request("GET", STREAM)
            assert connection.getresponse().status == 200
            connections.append(connection)
        refused = server.get(STREAM)
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        connections[0].close()
        while not (there := _is_there(server)):
            assert time.monotonic() < deadline, "who has gone keeps no place"
        connections.append(there)
        assert error_in(refused.body)["code"] == "ServiceUnavailable"
        _decided(server)
        assert server.stop()
        assert "Killing" not in server.said(), "its worker ended by itself"
        for connection in connections[1:]:
            connection.close()


class _Out:
    """Takes three pieces, and is gone; or hangs up at once."""

    begun = True

    def __init__(self, hangs_up: bool = False) -> None:
        self.pieces: list[bytes] = []
        self._hangs_up = hangs_up

    def hung_up(self) -> bool:
        return self._hangs_up

    async def send(self, piece: bytes) -> None:
        self.pieces.append(piece)
        if len(self.pieces) == 3:
            raise ClientGone


def _listen(use: Services, out: Any) -> None:
    async def listen() -> None:
        listeners = Listeners(use)
        with pytest.raises(ClientGone):
            await listeners._flow(out, 0, Wanted(), SimpleNamespace(bytes_out=0), None)  # type: ignore[arg-type]
        listeners.close()

    asyncio.run(listen())


def test_a_stream_without_events_has_a_comment_now_and_then(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.events.stream.LIMITS", replace(LIMITS, events_heartbeat=0.05))
    out = _Out()
    _listen(use, out)
    assert out.pieces == [b"retry: 1000\n\n", b": still here\n\n", b": still here\n\n"]


def test_who_hung_up_keeps_no_place_until_the_next_event(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.events.stream.LIMITS", replace(LIMITS, listener_looks=0.05))
    out = _Out(hangs_up=True)
    _listen(use, out)
    assert out.pieces == [b"retry: 1000\n\n"]
