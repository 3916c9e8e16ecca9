"""A body that does not arrive whole is refused (RFC 9112 section 8), one that is too large is told so by an answer."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from answers import ADVICE, body, error_in
from served import Server

ADVISE = "/v1/decisions/plan-advice"
SENT = body(ADVICE)
CHUNKED = "Transfer-Encoding: chunked"
PIECE = f"{len(SENT):x}\r\n".encode() + SENT + b"\r\n"


def answer_to(server: Server, head: str, sent: bytes, *, shut: bool = True, path: str = f"POST {ADVISE}") -> bytes:
    """What comes back on a connection on which `sent` follows the head, and then, with `shut`, nothing any more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # what the server does not read, is not sent
        client.sendall(f"{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n".encode() + sent)
        if shut:
            client.shutdown(socket.SHUT_WR)
        told = b""
        while piece := client.recv(65_536):
            told += piece
    return told


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        pytest.param(CHUNKED, PIECE, id="no last chunk"),
        pytest.param(CHUNKED, PIECE + b"0\r\n", id="no end after the last chunk"),
        pytest.param(CHUNKED, f"{len(SENT) + 1:x}\r\n".encode() + SENT, id="a chunk without its last byte"),
        pytest.param(CHUNKED, PIECE + b"zz\r\n", id="a chunk of no length"),
        pytest.param(CHUNKED, b"", id="nothing"),
        pytest.param(f"Content-Length: {len(SENT) + 10}", SENT, id="less than its length"),
        pytest.param("Content-Length: 10", b"", id="nothing of its length"),
        pytest.param("Content-Length: 70000", SENT, id="too large and less"),
    ],
)
@pytest.mark.parametrize("path", [f"POST {ADVISE}", "GET /healthz", "POST /v1/decisions/plan%2Dadvice"])
def test_a_body_that_is_cut_is_refused_in_the_one_shape_and_nothing_is_recorded(
    server: Server, path: str, head: str, sent: bytes
) -> None:
    before, said = server.entries(), len(server.said())
    answer = answer_to(server, head, sent, path=path)
    assert status_of(answer) == 400
    error = error_in(answer.partition(b"\r\n\r\n")[2])
    assert error["code"] == "MalformedRequest"
    assert "ended before its body was whole" in error["message"]
    assert server.entries() == before
    assert "Traceback" not in server.said()[said:]


def test_trailers_are_refused_since_granian_shows_them_as_it_shows_a_cut(server: Server) -> None:
    answer = answer_to(server, CHUNKED, PIECE + b"0\r\nX-More: 1\r\n\r\n", shut=False)
    assert (status_of(answer), error_in(answer.partition(b"\r\n\r\n")[2])["code"]) == (400, "MalformedRequest")


@pytest.mark.parametrize(("head", "sent"), [(CHUNKED, PIECE + b"0\r\n\r\n"), (f"Content-Length: {len(SENT)}", SENT)])
def test_a_whole_body_is_decided(server: Server, head: str, sent: bytes) -> None:
    assert status_of(answer_to(server, head, sent, shut=False)) == 200


LARGE = 3 << 20


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (f"Content-Length: {LARGE}", b" " * LARGE),
        (CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    ],
)
def test_who_sends_all_of_a_body_that_is_too_large_sees_the_answer(server: Server, head: str, sent: bytes) -> None:
    if head == CHUNKED:
        sent = sent * (LARGE >> 16) + b"0\r\n\r\n"
    answer = answer_to(server, head, sent, shut=False)  # raises BrokenPipeError when the server does not read on
    assert status_of(answer) == 413
    assert error_in(answer.partition(b"\r\n\r\n")[2])["code"] == "RequestTooLarge"


@pytest.mark.parametrize(
    ("path", "head", "status"),
    [
        ("POST /v1/decisions/none", "", 404),
        ("POST /v1/decisions/none/batch", "Content-Type: application/x-ndjson\r\n", 404),
        ("POST /v1/decisions/plan-advice/batch", "", 415),
        ("POST /none", "", 404),
        ("POST /v1/decisions/plan-advice", "Content-Type: text/plain\r\n", 415),
        ("POST /v1/decisions/plan-advice", "Origin: http://elsewhere.test\r\n", 403),
    ],
)
def test_who_is_refused_before_anything_is_read_can_send_all_and_sees_the_answer(
    server: Server, path: str, head: str, status: int
) -> None:
    answer = answer_to(server, f"{head}Content-Length: {LARGE}", b" " * LARGE, shut=False, path=path)
    assert status_of(answer) in (status, 413)
    assert error_in(answer.partition(b"\r\n\r\n")[2])["code"]


def test_a_body_without_end_is_not_read_for_ever(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(f"POST {ADVISE} HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}\r\n\r\n".encode())
        piece, sent = b"10000\r\n" + b" " * 65_536 + b"\r\n", 0
        with suppress(ConnectionError, TimeoutError):
            while sent < 256 << 20:
                client.sendall(piece)
                sent += len(piece)
        assert sent < 64 << 20
    assert server.decide("plan-advice", "C-1", ADVICE).status == 200


def test_http_2_is_not_served_and_who_asks_by_it_holds_up_nobody(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))  # preface and settings
        told = b""
        with suppress(ConnectionError):
            while piece := client.recv(65_536):
                told += piece
        assert not told or told.startswith(b"HTTP/1.1 4")
    assert server.decide("plan-advice", "C-1", ADVICE).status == 200
