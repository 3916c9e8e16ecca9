"""Whatever a caller of one tenant sends, no byte of another comes back: in no body, head, log line or metric."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from answers import ADVICE
from housed import OTHER, OURS, Two
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordain.api.contract.operations import OPERATIONS

ROUTES = sorted(OPERATIONS)
STREAM = "/v1/events/stream"
WORDS = (
    "subject",
    "service",
    "policy",
    "rule",
    "decision",
    "verdict",
    "kind",
    "since",
    "until",
    "after",
    "cursor",
    "type",
)
QUERIES = sorted({name for operation in OPERATIONS.values() for name, _, _ in operation.query} | set(WORDS))
HEADERS = (
    "Idempotency-Key",
    "Last-Event-ID",
    "If-None-Match",
    "Accept",
    "X-Forwarded-For",
    "Host",
    "Cookie",
    "X-Tenant",
)
ROLES = ("app", "every role", "one service", "reviewer", "operator")


@pytest.fixture(scope="module")
def line(two: Two) -> Iterator[http.client.HTTPConnection]:
    connection = two.server.connection()
    yield connection
    connection.close()


def texts_of_the_other(two: Two) -> list[str]:
    """What somebody might know, or guess, of the other tenant."""
    number = two.decision_id[-4:]
    named = [OTHER, f"{OTHER}-advice", f"{OTHER}-request", two.subject, f"{two.subject}-2", f"../{OTHER}", f"{OTHER}/x"]
    return [
        two.decision_id,
        two.decision_id.upper(),
        f"{two.decision_id[:-4]}{number[::-1]}",
        *named,
        "0",
        "1",
        "-1",
        "*",
    ]


def credentials(two: Two) -> list[str]:
    """Keys of ours, and what can be made of them and of the ids of the other's, which are no secret."""
    ours = [two.headers[OURS][role]["Authorization"] for role in ROLES]
    other = [two.headers[OTHER][role]["Authorization"].rpartition("_")[0].split("_")[1] for role in ROLES]
    secret = two.headers[OURS]["every role"]["Authorization"].split("_", 2)[2]
    crafted = [f"Bearer ordain_{key}_{secret}" for key in other]
    mixed = [f"{ours[1]} {crafted[1][7:]}", f"{ours[1]},{crafted[1]}", f"bearer  {ours[1][7:]}", f"Basic {ours[1][7:]}"]
    unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ6emJldGEiLCJhdWQiOiJ6emJldGEifQ."
    return [*ours, *ours, *crafted, *mixed, unsigned]


def without(reply: bytes, sent: list[str]) -> bytes:
    """What is left of an answer when what was sent, which may be quoted, is taken out."""
    for text in sorted(sent, key=len, reverse=True):
        for form in (text, quote(text), quote(text, safe=""), text.upper(), text.lower()):
            if form:
                reply = reply.replace(form.encode(), b"")
    return reply


def sent_for(draw: st.DrawFn, two: Two) -> tuple[str, str, bytes | None, dict[str, str], list[str]]:
    """Method, path, body, headers, and the texts of the other that are in them."""
    known = texts_of_the_other(two)
    a_text = st.sampled_from(known)
    method, rule = draw(st.sampled_from(ROUTES))
    path, used = rule, list[str]()
    for name in (
        "<service>",
        "<decision_id>",
        "<entry_id>",
        "<path:subject>",
        "<path:place>",
        "<source>",
        "<policy>",
        "<model>",
        "<version>",
    ):
        if name in path:
            chosen = draw(a_text)
            used.append(chosen)
            path = path.replace(name, quote(chosen, safe=draw(st.sampled_from(["", "/"]))))
    query = draw(st.dictionaries(st.sampled_from(QUERIES), a_text, max_size=2))
    headers = draw(st.dictionaries(st.sampled_from(HEADERS), a_text, max_size=2))
    headers["Authorization"] = draw(st.sampled_from(credentials(two)))
    body = None
    if method == "POST":
        subject = draw(a_text)
        asked = {"subject": subject, "facts": ADVICE, "reason": subject, "at": draw(a_text)}
        asked = {name: asked[name] for name in draw(st.sets(st.sampled_from(sorted(asked))))}
        body = json.dumps(asked).encode()
        if path.endswith("/batch"):
            headers["Content-Type"] = "application/x-ndjson"
        used += [str(value) for value in asked.values()]
    used += [*query.values(), *headers.values()]
    return method, path + (f"?{urlencode(query)}" if query else ""), body, headers, used


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_is_sent_with_a_key_of_one_tenant_brings_a_byte_of_another(
    two: Two, line: http.client.HTTPConnection, data: st.DataObject
) -> None:
    method, path, body, headers, used = data.draw(st.composite(sent_for)(two))
    if "Host" in headers:
        headers["Host"] = f"{headers['Host'].strip('/.*')}:1" if data.draw(st.booleans()) else "127.0.0.1"
    line.request(method, path, body, headers)
    reply = line.getresponse()
    is_endless = reply.getheader("Content-Type", "").startswith("text/event-stream")
    if is_endless:
        line.close()
    told = b"" if is_endless else reply.read()
    head = json.dumps(reply.getheaders()).encode()
    left = without(told + head, used).lower()
    assert [mark for mark in two.marks if mark.lower() in left] == []
    assert reply.status < 500


def test_events_of_one_tenant_begin_and_go_on_with_its_own(two: Two) -> None:
    ours = two.headers[OURS]["reviewer"]
    mine = two.server.decided(two.headers[OURS]["app"], "C-77").json()["decision_id"]
    line = two.server.connection(timeout=10)
    line.request("GET", STREAM, headers={**ours, "Last-Event-ID": "0"})
    reply = line.getresponse()
    assert reply.status == 200
    told = b""
    while mine.encode() not in told:
        told += reply.readline()
    line.close()
    page = two.server.ask("GET", "/v1/events?after=0", None, ours)
    assert page.status == 200
    assert [mark for mark in two.marks if mark in told + page.body] == []
    other = two.server.ask("GET", "/v1/events?after=0", None, two.headers[OTHER]["reviewer"])
    assert two.decision_id.encode() in other.body


def test_a_request_key_of_another_tenant_is_one_of_ours_that_was_never_used(two: Two) -> None:
    headers = {**two.headers[OURS]["app"], "Idempotency-Key": f"{OTHER}-request"}
    first = two.server.decided(headers, two.subject)
    assert first.status == 200
    assert "idempotency-replayed" not in first.headers
    again = two.server.decided(headers, two.subject)
    assert (again.headers["idempotency-replayed"], again.body) == ("true", first.body)
    assert first.json()["decision_id"] != two.decision_id


def test_two_keys_in_one_request_open_nothing_of_either(two: Two) -> None:
    line = two.server.connection()
    line.putrequest("GET", "/v1/services")
    for tenant in (OURS, OTHER):
        line.putheader("Authorization", two.headers[tenant]["app"]["Authorization"])
    line.endheaders()
    answer = line.getresponse()
    told = answer.read()
    line.close()
    assert (answer.status, json.loads(told)["error"]["code"]) == (400, "BadRequest")
    assert b"plan-advice" not in told
    assert OTHER.encode() not in told


def test_log_lines_and_metrics_of_one_tenant_have_nothing_of_another(two: Two) -> None:
    metrics = two.server.ask("GET", "/metrics", None, two.headers[OURS]["operator"]).body
    assert b"ordain_responses_total" in metrics
    assert b"\nordain_resident_memory_bytes " not in metrics  # the process is all tenants'
    assert [mark for mark in two.marks if mark in metrics] == []
    lines = two.server.lines()
    ours = [json.dumps(each) for each in lines if each.get("tenant") == OURS]
    nobodys = [json.dumps(each) for each in lines if "tenant" not in each and each["logger"] == "ordain.access"]
    other = [json.dumps(each) for each in lines if each.get("tenant") == OTHER]
    assert ours
    assert f"{OTHER}-advice" in "".join(other)
    assert [each for each in (*ours, *nobodys) if any(mark.decode() in each for mark in two.marks)] == []
