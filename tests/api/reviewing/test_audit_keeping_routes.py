"""Erasing and holding over HTTP: as the commands do it, with who asked and why on record, beside other workers too."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from answers import ADVICE, error_in
from databases import database
from flask.testing import FlaskClient
from reviewing import decided, page
from served import Server, ordain

from ordain.api.services import Services
from ordain.audit.entry.entry import Kind

SUBJECT = "/v1/audit/subjects/C-1"
WHY = {"reason": "request 4711"}


def test_who_is_erased_is_gone_and_who_asked_and_why_is_on_record(use: Services, client: FlaskClient) -> None:
    (decision,) = decided(client, "C-1")
    answer = client.post(f"{SUBJECT}/erase", json=WHY).get_json()
    receipt = answer.pop("receipt")
    assert answer == {"status": "erased", "entries": 1, "not_before": None, "left": ""}
    assert client.get(f"/v1/decisions/{decision}").get_json()["private_part"] == "erased"
    use.ledger.settle()
    (erasure,) = [r for r in use.ledger.reader.records() if r.envelope["kind"] == Kind.ERASURE]
    assert erasure.private is not None
    assert receipt == {"entry_id": str(erasure.entry.id), "leaf_hash": erasure.entry.leaf_hash.hex()}
    assert (erasure.private["actor"], erasure.private["reason"]) == ("http", "request 4711")
    again = client.post(f"{SUBJECT}/erase", json=WHY)
    assert (again.status_code, error_in(again.data)["code"]) == (404, "UnknownSubject")
    assert client.post("/v1/decisions/plan-advice", json={"subject": "C-1", "facts": ADVICE}).status_code == 200


def test_a_hold_keeps_the_records_until_it_is_released(use: Services, client: FlaskClient) -> None:
    decided(client, "C-1")
    assert client.post(f"{SUBJECT}/hold", json=WHY).get_json()["held"] is True
    assert client.post(f"{SUBJECT}/erase", json=WHY).get_json()["status"] == "held"
    (restricted,) = page(client, "/v1/subjects/C-1/decisions")["decisions"]
    assert (restricted["private_part"], "outcome" in restricted) == ("restricted", False)
    assert client.post(f"{SUBJECT}/release", json=WHY).get_json()["held"] is False
    later = (use.ledger.now() + dt.timedelta(days=3)).date().isoformat()
    kept = client.post(f"{SUBJECT}/erase", json={**WHY, "not_before": later}).get_json()
    assert (kept["status"], kept["not_before"]) == ("restricted", later)


@pytest.mark.parametrize("what", ["erase", "hold", "release"])
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "says no `reason`"),
        (b'{"reason": " "}', "`reason` must be a text"),
        (b'{"reason": 7}', "says no `reason`"),
        (b'{"reason": "x", "reason": "y"}', "twice"),
        (b'{"reason": "\\ud800"}', "invalid Unicode"),
        (b'{"reason": "x", "not_befor": "2026-01-01"}', "unknown field"),
        (b"[]", "must be an object"),
    ],
)
def test_without_a_proper_reason_nothing_is_done(shared_client: FlaskClient, what: str, sent: bytes, said: str) -> None:
    answer = shared_client.post(f"{SUBJECT}/{what}", data=sent)
    assert answer.status_code == 400
    assert said in str(error_in(answer.data))


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "20260101", 7])
def test_a_day_that_is_none_erases_nobody(use: Services, client: FlaskClient, day: object) -> None:
    (decision,) = decided(client, "C-1")
    answer = client.post(f"{SUBJECT}/erase", json={**WHY, "not_before": day})
    assert answer.status_code == 400
    assert client.get(f"/v1/decisions/{decision}").get_json()["private_part"] == "readable"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_with_several_workers_an_erased_customer_is_gone_in_all_of_them_and_can_be_decided_about_again(
    tmp_path: Path, kind: str
) -> None:
    """On SQLite another process writes the entries; the erasure is written beside it."""
    with ExitStack() as stack:
        more = {"ORDAIN_DATABASE_URL": stack.enter_context(database())} if kind == "postgresql" else {}
        with Server(tmp_path, ORDAIN_WORKERS="2", **more) as server:
            ids = [server.decide("plan-advice", "C-1", ADVICE).json()["decision_id"] for _ in range(8)]
            headers = {"Content-Type": "application/json"}
            erased = server.ask("POST", f"{SUBJECT}/erase", json.dumps(WHY).encode(), headers)
            assert (erased.status, erased.json()["entries"]) == (200, 8)
            for _ in range(6):  # whichever worker is asked
                for decision_id in ids:
                    assert server.get(f"/v1/decisions/{decision_id}").json()["private_part"] == "erased"
                assert server.get("/v1/subjects/C-1/decisions").json()["decisions"] == []
            anew = [server.decide("plan-advice", "C-1", ADVICE) for _ in range(8)]
            assert {reply.status for reply in anew} == {200}
            there = server.get("/v1/subjects/C-1/decisions").json()["decisions"]
            assert [each["decision_id"] for each in there] == [r.json()["decision_id"] for r in anew][::-1]
            assert server.ask("POST", f"{SUBJECT}/hold", json.dumps(WHY).encode(), headers).json()["held"] is True
        done = ordain(tmp_path, "audit", "verify", "--json", **more)
        assert json.loads(done.stdout)["holds"], done.stdout
