"""Clients that say nothing, not all, or much at once hold up nobody and are let go; a stop waits for none of them."""

from __future__ import annotations

import logging
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from answers import ADVICE, body
from served import SECONDS, Server

from ordain.api.http.supervising.capacity import connections_for
from ordain.api.limits import LIMITS

SENT = body(ADVICE)
POST = b"POST /v1/decisions/plan-advice HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(SENT)
ROOM = 16


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)


def let_go(client: socket.socket) -> bool:
    """Whether the server hangs up, after whatever it has to say, before the test gives up."""
    with client:
        while client.recv(65_536):
            pass
    return True


@pytest.mark.parametrize(
    "said", [b"", b"GET /healthz HT", POST[:-2], b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_who_sends_no_whole_request_is_let_go(tmp_path: Path, said: bytes) -> None:
    with Server(tmp_path, ORDAIN_IDLE_SECONDS="1") as server:
        client = connected(server)
        client.sendall(said)
        assert let_go(client)


def test_when_all_connections_are_held_others_are_answered_once_the_silent_are_let_go(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_IDLE_SECONDS="1", ORDAIN_CONNECTIONS=str(ROOM)) as server, ExitStack() as held:
        for _ in range(ROOM):
            held.enter_context(connected(server))
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200


def test_many_silent_and_slow_clients_hold_up_nobody(tmp_path: Path) -> None:
    with Server(tmp_path) as server, ExitStack() as held:
        for number in range(1_200):
            client = held.enter_context(connected(server))
            if number % 10 == 0:
                client.sendall(POST + SENT[:1])
        for _ in range(20):
            assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        assert server.get("/healthz").status == 200
        assert server.stop(), "it did not stop by itself"


def test_requests_sent_one_after_another_without_reading_are_each_answered(server: Server) -> None:
    before = server.entries()
    with connected(server) as client:
        client.sendall((POST + SENT) * 30)
        assert server.get("/healthz").status == 200
        told = b""
        while told.count(b"HTTP/1.1 200") < 30:
            told += client.recv(65_536)
    assert server.entries() == before + 30


def test_a_server_that_may_open_few_files_holds_fewer_connections_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 1_024))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: None)
    with caplog.at_level(logging.WARNING, logger="ordain"):
        assert connections_for(12_000) == 1_024 - LIMITS.own_files
    assert "holds 768 connections at once and not 12000" in caplog.text
    assert "ulimit -Hn" in caplog.text


def test_a_server_takes_the_files_that_the_system_lets_it_have(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: taken.append(limits))
    assert connections_for(12_000) == 12_000
    assert taken == [(12_000 + LIMITS.own_files, resource.RLIM_INFINITY)]
