"""The log: one line for each record and each request, and nothing in it that somebody sent."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from answers import ADVICE, QUOTE, body, error_in
from heads import head
from served import Reply, Server, settings_in

from ordain.api.http.access_lines import json_line, text_line
from ordain.api.http.account import DECIDE, Account
from ordain.api.http.answering import answers
from ordain.api.http.desk import Desk
from ordain.api.logs.begin import is_json
from ordain.api.logs.log_writer import LogWriter
from ordain.api.logs.records import JsonLines, TextLines, time_text

MARK = "Zaphod"
FAULT = f"fault-{MARK}"
NDJSON = {"Content-Type": "application/x-ndjson"}
ODD = 'x\n\r\t\x1b[31m\x7f\x9b31m\u2028\u202e\U0001f600"\\'
FAULTY = f"""
import ordain.api.decide as decide
real = decide._jurisdiction
def fails(facts, use):
    if facts.values.get("plan_gb") == 41:
        raise ValueError(f"{MARK} {{facts}}")
    return real(facts, use)
decide._jurisdiction = fails
"""


def record(message: str, *arguments: object, name: str = "ordain", error: BaseException | None = None) -> Any:
    info: Any = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, info)


def failed() -> BaseException:
    try:
        try:
            raise KeyError(MARK)
        except KeyError:
            raise ValueError(f"about {MARK}")  # noqa: B904 - its context is looked at
    except ValueError as error:
        return error


def test_a_record_is_one_line_of_json_whatever_is_in_it() -> None:
    line = JsonLines().format(record("odd: %s", ODD))
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert told["message"] == f"odd: {ODD}"
    assert (told["level"], told["logger"], told["pid"]) == ("error", "ordain", os.getpid())
    assert told["time"].endswith("Z")


def test_a_record_is_one_line_of_text_in_which_nothing_moves_the_cursor() -> None:
    line = TextLines().format(record("odd: %s", ODD))
    assert "ERROR ordain: odd: x\\u000a\\u000d\\u0009\\u001b[31m\\u007f\\u009b31m\\u2028\\u202e\\u1f600" in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("lines", [JsonLines(), TextLines()])
def test_an_exception_is_told_by_type_and_places_and_never_by_what_it_says(lines: logging.Formatter) -> None:
    line = lines.format(record("it failed", error=failed()))
    assert "ValueError" in line
    assert "tests/api/test_logs.py:" in line
    assert MARK not in line


def test_an_exception_of_the_system_is_told_with_its_number() -> None:
    told = json.loads(JsonLines().format(record("it failed", error=OSError(28, MARK))))
    assert told["exception"]["number"] == 28


def test_of_a_librarys_message_only_its_own_words_are_told() -> None:
    line = JsonLines().format(record("it failed for %s\nfuture: " + MARK, MARK, name="asyncio"))
    assert json.loads(line)["message"] == "it failed for %s"
    warned = JsonLines().format(record("%s", f"a.py:1: UserWarning: {MARK}", name="py.warnings"))
    assert json.loads(warned)["message"] == "a.py:1: UserWarning"


def test_times_are_in_utc() -> None:
    assert time_text(1_764_453_600.0625) == "2025-11-29T22:00:00.062Z"


class Scope:
    method = f"GET{MARK}"

    def __init__(self, request_id: str) -> None:
        self.headers = {"x-request-id": request_id}


@pytest.mark.parametrize("given", [MARK + ODD, "", "a b", "x" * 65, '","level":"fake'])
def test_a_line_of_a_request_holds_no_id_that_is_not_plain(given: str) -> None:
    scope: Any = Scope(given)
    seen = Account(scope)
    seen.route, seen.service, seen.code = DECIDE, "plan-advice", "NotRecorded"
    told = json.loads(json_line(seen, 503, 0.0125, 0.0))
    assert told["id"] == seen.id != given
    assert (told["level"], told["method"], told["ms"]) == ("error", "OTHER", 12.5)
    text = text_line(seen, 503, 0.0125, 0.0)
    assert text.startswith(
        "1970-01-01T00:00:00.000Z ERROR ordain.access: 503 OTHER /v1/decisions/<service> plan-advice"
    )
    assert given == "" or given not in text


def test_not_ready_yet_is_no_error() -> None:
    scope: Any = Scope("a")
    seen = Account(scope)
    assert '"level":"info"' in json_line(seen, 503, 0.0, 0.0)
    assert " INFO " in text_line(seen, 503, 0.0, 0.0)


def test_lines_that_nobody_takes_are_dropped_and_counted() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    log = LogWriter(writing, most=100)
    for number in range(5000):
        log.put(f"{number} {'x' * 1000}\n")
    assert log.dropped >= 4700
    os.set_blocking(reading, True)
    came = b""
    while came.count(b"\n") < 5000 - log.dropped:
        came += os.read(reading, 1 << 16)
    lines = came.splitlines()
    assert [len(line) for line in lines] == [len(line.split()[0]) + 1001 for line in lines]


def test_a_log_that_is_gone_does_not_end_its_thread() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = LogWriter(writing)
    for wanted in (1, 2):
        log.put("x\n")
        log.flush()
        assert log.dropped == wanted


def test_the_log_is_json_unless_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        monkeypatch.setattr(sys, "stderr", type("Stream", (), {"isatty": lambda _, here=terminal: here})())
        assert is_json(settings_in(tmp_path)) is not terminal
        assert is_json(settings_in(tmp_path, log_format="json"))
        assert not is_json(settings_in(tmp_path, log_format="text"))


# --- a real server ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["1", "2"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a fault of its own: it fails for a plan of 41 GB."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    more = {"PYTHONPATH": path, "ORDAIN_WORKERS": request.param, "ORDAIN_CHECKPOINT_SECONDS": "0.2"}
    with Server(folder, **more) as running:
        yield running


def line_of(server: Server, request_id: str) -> dict[str, Any]:
    """The line of the log for the request of that id: it is written a moment after the answer."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for line in server.said().splitlines():
            if f'"id":"{request_id}"' in line:
                told: dict[str, Any] = json.loads(line)
                return told
        time.sleep(0.02)
    raise AssertionError(server.said())


def asked(server: Server, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Reply:
    reply = server.ask(method, path, data, headers)
    if reply.status >= 400:
        assert error_in(reply.body)["requestId"] == reply.headers["x-request-id"]
    return reply


ADVISE = "/v1/decisions/plan-advice"
ASKS: dict[str, tuple[str, str, bytes | None, dict[str, str], int, dict[str, object]]] = {
    "decision": ("POST", ADVISE, body(ADVICE), {}, 200, {"route": DECIDE, "service": "plan-advice", "verdict": "none"}),
    "price": ("POST", "/v1/decisions/price-quote", body(QUOTE), {}, 200, {"service": "price-quote"}),
    "escaped": ("POST", "/v1/decisions/plan%2Dadvice", body(ADVICE), {}, 200, {"route": DECIDE}),
    "unknown service": ("POST", f"/v1/decisions/{MARK}", body(ADVICE), {}, 404, {"code": "UnknownService"}),
    "refused": ("POST", ADVISE, body({"usage_gb": MARK}), {}, 422, {"code": "DataQualityIssue"}),
    "unknown fact": ("POST", ADVISE, body({MARK: 1}), {}, 422, {"code": "DataQualityIssue"}),
    "no json": ("POST", ADVISE, MARK.encode(), {}, 400, {"code": "MalformedRequest"}),
    "too large": ("POST", ADVISE, MARK.encode() * 20_000, {}, 413, {"code": "RequestTooLarge"}),
    "fault": ("POST", ADVISE, body({**ADVICE, "plan_gb": 41}, subject=MARK), {}, 500, {"code": "InternalError"}),
    "no route": ("GET", f"/{MARK}%0a%1b[31m?{MARK}={MARK}", None, {}, 404, {"route": "none", "code": "NotFound"}),
    "no method": ("DELETE", "/healthz", None, {}, 405, {"code": "MethodNotAllowed"}),
    "record": ("GET", f"/v1/decisions/{MARK}", None, {}, 404, {"route": "/v1/decisions/<decision_id>"}),
    "health": ("GET", "/healthz", None, {}, 200, {"route": "/healthz"}),
    "ready": ("GET", f"/readyz?{MARK}", None, {}, 200, {"route": "/readyz"}),
    "metrics": ("GET", "/metrics", None, {}, 200, {"route": "/metrics"}),
    "no batch": ("POST", f"{ADVISE}/batch", b"", {}, 415, {"code": "UnsupportedMediaType"}),
    "batch": (
        "POST",
        f"{ADVISE}/batch",
        body(ADVICE, subject=MARK) + b"\n" + body({**ADVICE, "plan_gb": 41}, subject=MARK) + f"\n{MARK}\n".encode(),
        NDJSON,
        200,
        {"route": "/v1/decisions/<service>/batch", "decided": 1, "refused": 2},
    ),
}


@pytest.mark.parametrize("case", ASKS)
def test_each_answer_has_the_id_of_its_line_in_the_log(faulty: Server, case: str) -> None:
    method, path, data, headers, status, expected = ASKS[case]
    given = f"id-{case.replace(' ', '-')}"
    reply = asked(faulty, method, path, data, {**headers, "X-Request-ID": given})
    assert (reply.status, reply.headers["x-request-id"]) == (status, given)
    told = line_of(faulty, given)
    assert told.items() >= {"status": status, "method": method, **expected}.items()
    if "transfer-encoding" not in reply.headers:
        assert told["bytes_out"] == len(reply.body)
    assert told["bytes_in"] == (len(data or b"") if status not in (404, 413, 415) else told["bytes_in"])


def test_the_servers_own_look_at_itself_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is known by an id that nobody else can send."""
    heard = list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["X-Request-ID"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listens:
        threading.Thread(target=listens.handle_request, daemon=True).start()
        assert answers("127.0.0.1", listens.server_port)
    caplog.set_level(logging.INFO, "ordain.access")
    lines = list[str]()
    desk = Desk(settings_in(tmp_path), SimpleNamespace(put=lines.append))  # type: ignore[arg-type]
    for given in (*heard, "another"):
        desk.close(Account(head(headers={"x-request-id": given})), 200)
    assert len(lines) == 1
    assert "another" in lines[0]


def test_an_id_that_is_not_plain_is_replaced(faulty: Server) -> None:
    for path in ("/readyz", "/healthz", "/nowhere"):
        reply = faulty.ask("GET", path, None, {"X-Request-ID": f'{MARK}","level":"x'})
        assert line_of(faulty, reply.headers["x-request-id"])["status"] == reply.status


def test_a_body_that_does_not_come_is_logged(faulty: Server) -> None:
    with socket.create_connection(("127.0.0.1", faulty.port)) as client:
        head = f"POST {ADVISE} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: slow\r\nContent-Length: 100\r\n\r\n{MARK}"
        client.sendall(head.encode())
        client.settimeout(30)
        answer = client.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"x-request-id: slow" in answer.lower()
    assert line_of(faulty, "slow").items() >= {"status": 408, "code": "RequestTimeout"}.items()


def test_all_output_is_lines_of_json_and_nothing_that_was_sent_is_in_it(faulty: Server) -> None:
    for subject in (MARK, f"{MARK}\n\x1b[31m", "x" * 201):
        faulty.decide("plan-advice", subject, ADVICE, at=f"{MARK}")
        faulty.decide("price-quote", subject, {**QUOTE, "plan": MARK})
    for case, (method, path, data, headers, *_) in ASKS.items():
        faulty.ask(method, path, data, {**headers, "X-Request-ID": f"again-{case.replace(' ', '-')}"})
    line_of(faulty, "again-batch")
    said = faulty.said()
    assert MARK not in said
    assert "\x1b" not in said
    lines = [line for line in said.splitlines() if not line.startswith("Ordain listens on")]
    told = [json.loads(line) for line in lines]
    assert any(each.get("exception", {}).get("type") == "ValueError" for each in told)
    assert MARK not in faulty.get("/metrics").body.decode()
