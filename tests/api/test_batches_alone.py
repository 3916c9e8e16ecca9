"""What a batch does when no client of a real server can make it happen soon: patience, our own faults."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from answers import ADVICE, body, error_in

import ordain.api.batch as decided_alone
import ordain.api.http.batches as under_test
from ordain.api.ask import Ask
from ordain.api.decide import Decision
from ordain.api.http.account import Account
from ordain.api.http.batches import Batches
from ordain.api.http.bodies import BodyTooSlow
from ordain.api.http.others import Others
from ordain.api.http.outflow import ClientGone, Outflow, connection_to
from ordain.api.limits import LIMITS
from ordain.api.services import Services

GOOD = body(ADVICE) + b"\n"
FOREVER = 3600.0


@dataclass
class Told:
    """An exchange that gives `pieces`, waiting where one is a number of seconds, and keeps what it is told."""

    pieces: Sequence[bytes | float]
    status: int = 0
    sent: list[bytes] = field(default_factory=list)

    async def __aiter__(self) -> Any:
        for piece in self.pieces:
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                yield piece

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.sent.append(body)

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Told:
        self.status = status
        return self

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in b"".join(self.sent).splitlines()]


@dataclass
class Head:
    client: str
    method: str = "POST"
    http_version: str = "1.1"
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/x-ndjson"})


@contextmanager
def connected() -> Iterator[tuple[socket.socket, str]]:
    """A client's socket, and its address as the server sees it; the server's end is open, too."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        end, (host, port) = server.accept()
        with end:
            yield client, f"{host}:{port}"


def _ask(use: Services, told: Told) -> Told:
    batches = Batches(use)
    with connected() as (_, client):
        try:
            scope: Any = Head(client)
            asyncio.run(batches.answer("plan-advice", scope, told, Account(scope)))  # type: ignore[arg-type]
        finally:
            batches.close()
    return told


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends soon."""
    for room in ("lines", "outflow", "batches"):
        monkeypatch.setattr(f"ordain.api.http.{room}.LIMITS", _with(batch_silence=0.3))


def _with(**other: Any) -> Any:
    return replace(LIMITS, **other)


@pytest.mark.usefixtures("short")
def test_a_body_that_does_not_go_on_is_answered_so_far_and_told(shared_use: Services) -> None:
    told = _ask(shared_use, Told([GOOD * 2 + b'{"subject', FOREVER]))
    *answers, last = told.lines()
    assert told.status == 200
    assert [answer["outcome"]["advice"]["action"] for answer in answers] == ["plan up"] * 2
    assert (last["http_status"], last["error"]["code"]) == (408, "RequestTimeout")
    assert error_in(json.dumps({"error": last["error"]}))["message"].startswith("nothing came for 0.3 seconds")


@pytest.mark.usefixtures("short")
def test_a_body_of_which_nothing_comes_has_no_stream(shared_use: Services) -> None:
    told = Told([FOREVER])
    with pytest.raises(BodyTooSlow):
        _ask(shared_use, told)
    assert (told.status, told.sent) == (0, [])


def test_a_fault_of_ours_in_one_line_is_not_told_of_another(
    shared_use: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = decided_alone.make_decision

    def make_decision(ask: Ask, use: Services, planned: Any) -> Any:
        if ask.subject == "C-bug":
            raise ZeroDivisionError
        return real(ask, use, planned)

    monkeypatch.setattr(decided_alone, "make_decision", make_decision)
    told = _ask(shared_use, Told([GOOD + GOOD.replace(b"C-1", b"C-bug") + GOOD, b""]))
    first, bug, last = told.lines()
    assert "outcome" in first
    assert "outcome" in last
    assert (bug["line"], bug["http_status"], bug["error"]["code"]) == (2, 500, "InternalError")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_a_fault_of_ours_while_recording_is_told_in_each_line(
    shared_use: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record_each(decisions: Sequence[Decision], use: Services, onces: Sequence[object]) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(under_test, "record_each", record_each)
    told = _ask(shared_use, Told([GOOD + b"{\n" + GOOD, b""]))
    assert [line["http_status"] for line in told.lines()] == [500, 400, 500]
    assert b"plan up" not in b"".join(told.sent)


def test_an_answer_that_a_fault_of_ours_ends_breaks_off(shared_use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    real = under_test.windows_of

    async def windows_of(pieces: Any, limit: int) -> Any:
        async for window in real(pieces, limit):
            yield window
            raise ZeroDivisionError

    monkeypatch.setattr(under_test, "windows_of", windows_of)
    told, batches = Told([GOOD, b""]), Batches(shared_use)
    with connected() as (client, address):
        scope: Any = Head(address)
        with pytest.raises(ZeroDivisionError):
            asyncio.run(batches.answer("plan-advice", scope, told, Account(scope)))  # type: ignore[arg-type]
        batches.close()
        client.settimeout(10)
        assert client.recv(1) == b"", "the connection is closed"
    assert len(told.lines()) == 1


def test_while_others_wait_a_batch_records_in_short_commits(
    shared_use: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    real = under_test.record_each

    def record_each(decisions: Sequence[Decision], use: Services, onces: Sequence[object]) -> Any:
        sizes.append(len(decisions))
        return real(decisions, use, onces)

    monkeypatch.setattr(under_test, "record_each", record_each)
    lines = 3 * LIMITS.batch_slice
    _ask(shared_use, Told([GOOD * lines, b""]))
    monkeypatch.setattr(Others, "__bool__", lambda self: True)
    _ask(shared_use, Told([GOOD * lines, b""]))
    assert sizes == [lines, *[LIMITS.batch_slice] * 3]


def _fill(connection: socket.socket) -> None:
    """Sends until there is no room, as the server does with what it is given."""
    connection.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            connection.send(b"x" * 65_536)


def test_who_stops_reading_for_too_long_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.http.outflow.LIMITS", _with(batch_silence=0.3, batch_unread=1000))

    async def flood(address: str) -> int:
        told = Told([])
        with connection_to(address) as connection:
            out = Outflow(told, connection, [])  # type: ignore[arg-type]
            _fill(connection)
            await out.send(b"y" * 600)
            await out.send(b"y" * 600)
            with pytest.raises(ClientGone):
                await out.send(b"y" * 600)
            return len(told.sent)

    with connected() as (client, address):
        assert asyncio.run(flood(address)) == 2
        client.settimeout(10)
        while client.recv(1 << 20):
            pass  # until the end: the connection was closed


def test_who_reads_again_is_sent_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.http.outflow.LIMITS", _with(batch_silence=20.0, batch_unread=1000))

    async def flood(address: str, client: socket.socket) -> int:
        told = Told([])
        with connection_to(address) as connection:
            out = Outflow(told, connection, [])  # type: ignore[arg-type]
            _fill(connection)
            for _ in range(2):
                await out.send(b"y" * 600)
            waits = asyncio.create_task(out.send(b"y" * 600))
            await asyncio.sleep(0.2)
            assert not waits.done()
            client.setblocking(False)
            while not waits.done():
                try:
                    client.recv(1 << 20)
                except BlockingIOError:
                    await asyncio.sleep(0.01)
            return len(told.sent)

    with connected() as (client, address):
        assert asyncio.run(flood(address, client)) == 3


def test_a_connection_that_is_gone_is_nobodys() -> None:
    with connected() as (_, address):
        connection_to(address).close()
    with pytest.raises(ClientGone):
        connection_to(address)


def test_an_address_may_be_one_of_ipv6() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port)) as client:
                end, _ = server.accept()
                with end:
                    own = client.getsockname()[1]
                    for written in (f"[{host}]:{own}", f"[::ffff:{host}]:{own}" if "." in host else f"[{host}]:{own}"):
                        with connection_to(written) as found:
                            assert found.getpeername() == end.getpeername()
