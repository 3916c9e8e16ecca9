"""`POST /v1/events` and `GET /v1/facts/<subject>`: what is taken, told and refused, in this process and served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from answers import error_in
from callers import bearer, keeper
from flask.testing import FlaskClient
from served import Server, settings_in

from ordain.api.http.app import app_for
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.audit.entry.entry import Kind

NDJSON = "application/x-ndjson"
HOUR = "2026-05-01T10:00:00Z"


def usage(number: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "subject": "C-1", "kind": "usage", "happened_at": HOUR, "gb": 1.5} | more


def lined(*rows: object) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def test_one_event_a_list_and_lines_are_taken_each_once(asking: FlaskClient) -> None:
    one = asking.post("/v1/events", json=usage(1)).get_json()
    assert one == {"added": 1, "repeated": 0, "quarantined": [], "quarantined_count": 0, "notes": []}
    several = asking.post("/v1/events", json=[usage(1), usage(2)]).get_json()
    assert (several["added"], several["repeated"]) == (1, 1)
    lines = asking.post(
        "/v1/events", data=b"\xef\xbb\xbf" + lined(usage(2), usage(3)) + b"\r\n\n", content_type=NDJSON
    ).get_json()
    assert (lines["added"], lines["repeated"], lines["quarantined"]) == (1, 1, [])


def test_what_is_no_good_is_told_by_its_line_kept_once_and_keeps_no_other_out(
    asking: FlaskClient, stored: Services
) -> None:
    body = lined(usage(1), usage(2, gb="x")) + b'\n{"subject": }\n\n' + lined(usage(3, subject=None), usage(4), [5])
    for added in (2, 0):
        told = asking.post("/v1/events", data=body, content_type=NDJSON).get_json()
        assert (told["added"], told["quarantined_count"]) == (added, 4)
        assert [row["line"] for row in told["quarantined"]] == [2, 3, 5, 7]
        assert told["quarantined"][2]["reasons"] == ["`subject` is missing"]
    kept = stored.features.opened().quarantined()
    assert [(row.file, row.line) for row in kept] == [("POST /v1/events", line) for line in (2, 3, 5, 7)]


def test_a_snapshot_comes_as_one_and_facts_are_made_of_both(asking: FlaskClient) -> None:
    crm = {"subject": "C-1", "snapshot": "crm", "happened_at": "2026-04-01T00:00:00Z", "plan": "basic", "plan_gb": 50}
    known = {"known_at": "2026-05-01T10:05:00Z"}
    asking.post("/v1/events", json=[usage(1, **known), usage(2, **known), crm | {"known_at": "2026-04-01T01:00:00Z"}])
    told = asking.get("/v1/facts/C-1?at=2026-05-02").get_json()
    facts = {fact["name"]: fact for fact in told["facts"]}
    assert {name: facts[name]["value"] for name in ("plan", "plan_gb", "usage_gb", "payment_failures")} == {
        **{"plan": "basic", "plan_gb": "50", "usage_gb": "3", "payment_failures": "0"}
    }
    assert (facts["plan"]["source"], facts["plan"]["stale"], facts["plan"]["as_of"]) == (
        *("snapshot crm", False, "2026-05-01T18:30:00+00:00"),
    )
    earlier = asking.get("/v1/facts/C-1?at=2026-04-15").get_json()["facts"]
    assert {fact["name"]: fact["value"] for fact in earlier}["usage_gb"] == "0"
    assert asking.get("/v1/facts/C-1?at=2026-03-01").get_json()["facts"] == [], "nothing was known then"


def test_reading_facts_is_on_record_with_purpose_and_under_the_subjects_key(
    asking: FlaskClient, stored: Services
) -> None:
    asking.post("/v1/events", json=usage(1))
    asking.get("/v1/facts/C-1?purpose=ticket+7")
    assert asking.get("/v1/facts/C-9").get_json()["facts"] == []
    stored.ledger.settle()
    reads = [r for r in stored.ledger.reader.records() if r.envelope["kind"] == Kind.READ]
    assert [r.envelope["about"] for r in reads] == [{"action": "http facts", "entries": 0}] * 2
    assert reads[0].private is not None
    assert reads[1].private is not None
    assert (reads[0].private["purpose"], reads[0].private["query"]["subject"]) == ("ticket 7", "C-1")
    assert "C-9" not in json.dumps(reads[1].private), "who is not known gets no key by being asked for"
    assert stored.ledger.reader.ids_of("C-9") == []
    assert len(stored.ledger.reader.ids_of("C-1")) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "MalformedRequest"),
        (b"7", "application/json", 400, "MalformedRequest"),
        (b"{", "application/json", 400, "MalformedRequest"),
        (b"[" + b"{}," * LIMITS.ingest_events + b"{}]", "application/json", 413, "RequestTooLarge"),
        (b"{}\n" * (LIMITS.ingest_events + 1), NDJSON, 413, "RequestTooLarge"),
        (b" " * 70_000, "application/json", 413, "RequestTooLarge"),
        (b" " * (LIMITS.ingest_bytes + 1), NDJSON, 413, "RequestTooLarge"),
    ],
)
def test_a_body_that_is_no_events_or_too_many_is_refused(
    asking: FlaskClient, stored: Services, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = asking.post("/v1/events", data=body, content_type=kind)
    assert (answer.status_code, error_in(answer.data)["code"]) == (status, code)
    assert not stored.features.opened().quarantined()


def test_a_store_that_cannot_be_reached_is_503_and_says_when_to_ask_again(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path, features_url="postgresql://nobody@127.0.0.1:1/none", busy_seconds=1.0))
    try:
        client = app_for(use).test_client()
        for answer in (client.post("/v1/events", json=usage(1)), client.get("/v1/facts/C-1")):
            assert (answer.status_code, error_in(answer.data)["code"]) == (503, "FeaturesUnavailable")
            assert answer.headers["Retry-After"] == "1"
    finally:
        use.close()


def test_served_lines_may_be_larger_than_other_requests_for_who_has_the_right(tmp_path: Path) -> None:
    app, reviewer = (bearer(keeper(tmp_path).make(role, [role]).text) for role in ("app", "reviewer"))
    body = lined(*(usage(number, note="x" * 200) for number in range(2_000)))
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        told = server.ask("POST", "/v1/events", body, {**app, "Content-Type": NDJSON})
        assert (told.status, told.json()["added"]) == (200, 2_000)
        again = server.ask("POST", "/v1/events", body, {**app, "Content-Type": NDJSON})
        assert again.json()["repeated"] == 2_000
        as_json = server.ask("POST", "/v1/events", b" " * 70_000, {**app, "Content-Type": "application/json"})
        assert as_json.status == 413
        refused = server.ask("POST", "/v1/events", lined(usage(1)), {**reviewer, "Content-Type": NDJSON})
        assert (refused.status, error_in(refused.body)["code"]) == (403, "NotPermitted")
        facts = server.ask("GET", "/v1/facts/C-1", headers=reviewer).json()["facts"]
        assert facts, "what one worker takes in the other knows"


def test_a_server_that_nobody_asks_about_features_makes_no_store(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path))
    try:
        assert app_for(use).test_client().get("/v1/facts/C-1").get_json()["facts"] == []
    finally:
        use.close()
    assert not (tmp_path / "features.db").exists()
