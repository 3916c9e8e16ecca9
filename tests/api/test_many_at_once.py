"""Many clients at once: they share commits, a slow one holds up nobody, and each is told what becomes of its own."""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, NOON, QUOTE, body, error_in
from flask.testing import FlaskClient
from long_runs import LONG
from served import Reply, Server
from test_not_recorded import held_by_another_process

from ordain.api.limits import LIMITS
from ordain.audit.verifier.check import verify

ADVISE = "/v1/decisions/plan-advice"
CLIENTS, EACH = 32, 12


def _ask_often(server: Server, client: int) -> list[str]:
    """Asks on one connection, one after the other; the ids of the decisions."""
    with closing(server.connection()) as connection:
        ids = []
        for number in range(EACH):
            asked = {"subject": f"C-{(client + number) % 50}", "facts": ADVICE}
            connection.request("POST", ADVISE, json.dumps(asked).encode())
            answer = connection.getresponse()
            data = json.loads(answer.read())
            assert answer.status == 200, data
            ids.append(data["decision_id"])
        return ids


def test_clients_that_ask_at_once_share_commits_and_each_decision_is_on_record(tmp_path: Path) -> None:
    """The write-ahead log has a commit frame for each transaction: what SQLite flushed is counted from its bytes."""
    # The log is read while the server runs, and before it is long enough to be moved into the file.
    with Server(tmp_path, ORDAIN_CHECKPOINT_SECONDS="3600") as server, ThreadPoolExecutor(CLIENTS) as pool:
        before = server.entries()
        with closing(sqlite3.connect(tmp_path / "ordain.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM entry").fetchone()  # keeps the log from being begun anew
            earlier = _commits(tmp_path / "ordain.db-wal")
            told = [name for ids in pool.map(lambda client: _ask_often(server, client), range(CLIENTS)) for name in ids]
            commits = _commits(tmp_path / "ordain.db-wal") - earlier
        assert server.entries() - before == len(set(told)) == CLIENTS * EACH
    assert 0 < commits < len(told)
    evidence = verify(tmp_path / "ordain.db")
    assert evidence, evidence.findings
    assert evidence.decisions == len(told)


def _commits(log: Path) -> int:
    """Transactions in a write-ahead log: frames with a size in pages (https://www.sqlite.org/fileformat2.html#walformat)."""
    data = log.read_bytes()
    page, salt = int.from_bytes(data[8:12], "big"), data[16:24]
    frames = (data[at : at + 24] for at in range(32, len(data) - 23, 24 + page))
    return sum(frame[8:16] == salt and frame[4:8] != bytes(4) for frame in frames)


def test_while_the_database_is_locked_each_of_many_is_told_so_and_later_ones_are_decided(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="0.2") as server, ThreadPoolExecutor(20) as pool:

        def ask(number: int) -> Reply:
            return server.decide("plan-advice", f"C-{number}", ADVICE)

        assert ask(0).status == 200
        with held_by_another_process(tmp_path / "ordain.db"):
            refused = list(pool.map(ask, range(20)))
        assert {reply.status for reply in refused} == {503}
        assert {error_in(reply.body)["code"] for reply in refused} == {"NotRecorded"}
        assert all(b"plan up" not in reply.body for reply in refused)
        assert {reply.status for reply in pool.map(ask, range(20))} == {200}
        assert "Traceback" not in server.said()
    evidence = verify(tmp_path / "ordain.db")
    assert evidence
    assert evidence.decisions == 21


@contextmanager
def half_a_request(server: Server, head: str) -> Iterator[socket.socket]:
    """A client that has sent four bytes of its body, and no more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as client:
        client.sendall(f"{head}\r\nHost: localhost\r\n".encode())
        client.sendall(b'Content-Length: 1000\r\n\r\n{"su')
        yield client


@pytest.mark.parametrize("head", [f"POST {ADVISE} HTTP/1.1", "GET /healthz HTTP/1.1"])
def test_clients_that_do_not_send_their_bodies_hold_up_nobody(server: Server, head: str) -> None:
    with half_a_request(server, head), half_a_request(server, head), half_a_request(server, head) as slow:
        assert server.get("/healthz").status == 200
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        slow.settimeout(0.01)
        with pytest.raises(TimeoutError):
            slow.recv(1)


def test_a_body_that_does_not_arrive_is_told_so(server: Server) -> None:
    with half_a_request(server, f"POST {ADVISE} HTTP/1.1\r\nX-Request-ID: slow-1") as slow:
        slow.settimeout(LIMITS.body_seconds * 6)
        answer = slow.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    error = error_in(answer.partition(b"\r\n\r\n")[2])
    assert (error["code"], error["requestId"]) == ("RequestTimeout", "slow-1")


DENIED: dict[str, object] = {**QUOTE, "personal_data_inputs": ["usage", "race"]}
ALIKE: list[tuple[str, str, bytes | None, dict[str, str]]] = [
    ("POST", ADVISE, b"{", {}),
    ("POST", ADVISE, b"", {"X-Request-ID": "mine.1"}),
    ("POST", ADVISE, b'{"subject": "C-1", "facts": {"\xff": 1}}', {}),
    ("POST", ADVISE, json.dumps({"subject": "C-1", "facts": {"\ud800": 1}}).encode(), {}),
    ("POST", ADVISE, body({}), {"X-Request-ID": "not plain"}),
    ("POST", ADVISE, body(ADVICE, at="2025-01-01T00:00:00Z"), {}),
    ("POST", ADVISE, body(ADVICE) + b" " * 70_000, {}),
    ("POST", "/v1/decisions/price-quote", body(DENIED, at=NOON), {}),
    ("POST", "/v1/decisions/no-such", body(ADVICE), {}),
    ("POST", "/v1/decisions/no-such", b" " * 70_000, {}),
    ("POST", "/v1/decisions/plan%2Dadvice", b"{", {}),
    ("POST", "/v1/decisions/pl%2541n", body(ADVICE), {}),
    ("POST", "/v1/decisions/a%2Fb", body(ADVICE), {}),
    ("POST", "/v1/decisions/pl%C3%A9", body(ADVICE), {}),
    ("POST", "/v1/decisions/", body(ADVICE), {}),
    ("POST", f"{ADVISE}/", body(ADVICE), {}),
    ("POST", "/healthz", body(ADVICE), {}),
    ("GET", ADVISE, None, {}),
    ("PUT", ADVISE, body(ADVICE), {}),
    ("DELETE", ADVISE, b" " * 70_000, {}),
    ("GET", "/nowhere?x=1", None, {}),
]


@pytest.mark.parametrize(("method", "path", "sent", "headers"), ALIKE)
def test_the_server_says_what_flask_says(
    server: Server, shared_client: FlaskClient, method: str, path: str, sent: bytes | None, headers: dict[str, str]
) -> None:
    """Decisions go around Flask; nobody can tell."""
    served = server.ask(method, path, sent, headers)
    flask = shared_client.open(path, method=method, data=sent, headers=headers)
    assert served.status == flask.status_code
    assert served.headers["content-type"] == flask.headers["Content-Type"]
    assert set(served.headers.get("allow", "").split(", ")) == set(flask.headers.get("Allow", "").split(", "))
    assert _told(served.body) == _told(flask.data)
    if (given := headers.get("X-Request-ID", "")) == "mine.1":
        assert error_in(served.body)["requestId"] == given
    assert len(error_in(served.body)["requestId"]) in (6, 36)


def _told(text: bytes) -> dict[str, Any]:
    """The error without what differs between any two of them: the time, the id, and the decision's."""
    error = error_in(text)
    for detail in error["details"]:
        detail["hint"] = detail.get("hint", "").partition("; on record as decision ")[0]
        detail.pop("decision_id", None), detail.pop("receipt", None)
    return {**error, "timestamp": "", "requestId": ""}


def test_an_answer_is_the_same_as_flasks_but_for_ids_and_times(server: Server, shared_client: FlaskClient) -> None:
    sent = body(QUOTE, at=NOON)
    served = server.ask("POST", "/v1/decisions/price-quote", sent)
    flask = shared_client.post("/v1/decisions/price-quote", data=sent)
    assert (served.status, served.headers["content-type"]) == (200, flask.headers["Content-Type"])
    assert served.headers["content-length"] == str(len(served.body))
    told, expected = served.json(), flask.get_json()
    for answer in (told, expected):
        del answer["decision_id"], answer["receipt"]
    assert told == expected
    assert list(told) == list(expected)


def test_the_other_routes_answer_as_before_with_head_and_options(server: Server) -> None:
    decided = server.decide("plan-advice", "Zoë", ADVICE).json()
    record = server.get(f"/v1/decisions/{decided['decision_id']}").json()
    assert (record["subject"], record["outcome"]) == ("Zoë", decided["outcome"])
    head = server.ask("HEAD", "/healthz")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    options = server.ask("OPTIONS", ADVISE)
    assert (options.status, set(options.headers["allow"].split(", "))) == (200, {"GET", "HEAD", "OPTIONS", "POST"})


@pytest.mark.parametrize("workers", [pytest.param("1", marks=LONG), "2"])
def test_decisions_under_way_are_answered_when_the_server_is_told_to_stop(tmp_path: Path, workers: str) -> None:
    """Another process keeps their commit waiting until the server has been told; clients that stall stop nothing.

    They have sent nothing, half of a head, some of a body of a stated length, or some pieces of one of none.
    """
    head = f"POST {ADVISE} HTTP/1.1\r\nHost: localhost\r\n".encode()
    asked = head + f"Content-Length: {len(body(ADVICE))}\r\n\r\n".encode() + body(ADVICE)
    stalled = [asked[:-1], b"", asked[:30], head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="20", ORDAIN_WORKERS=workers) as server, ExitStack() as clients:
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        with held_by_another_process(tmp_path / "ordain.db"):
            waiting = []
            for sent in [asked] * 5 + stalled * 3:
                address = ("127.0.0.1", server.port)
                waiting.append(clients.enter_context(socket.create_connection(address, timeout=120)))
                waiting[-1].sendall(sent)
            assert server.get("/healthz").status == 200
            threading.Event().wait(0.5)  # they are read by now, or the server is slow to: then this shows nothing
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            threading.Event().wait(0.5)
        statuses = []
        for client in waiting[:5]:
            answer = http.client.HTTPResponse(client)
            answer.begin()
            statuses.append(answer.status)
        stopping.join(30)
        assert not stopping.is_alive()
    assert statuses == [200] * 5
    evidence = verify(tmp_path / "ordain.db")
    assert evidence, evidence.findings
    assert (evidence.decisions, evidence.unsigned) == (6, 0)
