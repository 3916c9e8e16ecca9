"""Batches over HTTP: a line in, a line out, in order, and none that is not on record."""

from __future__ import annotations

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from answers import ADVICE, NOON, QUOTE, RETENTION, body, error_in
from batching import NDJSON, answers_of, batch, on_record
from served import ROOT, Server
from test_many_at_once import DENIED

_FILE = yaml.safe_load((ROOT / "tests/cases/bad_requests.yaml").read_text(encoding="utf-8"))


def _lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer or a problem without what each has of its own."""
    if "error" not in answer:
        return {name: part for name, part in answer.items() if name not in ("decision_id", "at", "receipt")}
    error = answer["error"] | {"timestamp": "", "requestId": ""}
    error["details"] = [
        {
            **{name: part for name, part in detail.items() if name not in ("decision_id", "receipt")},
            "hint": re.sub(r":\d\d\+", ":00+", detail.get("hint", "").partition("; on record as decision ")[0]),
        }
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
    "plan-advice": [body(ADVICE), body({}), b"NaN", body({"usage_gb": "much", "plan_gb": 100}), body(ADVICE)],
    "retention": [body(RETENTION, at=NOON), body({"churn_risk": 0.85}), body(RETENTION, at=NOON)],
}


@pytest.mark.parametrize("service", LINES)
def test_each_line_is_told_what_the_single_route_would_tell_it(server: Server, service: str) -> None:
    lines = LINES[service]
    came = answers_of(server, service, lines)
    single = [server.ask("POST", f"/v1/decisions/{service}", line) for line in lines]
    assert [_lasting(answer) for answer in came] == [_lasting(reply.json()) for reply in single]
    assert [answer.get("http_status", 200) for answer in came] == [reply.status for reply in single]
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
    came = answers_of(server, "plan-advice", lines)
    assert len(came) == len(lines)
    assert [answer["outcome"]["advice"]["action"] for answer in came[1::2]] == ["plan up"] * len(cases)
    for case, answer in zip(cases, came[::2], strict=True):
        error = error_in(json.dumps({"error": answer["error"]}))
        assert (answer["http_status"], error["code"]) == (case["status"], case["code"]), case["case"]
        if "message" in case:
            assert error["message"] == case["message"]


def test_blank_lines_are_skipped_and_crlf_and_an_open_end_are_taken(server: Server) -> None:
    good = body(ADVICE)
    reply = batch(server, "plan-advice", b"\n" + good + b"\r\n\r\n \t\r\n{\n" + good, **{"X-Request-ID": "mine.1"})
    first, bad, last = [json.loads(line) for line in reply.body.splitlines()]
    assert _lasting(first) == _lasting(last) == _lasting(server.decide("plan-advice", "C-1", ADVICE).json())
    assert (bad["line"], bad["http_status"], bad["error"]["requestId"]) == (5, 400, "mine.1")


@pytest.mark.parametrize("sent", [b"", b"\n\r\n \n"])
def test_a_batch_of_nothing_is_answered_with_nothing(server: Server, sent: bytes) -> None:
    reply = batch(server, "plan-advice", sent)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/x-ndjson", b"")


def test_a_line_of_exactly_the_limit_is_read(server: Server) -> None:
    padded = body(ADVICE) + b" " * (65_536 - len(body(ADVICE)))
    first, second = answers_of(server, "plan-advice", [padded + b"\r", padded + b" "])
    assert "outcome" in first
    assert second["error"]["code"] == "RequestTooLarge"


def test_what_a_service_refuses_is_on_record_and_said_in_its_line(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        came = answers_of(server, "price-quote", [body(QUOTE, at=NOON), body(DENIED, at=NOON), body(QUOTE, at=NOON)])
        assert [answer.get("http_status") for answer in came] == [None, 422, None]
        assert came[1]["error"]["code"] == "ComplianceViolation"
        hint = came[1]["error"]["details"][0]["hint"]
    assert on_record(tmp_path) == Counter([came[0]["decision_id"], hint.rpartition(" ")[2], came[2]["decision_id"]])


def test_the_page_about_batches_shows_what_comes(server: Server) -> None:
    page = (ROOT / "docs/batches.md").read_text(encoding="utf-8")
    asked = re.findall(r"^  '(\{.*\})'", page, re.MULTILINE)
    shown = page.split("```text lines\n")[1].split("```")[0].splitlines()
    came = batch(server, "plan-advice", "\n".join(asked).encode()).body.decode().splitlines()
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
    reply = batch(server, "plan-advice", body(ADVICE), **{"Content-Type": "Application/X-NDJSON; charset=utf-8"})
    assert json.loads(reply.body)["outcome"]


# --- the stream -------------------------------------------------------------------------------------------------


def test_thousands_of_lines_are_answered_in_order_and_on_record(tmp_path: Path) -> None:
    lines = [body({"usage_gb": number % 120, "plan_gb": 100}, at=NOON) for number in range(5_000)]
    with Server(tmp_path) as server:
        wanted = [server.ask("POST", "/v1/decisions/plan-advice", line).json()["outcome"] for line in lines[:120]]
        came = answers_of(server, "plan-advice", lines)
        assert "Traceback" not in server.said()
    assert [answer["outcome"] for answer in came] == [wanted[number % 120] for number in range(5_000)]
    recorded = on_record(tmp_path)
    assert len({answer["decision_id"] for answer in came}) == 5_000
    assert recorded.total() == len(recorded) == 5_120
    assert recorded.keys() >= {answer["decision_id"] for answer in came}


def test_several_batches_at_once_get_each_their_own_answers(tmp_path: Path) -> None:
    def sent(client: int) -> list[bytes]:
        return [body({"usage_gb": client * 20 + number % 20, "plan_gb": 100}, at=NOON) for number in range(600)]

    def actions(answers: list[dict[str, Any]]) -> list[str]:
        return [answer["outcome"]["advice"]["action"] for answer in answers]

    with Server(tmp_path) as server, ThreadPoolExecutor(5) as pool:
        came = list(pool.map(lambda client: answers_of(server, "plan-advice", sent(client)), range(5)))
        again = [answers_of(server, "plan-advice", sent(client)[:20]) for client in range(5)]
    for answers, once in zip(came, again, strict=True):
        assert actions(answers) == actions(once) * 30
    assert len({actions(answers)[0] for answers in came}) > 1
    assert on_record(tmp_path).total() == 5 * 620
