"""A person settles a review, an app says what it showed and did: each an entry that names its decision."""

from __future__ import annotations

import json
from typing import Any

import pytest
from answers import NOON, RETENTION
from flask.testing import FlaskClient
from reviewing import page

from ordain.api.services import Services
from ordain.audit.entry.entry import Kind
from ordain.audit.privacy.erasure import erase

REVIEW = {**RETENTION, "vulnerable_customer": True}
REASON = "the customer was called, and agreed"


def asked(client: FlaskClient, subject: str = "C-1", facts: dict[str, object] = REVIEW) -> dict[str, Any]:
    answer = client.post("/v1/decisions/retention", json={"subject": subject, "facts": facts, "at": NOON})
    assert answer.status_code == 200, answer.data
    data: dict[str, Any] = answer.get_json()
    return data


def settle(client: FlaskClient, decision_id: str, verdict: str = "permit", reason: str = REASON) -> Any:
    return client.post(f"/v1/decisions/{decision_id}/settle", json={"verdict": verdict, "reason": reason})


def follow(client: FlaskClient, decision_id: str, what: str, body: object, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/v1/decisions/{decision_id}/{what}", json=body, headers=headers)


def entries(use: Services, kind: str) -> list[dict[str, Any]]:
    use.ledger.settle()
    return [
        {"about": record.envelope["about"], "service": record.envelope["service"], **(record.private or {})}
        for record in use.ledger.reader.records()
        if record.envelope["kind"] == kind
    ]


@pytest.mark.parametrize(("verdict", "status"), [("permit", "decided"), ("deny", "refused")])
def test_a_review_is_closed_by_a_person_and_the_record_says_so(
    client: FlaskClient, use: Services, verdict: str, status: str
) -> None:
    decision = asked(client)
    assert (decision["status"], decision["outcome"]) == ("in_review", None)
    decision_id = decision["decision_id"]
    waiting = client.get(f"/v1/decisions/{decision_id}/status").get_json()
    assert waiting == {"decision_id": decision_id, "status": "in_review", "private_part": "readable"}
    done = settle(client, decision_id, verdict)
    assert (done.status_code, done.get_json()["status"]) == (200, status)
    record = client.get(f"/v1/decisions/{decision_id}").get_json()
    assert (record["status"], record["verdict"]) == (status, "review"), "what the rules said stays"
    [followed] = record["followed_by"]
    assert (followed["kind"], followed["verdict"], followed["reason"]) == ("settled", verdict, REASON)
    now = client.get(f"/v1/decisions/{decision_id}/status").get_json()
    assert now["status"] == status
    assert now.get("outcome") == (record["outcome"] if verdict == "permit" else None)
    [entry] = entries(use, Kind.SETTLED)
    assert (entry["about"], entry["service"], entry["decision"]) == ({}, "retention", decision_id)


def test_a_review_is_settled_once_and_the_same_word_twice_is_one(client: FlaskClient, use: Services) -> None:
    decision_id = asked(client)["decision_id"]
    first, again = settle(client, decision_id), settle(client, decision_id)
    assert first.get_json() == again.get_json()
    other = settle(client, decision_id, "deny")
    assert (other.status_code, other.get_json()["error"]["code"]) == (409, "NotInReview")
    assert len(entries(use, Kind.SETTLED)) == 1


def test_what_waits_for_nobody_cannot_be_settled(client: FlaskClient, use: Services) -> None:
    permitted = asked(client, facts=RETENTION)["decision_id"]
    assert settle(client, permitted).get_json()["error"]["code"] == "NotInReview"
    erased = asked(client, "C-2")["decision_id"]
    erase(use.ledger, "C-2", private={})
    gone = settle(client, erased)
    assert (gone.status_code, gone.get_json()["error"]["code"]) == (404, "UnknownSubject")
    told = client.get(f"/v1/decisions/{erased}/status").get_json()
    assert told == {"decision_id": erased, "status": None, "private_part": "erased"}
    for body in ({"verdict": "review", "reason": "x"}, {"verdict": "permit"}, {"verdict": "permit", "reason": " "}, {}):
        assert client.post(f"/v1/decisions/{erased}/settle", json=body).status_code == 400


def test_open_reviews_are_listed_oldest_first_until_they_are_settled(client: FlaskClient, use: Services) -> None:
    ids = [asked(client, f"C-{number}")["decision_id"] for number in range(3)]
    asked(client, "C-9", RETENTION)
    settle(client, ids[1])
    use.ledger.settle()
    for review, expected in (("open", [ids[0], ids[2]]), ("settled", [ids[1]])):
        rows = page(client, "/v1/audit/search", review=review)["entries"]
        assert [row["entry_id"] for row in rows] == expected
    newest = page(client, "/v1/audit/search", review="open", order="newest")["entries"]
    assert [row["entry_id"] for row in newest] == [ids[2], ids[0]]


def test_the_letter_says_had_to_be_shown_until_a_showing_is_on_record(client: FlaskClient) -> None:
    from answers import QUOTE  # a quote in New York owes the text about algorithms

    facts = {**QUOTE, "jurisdiction": "US", "consumer_state": "NY", "is_existing_subscriber": False}
    quote = client.post("/v1/decisions/price-quote", json={"subject": "C-7", "facts": facts})
    due = [duty["disclose"] for duty in quote.get_json().get("obligations", []) if "disclose" in duty]
    assert due, quote.get_json()
    decision_id = quote.get_json()["decision_id"]
    path = f"/v1/decisions/{decision_id}/explanation"
    before = client.get(path).get_json()["text"]
    assert "## What you had to be shown" in before
    assert "What you were shown" not in before
    assert follow(client, decision_id, "shown", {"texts": ["something else"]}).status_code == 200
    text = client.get(path).get_json()["text"]
    assert "- something else" in text
    assert "## What you had to be shown" in text, "a text that was shown leaves the others due"
    shown = follow(client, decision_id, "shown", {"at": "2026-06-01T12:01:00+05:30"})
    assert shown.status_code == 200
    after = client.get(path).get_json()["text"]
    assert "## What you were shown on 1 June 2026 at 06:31 (UTC)" in after
    assert "had to be shown" not in after


@pytest.mark.parametrize(
    ("what", "body"),
    [("shown", {"texts": ["THIS PRICE WAS SET BY AN ALGORITHM"]}), ("performed", {"outcome": {"offer": {"n": 30}}})],
)
def test_a_confirmation_under_a_key_is_recorded_once(
    client: FlaskClient, use: Services, what: str, body: dict[str, object]
) -> None:
    decision_id = asked(client, facts=RETENTION)["decision_id"]
    first, again = (follow(client, decision_id, what, body, "k-1") for _ in range(2))
    assert first.get_json() == again.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert follow(client, decision_id, what, {}, "k-1").status_code == 422
    assert follow(client, decision_id, what, body).get_json() != first.get_json(), "without a key it is another one"
    kept = entries(use, what)
    assert len(kept) == 2
    field = next(iter(body))
    assert kept[0][field] == json.loads(json.dumps(body[field]).replace("30", '"30"'))
    assert (kept[0]["decision"], kept[0]["about"]) == (decision_id, {}), "no envelope links two entries"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("shown", {"texts": "one"}),
        ("shown", {"texts": [""]}),
        ("shown", {"outcome": {}}),
        ("performed", {"outcome": []}),
        ("performed", {"at": "2999-01-01T00:00:00Z"}),
        ("performed", {"at": "noon"}),
        ("performed", {"at": 3}),
        ("performed", []),
    ],
)
def test_what_is_no_confirmation_is_refused(client: FlaskClient, use: Services, what: str, body: object) -> None:
    decision_id = asked(client, facts=RETENTION)["decision_id"]
    assert follow(client, decision_id, what, body).status_code == 400
    assert entries(use, what) == []


def test_a_decision_that_there_is_not_is_followed_by_nothing(client: FlaskClient) -> None:
    for what in ("settle", "shown", "performed"):
        done = follow(client, "0192f000-0001-7000-8000-00000000abcd", what, {"verdict": "permit", "reason": "x"})
        assert done.status_code == 404
