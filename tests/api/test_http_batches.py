"""Batches over HTTP: a line in, a line out, in order, and none that is not on record."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from answers import ADVICE, NOON, QUOTE, RETENTION, body, error_in
from served import ROOT, Reply, Server
from test_many_at_once import DENIED
from test_not_recorded import held_by_another_process

from ordain.audit.verifier.check import verify

NDJSON = {"Content-Type": "application/x-ndjson"}
_FILE = yaml.safe_load((ROOT / "tests/cases/bad_requests.yaml").read_text(encoding="utf-8"))


def _batch(server: Server, service: str, sent: bytes, **headers: str) -> Reply:
    return server.ask("POST", f"/v1/decisions/{service}/batch", sent, {**NDJSON, **headers})


def _answers(server: Server, service: str, lines: list[bytes]) -> list[dict[str, Any]]:
    reply = _batch(server, service, b"\n".join(lines))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/x-ndjson")
    assert reply.body.endswith(b"\n")
    return [json.loads(line) for line in reply.body.splitlines()]


def _on_record(folder: Path) -> Counter[str]:
    """The ids of all decisions in a ledger, which verifies."""
    evidence = verify(folder / "ordain.db")
    assert evidence, evidence.findings
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        rows = database.execute("SELECT id, envelope FROM entry").fetchall()
    return Counter(str(UUID(bytes=row[0])) for row in rows if json.loads(row[1])["kind"] == "decision")


class Talk:
    """A client that sends lines one by one, and reads answers when it likes."""

    def __init__(self, server: Server, service: str, **options: int) -> None:
        self.socket = socket.socket()
        for name, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", server.port))
        head = f"POST /v1/decisions/{service}/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson"
        self.socket.sendall(f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        self._answer: http.client.HTTPResponse | None = None

    def say(self, text: bytes) -> None:
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(text), text))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def hear(self) -> dict[str, Any] | None:
        """The next line of the answer; None at its end. Raises HTTPException or OSError when it breaks off."""
        if self._answer is None:
            self._answer = http.client.HTTPResponse(self.socket)
            self._answer.begin()
        line = self._answer.readline()
        return json.loads(line) if line else None

    def rest(self) -> list[dict[str, Any]]:
        return list(iter(self.hear, None))


@contextmanager
def talk(server: Server, service: str, **options: int) -> Iterator[Talk]:
    client = Talk(server, service, **options)
    try:
        yield client
    finally:
        client.socket.close()


# --- what a line says -------------------------------------------------------------------------------------------


def _lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer or a problem without what each has of its own."""
    if "error" not in answer:
        return {name: part for name, part in answer.items() if name not in ("decision_id", "at", "receipt")}
    error = answer["error"] | {"timestamp": "", "requestId": ""}
    error["details"] = [
        {**detail, "hint": detail.get("hint", "").partition("; on record as decision ")[0]}
        for detail in error["details"]
    ]
    return {"error": error}


LINES = {
    "price-quote": [
        body(QUOTE, at=NOON),
        body({**QUOTE, "demand": 0.9}, at=NOON),
        body(DENIED, at=NOON),
        body({name: value for name, value in QUOTE.items() if name != "plan"}, at=NOON),
        body({**QUOTE, "prise": 1}, at=NOON),
        body({**QUOTE, "demand": 7}, at=NOON),
        body(QUOTE, at="1999-01-01T00:00:00Z"),
        b"{",
        b'{"subject": "C-1", "facts": {"\xff": 1}}',
        body(QUOTE) + b" " * 70_000,
        json.dumps({"subject": "C-1", "facts": {"\ud800": 1}}).encode(),
        b"[]",
        b"null",
        body(QUOTE, at=NOON),
    ],
    "plan-advice": [body(ADVICE), body({}), b"NaN", body({"usage_gb": "95", "plan_gb": 100}), body(ADVICE)],
    "retention": [body(RETENTION, at=NOON), body({"churn_risk": 0.85}), body(RETENTION, at=NOON)],
}


@pytest.mark.parametrize("service", LINES)
def test_each_line_is_told_what_the_single_route_would_tell_it(server: Server, service: str) -> None:
    lines = LINES[service]
    came = _answers(server, service, lines)
    single = [server.ask("POST", f"/v1/decisions/{service}", line) for line in lines]
    assert [_lasting(answer) for answer in came] == [_lasting(reply.json()) for reply in single]
    assert [answer.get("status", 200) for answer in came] == [reply.status for reply in single]
    assert [answer["line"] for answer in came if "error" in answer] == [
        number for number, reply in enumerate(single, 1) if reply.status != 200
    ]


def test_the_bad_requests_of_the_single_route_are_bad_lines_too(server: Server) -> None:
    """One stream of all the cases that are one line, a good one after each."""
    cases = [case for case in _FILE["cases"] if case.get("service") == "plan-advice" and "fill" not in case]
    cases = [case for case in cases if case.get("body", "").strip() and "\n" not in case["body"].strip()]
    assert len(cases) > 5
    lines = []
    for case in cases:
        text = case["body"].replace("<quote>", _FILE["quote"])
        lines += [text.strip().encode(case.get("encoding", "utf-8")), body(ADVICE)]
    came = _answers(server, "plan-advice", lines)
    assert len(came) == len(lines)
    assert [answer["outcome"]["advice"]["action"] for answer in came[1::2]] == ["plan up"] * len(cases)
    for case, answer in zip(cases, came[::2], strict=True):
        error = error_in(json.dumps({"error": answer["error"]}))
        assert (answer["status"], error["code"]) == (case["status"], case["code"]), case["case"]
        if "message" in case:
            assert error["message"] == case["message"]


def test_blank_lines_are_skipped_and_crlf_and_an_open_end_are_taken(server: Server) -> None:
    good = body(ADVICE)
    reply = _batch(server, "plan-advice", b"\n" + good + b"\r\n\r\n \t\r\n{\n" + good, **{"X-Request-ID": "mine.1"})
    first, bad, last = [json.loads(line) for line in reply.body.splitlines()]
    assert _lasting(first) == _lasting(last) == _lasting(server.decide("plan-advice", "C-1", ADVICE).json())
    assert (bad["line"], bad["status"], bad["error"]["requestId"]) == (5, 400, "mine.1")


@pytest.mark.parametrize("sent", [b"", b"\n\r\n \n"])
def test_a_batch_of_nothing_is_answered_with_nothing(server: Server, sent: bytes) -> None:
    reply = _batch(server, "plan-advice", sent)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/x-ndjson", b"")


def test_a_line_of_exactly_the_limit_is_read(server: Server) -> None:
    padded = body(ADVICE) + b" " * (65_536 - len(body(ADVICE)))
    first, second = _answers(server, "plan-advice", [padded + b"\r", padded + b" "])
    assert "outcome" in first
    assert second["error"]["code"] == "RequestTooLarge"


def test_what_a_service_refuses_is_on_record_and_said_in_its_line(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        came = _answers(server, "price-quote", [body(QUOTE, at=NOON), body(DENIED, at=NOON), body(QUOTE, at=NOON)])
        assert [answer.get("status") for answer in came] == [None, 422, None]
        assert came[1]["error"]["code"] == "ComplianceViolation"
        hint = came[1]["error"]["details"][0]["hint"]
    assert _on_record(tmp_path) == Counter([came[0]["decision_id"], hint.rpartition(" ")[2], came[2]["decision_id"]])


def test_the_page_about_batches_shows_what_comes(server: Server) -> None:
    page = (ROOT / "docs/batches.md").read_text(encoding="utf-8")
    asked = re.findall(r"^  '(\{.*\})'", page, re.MULTILINE)
    shown = page.split("```text lines\n")[1].split("```")[0].splitlines()
    came = _batch(server, "plan-advice", "\n".join(asked).encode()).body.decode().splitlines()
    assert len(asked) == len(shown) == len(came) == 3
    for line, answer in zip(shown, came, strict=True):
        for part in re.sub(r'"at":.*?,\.\.\.,', "...", line).split("..."):
            assert part.strip(",") in answer


# --- before the stream ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/v1/decisions/no-such/batch", NDJSON, 404, "UnknownService"),
        ("POST", "/v1/decisions/no%2Dsuch/batch", NDJSON, 404, "UnknownService"),
        ("POST", "/v1/decisions/pl%C3%A9/batch", NDJSON, 404, "UnknownService"),
        ("POST", "/v1/decisions/plan-advice/batch", {}, 415, "UnsupportedMediaType"),
        ("POST", "/v1/decisions/plan-advice/batch", {"Content-Type": "application/json"}, 415, "UnsupportedMediaType"),
        (
            "POST",
            "/v1/decisions/plan-advice/batch",
            {**NDJSON, "Content-Encoding": "gzip"},
            415,
            "UnsupportedMediaType",
        ),
        ("GET", "/v1/decisions/plan-advice/batch", {}, 405, "MethodNotAllowed"),
        ("PUT", "/v1/decisions/plan-advice/batch", NDJSON, 405, "MethodNotAllowed"),
        ("POST", "/v1/decisions/plan-advice/batch/", NDJSON, 404, "NotFound"),
    ],
)
def test_a_batch_that_cannot_be_asked_so_gets_an_ordinary_answer(
    server: Server, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    reply = server.ask(method, path, body(ADVICE), headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert error_in(reply.body)["code"] == code
    if status == 405:
        assert set(reply.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


def test_the_content_type_may_have_parameters_and_capitals(server: Server) -> None:
    reply = _batch(server, "plan-advice", body(ADVICE), **{"Content-Type": "Application/X-NDJSON; charset=utf-8"})
    assert json.loads(reply.body)["outcome"]


# --- the stream -------------------------------------------------------------------------------------------------


def test_thousands_of_lines_are_answered_in_order_and_on_record(tmp_path: Path) -> None:
    lines = [body({"usage_gb": number % 120, "plan_gb": 100}, at=NOON) for number in range(5_000)]
    with Server(tmp_path) as server:
        wanted = [server.ask("POST", "/v1/decisions/plan-advice", line).json()["outcome"] for line in lines[:120]]
        came = _answers(server, "plan-advice", lines)
        assert "Traceback" not in server.said()
    assert [answer["outcome"] for answer in came] == [wanted[number % 120] for number in range(5_000)]
    recorded = _on_record(tmp_path)
    assert len({answer["decision_id"] for answer in came}) == 5_000
    assert recorded.total() == len(recorded) == 5_120
    assert recorded.keys() >= {answer["decision_id"] for answer in came}


def test_several_batches_at_once_get_each_their_own_answers(tmp_path: Path) -> None:
    def sent(client: int) -> list[bytes]:
        return [body({"usage_gb": client * 20 + number % 20, "plan_gb": 100}, at=NOON) for number in range(600)]

    def actions(answers: list[dict[str, Any]]) -> list[str]:
        return [answer["outcome"]["advice"]["action"] for answer in answers]

    with Server(tmp_path) as server, ThreadPoolExecutor(5) as pool:
        came = list(pool.map(lambda client: _answers(server, "plan-advice", sent(client)), range(5)))
        again = [_answers(server, "plan-advice", sent(client)[:20]) for client in range(5)]
    for answers, once in zip(came, again, strict=True):
        assert actions(answers) == actions(once) * 30
    assert len({actions(answers)[0] for answers in came}) > 1
    assert _on_record(tmp_path).total() == 5 * 620


def test_a_line_is_answered_before_the_next_is_sent_also_while_the_ledger_is_locked(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="0.2") as server, talk(server, "plan-advice") as client:
        answers = []

        def ask() -> None:
            client.say(b"{\n" + body(ADVICE) + b"\n")
            answers.extend([client.hear(), client.hear()])

        ask()
        with held_by_another_process(tmp_path / "ordain.db"):
            ask()
        ask()
        client.end()
        assert client.hear() is None
        assert "Traceback" not in server.said()
    assert [answer and answer.get("status") for answer in answers] == [400, None, 400, 503, 400, None]
    refused = answers[3]
    assert refused is not None
    assert refused["error"]["code"] == "NotRecorded"
    assert "is locked by another connection" in refused["error"]["message"]
    assert "plan up" not in str(refused)
    assert _on_record(tmp_path).keys() == {
        answer["decision_id"] for answer in answers if answer and "outcome" in answer
    }


def test_a_ledger_that_is_gone_is_told_in_each_line_and_the_stream_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        assert "outcome" in (client.hear() or {})
        (tmp_path / "ordain.db").rename(tmp_path / "moved.db")
        client.say((body(ADVICE) + b"\n") * 20)
        client.end()
        assert [(line["status"], line["error"]["code"]) for line in client.rest()] == [(503, "NotRecorded")] * 20


def test_who_does_not_read_is_not_decided_for_without_end_and_may_go_on(tmp_path: Path) -> None:
    """Answers fill the sockets and what the server keeps; then it decides no more until the client reads."""
    lines, piece = 60_000, (body(ADVICE) + b"\n") * 100
    with Server(tmp_path) as server, talk(server, "plan-advice", SO_RCVBUF=65_536) as client:

        def send() -> None:
            for _ in range(lines // 100):
                client.say(piece)
            client.end()

        sending = threading.Thread(target=send)
        sending.start()
        seen, now = -1, 0
        deadline = time.monotonic() + 50
        while seen != now and time.monotonic() < deadline:
            seen = now
            time.sleep(1.5)
            now = server.entries()
        assert 5_000 < now == seen < lines - 5_000, "it stopped before the end"
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        answers = client.rest()
        sending.join(30)
        assert len(answers) == lines
        assert all("outcome" in answer for answer in answers)
        assert server.entries() >= lines


def test_single_decisions_go_on_while_a_batch_runs(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        piece = (body(ADVICE) + b"\n") * 100
        running = threading.Event()

        def send() -> None:
            for _ in range(60):
                client.say(piece)
            client.end()

        def read() -> None:
            for number, _ in enumerate(iter(client.hear, None)):
                if number == 100:
                    running.set()

        threads = [threading.Thread(target=send), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        assert running.wait(30)
        took = []
        while len(took) < 50 and threads[1].is_alive():
            start = time.perf_counter()
            assert server.decide("plan-advice", "C-1", ADVICE).status == 200
            took.append(time.perf_counter() - start)
        for thread in threads:
            thread.join(60)
        assert len(took) > 5
        print(f"\n{len(took)} decisions beside a batch, median {statistics.median(took) * 1000:.1f} ms")
        assert statistics.median(took) < 0.5


# --- an end that nobody wanted ----------------------------------------------------------------------------------


def test_who_hangs_up_ends_the_batch_and_what_was_recorded_stays(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        answered = []
        with talk(server, "plan-advice") as client:
            for _ in range(50):
                client.say((body(ADVICE) + b"\n") * 100)
            answered = [client.hear() for _ in range(500)]
        before = -1
        while before != (before := server.entries()):
            time.sleep(0.3)
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        assert server.entries() == before + 1
        assert server.stop()
        assert "Traceback" not in server.said()
        assert "exception" not in server.said()
    assert _on_record(tmp_path).keys() >= {answer["decision_id"] for answer in answered if answer}


def test_a_body_that_breaks_off_within_a_line_is_no_decision_there(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        for head in ("Transfer-Encoding: chunked\r\n\r\n1000", "Content-Length: 4096\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
                path = "/v1/decisions/plan-advice/batch"
                client.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n".encode()
                )
                client.sendall(head.encode() + b"\r\n" + body(ADVICE) + b"\n" + body(ADVICE))
                assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.5)
        assert "Traceback" not in server.said()
    assert _on_record(tmp_path).total() == 2


def test_every_line_that_was_answered_before_a_kill_is_on_record(tmp_path: Path) -> None:
    answered: list[str] = []
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:

        def send() -> None:
            with suppress(OSError):
                while True:
                    client.say((body(ADVICE) + b"\n") * 100)

        def read() -> None:
            try:
                while answer := client.hear():
                    answered.append(answer["decision_id"])
            except (OSError, http.client.HTTPException, ValueError):
                return  # a line that did not arrive whole promises nothing

        threads = [threading.Thread(target=send), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(answered) < 1_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        for thread in threads:
            thread.join(30)
    recorded = _on_record(tmp_path)
    print(f"\n{len(answered):,} lines answered before the kill, {recorded.total():,} on record")
    assert len(answered) >= 1_000
    assert recorded.keys() >= set(answered)
    assert max(recorded.values()) == 1


def test_a_server_that_is_told_to_stop_during_a_batch_leaves_a_whole_ledger(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        answer = client.hear()
        assert answer is not None
        assert server.stop()
        assert "Traceback" not in server.said()
    assert _on_record(tmp_path).keys() == {answer["decision_id"]}
