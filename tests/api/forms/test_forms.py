"""What HTTP clients expect: problem details, pages of other origins, compression, `Accept`, HEAD, places of records."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, body, error_in, severity_of
from flask.testing import FlaskClient
from served import Server, ordain

from ordain.api.contract.error_meanings import MEANINGS
from ordain.api.contract.operations import OPERATIONS
from ordain.api.http.forms.accepted import Unacceptable, accepted
from ordain.api.http.forms.problem_details import PROBLEM, as_problem
from ordain.api.limits import LIMITS

ADVISE = "/v1/decisions/plan-advice"
PAGE = "https://console.example"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that pages of one other origin may ask."""
    with Server(tmp_path_factory.mktemp("open"), ORDAIN_CORS_ORIGINS=PAGE) as running:
        yield running


# --- places of records ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ADVISE, "/v1/decisions/plan%2Dadvice"])
def test_an_answer_says_where_its_record_is_also_when_it_is_told_again(server: Server, path: str) -> None:
    key = {"Idempotency-Key": f"place-{len(path)}"}
    for _ in range(2):
        reply = server.ask("POST", path, body(ADVICE), key)
        assert reply.headers["location"] == f"/v1/decisions/{reply.json()['decision_id']}"
    record = server.get(reply.headers["location"])
    assert record.json()["decision_id"] == reply.json()["decision_id"]
    assert record.headers["cache-control"] == "private, no-store"
    assert "location" not in server.ask("POST", f"{path}/dry-run", body(ADVICE)).headers


def test_head_of_what_is_private_tells_whether_it_is_there_and_records_nothing(server: Server) -> None:
    decision_id = server.ask("POST", ADVISE, body(ADVICE)).json()["decision_id"]
    before = server.entries()
    places = [f"/v1/decisions/{decision_id}{part}" for part in ("", "/explanation", "/why-not", "/replay", "/proof")]
    for path in [
        *places,
        f"/v1/audit/entries/{decision_id}",
        "/v1/subjects/C-1/decisions",
        "/v1/audit/search?subject=C-1",
    ]:
        head = server.ask("HEAD", path)
        assert (head.status, head.body, head.headers.get("content-length")) == (200, b"", None), path
    for path in places[1:]:
        assert server.ask("HEAD", path.replace(decision_id, decision_id[::-1])).status == 404
    assert server.entries() == before
    server.get(places[0])
    assert server.entries() == before + 1


def test_the_way_to_the_console_and_the_docs_is_told(server: Server) -> None:
    browser = server.ask("GET", "/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (browser.status, browser.headers["location"]) == (303, "/console")
    assert server.get("/").status == 404
    assert server.get("/nowhere").headers["link"] == '</docs>; rel="help"'
    told = error_in(server.get(ADVISE).body)
    assert told["code"] == "UnknownDecision"
    assert "`plan-advice` is a service, which is asked by POST" in str(told["details"])


# --- problem details --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [PROBLEM, f"application/json, {PROBLEM};q=0.9"])
@pytest.mark.parametrize(
    ("method", "path", "sent", "code"),
    [
        ("POST", ADVISE, b"{", "MalformedRequest"),
        ("POST", ADVISE, body({"usage_gb": 1}), "CustomerDataIncomplete"),
        ("POST", "/v1/decisions/plan%2Dadvice", b"{", "MalformedRequest"),
        ("POST", f"{ADVISE}/batch", b"{", "UnsupportedMediaType"),
        ("GET", "/v1/decisions/no-id", None, "UnknownDecision"),
        ("GET", "/nowhere", None, "NotFound"),
        ("DELETE", ADVISE, None, "MethodNotAllowed"),
    ],
)
def test_who_asks_for_problem_details_gets_the_same_content_in_that_shape(
    server: Server, method: str, path: str, sent: bytes | None, code: str, accept: str
) -> None:
    headers = {"X-Request-ID": "r-1", "Content-Type": "application/json"}
    plain = error_in(server.ask(method, path, sent, headers).body)
    reply = server.ask(method, path, sent, {**headers, "Accept": accept})
    assert reply.headers["content-type"] == PROBLEM
    problem = reply.json()
    assert (problem["status"], problem["code"], problem["detail"]) == (reply.status, code, plain["message"])
    assert {name: problem[name] for name in ("code", "details", "requestId", "severity")} == {
        name: plain[name] for name in ("code", "details", "requestId", "severity")
    }
    page, _, place = problem["type"].partition("#")
    assert f'id="{place}"' in server.get(page).body.decode()


def test_an_answer_that_is_no_error_stays_as_it_is(server: Server) -> None:
    reply = server.ask("POST", ADVISE, body(ADVICE), {"Accept": PROBLEM})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    headers = [("content-type", "text/plain")]
    assert as_problem(500, headers, b"x") == (headers, b"x")


def test_each_code_that_a_route_may_answer_has_its_meaning() -> None:
    codes = {code for operation in OPERATIONS.values() for each in operation.codes().values() for code in each}
    assert codes - MEANINGS.keys() == set()
    for code in codes & {"NotRecorded", "UnknownSubject"}:
        assert severity_of(code)


# --- Accept, and queries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ADVISE, "/v1/decisions/plan%2Dadvice"])
def test_an_answer_that_the_client_does_not_take_is_refused_before_anything_is_decided(
    server: Server, path: str
) -> None:
    before = server.entries()
    reply = server.ask("POST", path, body(ADVICE), {"Accept": "application/xml, text/csv"})
    assert (reply.status, error_in(reply.body)["code"]) == (406, "NotAcceptable")
    assert server.entries() == before


@pytest.mark.parametrize(
    ("header", "media", "fits"),
    [
        ("*/*", "text/plain", True),
        ("application/json", "application/x-ndjson", True),
        ("text/*;q=0.5", "text/html", True),
        ("application/*", "application/json", True),
        ("Application/JSON; charset=utf-8", "application/json", True),
        ("nonsense", "application/json", True),
        (PROBLEM, "application/json", True),
        ("text/html", "application/json", False),
        ("application/json;q=0, text/csv", "application/json", False),
        ("image/*", "text/plain", False),
    ],
)
def test_an_accept_is_met_where_it_can_be(header: str, media: str, fits: bool) -> None:
    if fits:
        accepted(header).check(media)
    else:
        with pytest.raises(Unacceptable):
            accepted(header).check(media)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{ADVISE}?at=2026-01-01"),
        ("POST", f"{ADVISE}/batch?x=1"),
        ("POST", "/v1/decisions/plan%2Dadvice?x=1"),
        ("GET", "/v1/services?att=2026-01-01"),
        ("GET", "/v1/services?at=2026-01-01&at=2026-01-02"),
        ("GET", "/v1/events?limmit=1"),
        ("GET", "/v1/events/stream?service=a&typ=b"),
        ("GET", "/docs?x"),
    ],
)
def test_a_parameter_that_a_route_does_not_know_is_refused(server: Server, method: str, path: str) -> None:
    before = server.entries()
    headers = {"Content-Type": "application/x-ndjson" if "batch" in path else "application/json"}
    reply = server.ask(method, path, body(ADVICE) if method == "POST" else None, headers)
    assert (reply.status, error_in(reply.body)["code"]) == (400, "MalformedRequest")
    assert server.entries() == before


def test_a_stream_is_events_and_nothing_else_and_head_says_that_it_is_there(server: Server) -> None:
    path = "/v1/events/stream"
    refused = server.ask("GET", path, headers={"Accept": "application/xml"})
    assert (refused.status, error_in(refused.body)["code"]) == (406, "NotAcceptable")
    there = server.ask("HEAD", path)
    assert (there.status, there.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_a_hint_names_the_parameter_that_was_meant_and_probes_send_what_they_like(server: Server) -> None:
    assert "did you mean `at`?" in str(error_in(server.get("/v1/services?att=2026-01-01").body))
    assert [server.get(f"{path}?t=1").status for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3


# --- pages of other origins -------------------------------------------------------------------------------------


def test_a_page_that_is_named_may_ask_first_post_and_read_every_answer(open_server: Server) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    first = open_server.ask("OPTIONS", ADVISE, headers=asks)
    assert (first.status, first.headers["access-control-allow-origin"]) == (204, PAGE)
    assert "authorization" in first.headers["access-control-allow-headers"]
    assert "POST" in first.headers["access-control-allow-methods"]
    for method, path, sent in (("POST", ADVISE, body(ADVICE)), ("POST", ADVISE, b"{"), ("GET", "/v1/services", None)):
        reply = open_server.ask(method, path, sent, {"Origin": PAGE, "Content-Type": "application/json"})
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in reply.headers
        assert "Origin" in reply.headers["vary"]
    lines = open_server.ask(
        "POST", f"{ADVISE}/batch", body(ADVICE), {"Origin": PAGE, "Content-Type": "application/x-ndjson"}
    )
    assert (lines.status, lines.headers["access-control-allow-origin"]) == (200, PAGE)


@pytest.mark.parametrize("origin", ["https://evil.example", f"{PAGE}.evil.example", f"{PAGE}:444", "null"])
def test_any_other_page_may_not(open_server: Server, server: Server, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    first = open_server.ask("OPTIONS", ADVISE, headers=asks)
    assert "access-control-allow-origin" not in first.headers
    assert open_server.ask("POST", ADVISE, body(ADVICE), {"Origin": origin}).status == 403
    for headers in ({}, {"Origin": origin}):
        assert "Origin" in open_server.ask("GET", "/v1/services", headers=headers).headers["vary"], "caches keep apart"
    closed = server.ask("OPTIONS", ADVISE, headers={**asks, "Origin": PAGE})
    assert "access-control-allow-origin" not in closed.headers


@pytest.mark.parametrize("origin", ["*", "console.example", f"{PAGE}/", "https://Console.example", "https://a b"])
def test_a_setting_that_is_no_origin_is_told_at_the_start(tmp_path: Path, origin: str) -> None:
    done = ordain(tmp_path, "serve", ORDAIN_CORS_ORIGINS=origin)
    assert done.returncode == 2
    assert "cors_origins" in done.stderr


# --- compression ------------------------------------------------------------------------------------------------


def test_a_long_answer_is_compressed_for_who_asks_and_keeps_its_tag(shared_client: FlaskClient) -> None:
    plain = shared_client.get("/v1/services/price-quote")
    packed = shared_client.get("/v1/services/price-quote", headers={"Accept-Encoding": "br, gzip"})
    assert len(plain.data) >= LIMITS.compressed_from
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        again = shared_client.get("/v1/services/price-quote", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "encoding", ["identity", "gzip;q=0", "br", "", "gzip;q=0.5, identity", "identity;q=1, *;q=0.1"]
)
def test_who_does_not_ask_gets_it_plain(shared_client: FlaskClient, encoding: str) -> None:
    answer = shared_client.get("/openapi.json", headers={"Accept-Encoding": encoding})
    assert "Content-Encoding" not in answer.headers
    assert json.loads(answer.data)["openapi"] == "3.1.0"


def test_served_a_short_answer_and_a_decision_are_never_compressed(server: Server) -> None:
    asks = {"Accept-Encoding": "gzip"}
    assert "content-encoding" not in server.ask("GET", "/readyz", headers=asks).headers
    decided: Any = server.ask("POST", ADVISE, body(ADVICE), asks)
    assert "content-encoding" not in decided.headers
    packed = server.ask("GET", "/openapi.json", headers=asks)
    assert gzip.decompress(packed.body) == server.get("/openapi.json").body
    assert re.fullmatch(r'W/"\w+"', packed.headers["etag"])
