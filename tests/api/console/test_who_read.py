"""Who read a decision or a person's records, as routes and pages tell it: to who may know, and only what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from answers import ADVICE, body
from callers import KnownClient, a_key_for_each
from served import settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.audit.records import read_of

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnownClient]:
    folder = tmp_path_factory.mktemp("read")
    headers = a_key_for_each(folder)
    use = wire(settings_in(folder))
    yield KnownClient(app_for(use).test_client(), headers)
    use.close()


def decided(known: KnownClient, subject: str) -> str:
    told = known.client.post(
        "/v1/decisions/plan-advice", data=body(ADVICE, subject=subject), headers=known.headers["app"]
    )
    return str(told.get_json()["decision_id"])


def readers(known: KnownClient, decision_id: str, role: str = "reviewer", **query: object) -> dict[str, Any]:
    told = known.client.get(f"/v1/audit/entries/{decision_id}/readers", headers=known.headers[role], query_string=query)
    assert told.status_code == 200, told.data
    data: dict[str, Any] = told.get_json()
    return data


def test_each_reading_of_a_decision_is_told_with_who_and_why_the_newest_first(known: KnownClient) -> None:
    one, other = decided(known, "C-1"), decided(known, "C-1")
    assert readers(known, one)["readers"] == []
    get, reviewer, officer = known.client.get, known.headers["reviewer"], known.headers["privacy officer"]
    get(f"/v1/decisions/{one}/explanation?purpose=complaint%204711", headers=reviewer)
    get(f"/v1/decisions/{other}/explanation", headers=reviewer)
    get("/v1/subjects/C-1/decisions", headers=officer)
    get("/v1/audit/search", query_string={"where": 'outcome.advice.action = "plan up"'}, headers=officer)
    told = readers(known, one)
    assert [(each["action"], each["actor"]) for each in told["readers"][:4]] == [
        ("http search", "privacy-officer"),
        ("http decisions", "privacy-officer"),
        ("http explanation", "reviewer"),
        ("http readers", "reviewer"),
    ]
    assert told["readers"][2]["purpose"] == "complaint 4711"
    assert readers(known, one, limit=1)["more"] is True
    assert len(readers(known, one, limit=1)["readers"]) == 1


@pytest.mark.parametrize("most", [3, 4])
def test_readings_are_opened_from_the_newest_back_up_to_a_number_and_the_rest_is_said(
    known: KnownClient, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    one, other = decided(known, "C-many"), decided(known, "C-others")
    reviewer = known.headers["reviewer"]
    known.client.get(f"/v1/decisions/{one}/explanation", headers=reviewer)
    for _ in range(3):
        known.client.get(f"/v1/decisions/{other}/explanation", headers=reviewer)
        known.client.get("/v1/subjects/C-nobody/decisions", headers=reviewer)  # nothing was read: not opened
    monkeypatch.setattr(read_of, "LIMITS", replace(read_of.LIMITS, readings_opened=most))
    told = readers(known, one)
    actions = [each["action"] for each in told["readers"]]
    assert (actions, told["more"]) == (([], True) if most == 3 else (["http explanation"], True))
    monkeypatch.setattr(read_of, "LIMITS", replace(read_of.LIMITS, readings_opened=5))
    told = readers(known, one)
    assert [each["action"] for each in told["readers"]] == ["http readers", "http explanation"]
    assert told["more"] is True
    monkeypatch.setattr(read_of, "LIMITS", replace(read_of.LIMITS, readings_opened=50))
    assert readers(known, one)["more"] is False


def test_that_somebody_asked_who_read_is_told_to_the_next(known: KnownClient) -> None:
    one = decided(known, "C-2")
    readers(known, one, "approver", purpose="a look around")
    newest = readers(known, one)["readers"][0]
    assert (newest["action"], newest["actor"], newest["purpose"]) == ("http readers", "approver", "a look around")


def test_of_an_erased_person_nobody_can_be_told_who_read(known: KnownClient) -> None:
    one = decided(known, "C-gone")
    readers(known, one)
    officer = known.headers["privacy officer"]
    told = known.client.post("/v1/audit/subjects/C-gone/erase", json={"reason": "request"}, headers=officer)
    assert told.status_code == 200, told.data
    assert readers(known, one) == {"readers": [], "more": False, "private_part": "erased"}
    page = known.client.get(f"/console/decisions/{one}/readers", headers={**PAGE, **officer}).data
    assert b"can no longer be told" in page


@pytest.mark.parametrize("wrong", ["nothing", "01a22f2a-3fa9-7d7c-b611-73e71b0949a0", "%00", "%F0%9F%98%80"])
def test_an_entry_that_there_is_not_has_no_readers(known: KnownClient, wrong: str) -> None:
    told = known.client.get(f"/v1/audit/entries/{wrong}/readers", headers=known.headers["reviewer"])
    assert (told.status_code, told.get_json()["error"]["code"]) == (404, "UnknownDecision")


def test_who_may_ask_one_service_is_told_nothing_of_others(known: KnownClient) -> None:
    told = known.client.post(
        "/v1/decisions/plan-advice", data=body(ADVICE, subject="C-3"), headers=known.headers["app"]
    )
    assert told.status_code == 200
    there = known.headers["one service"]
    assert (
        known.client.get(f"/v1/audit/entries/{told.get_json()['decision_id']}/readers", headers=there).status_code
        == 200
    )
    found = known.client.get("/v1/audit/search?kind=read", headers=known.headers["reviewer"]).get_json()["entries"]
    assert known.client.get(f"/v1/audit/entries/{found[0]['entry_id']}/readers", headers=there).status_code == 404


def test_a_page_shows_who_read_and_marks_letters(known: KnownClient) -> None:
    one = decided(known, "C-4")
    reviewer = {**PAGE, **known.headers["reviewer"]}
    known.client.get(f"/console/decisions/{one}?purpose=a%20%3Cb%3Ecomplaint", headers=reviewer)
    page = known.client.get(f"/console/decisions/{one}/readers", headers=reviewer).data.decode()
    assert "letter made" in page
    assert "a &lt;b&gt;complaint" in page
    assert "A letter itself is not kept" in page
    person = known.client.get("/console/readers-of/C-4", headers=reviewer).data.decode()
    assert "letter made" in person
    log = known.client.get("/console/evidence/readers", headers=reviewer).data.decode()
    assert "a &lt;b&gt;complaint" in log


def test_private_parts_of_a_search_are_told_only_when_asked_for_and_to_who_may_read_them(known: KnownClient) -> None:
    decided(known, "C-5")
    reviewer = known.headers["reviewer"]
    plain = known.client.get("/v1/audit/search", headers=reviewer).get_json()["entries"]
    assert all("subject" not in each for each in plain)
    opened = known.client.get("/v1/audit/search?opened=true", headers=reviewer).get_json()["entries"]
    assert {each["subject"] for each in opened} >= {"C-5"}
    noted = known.client.get("/v1/audit/search?kind=read&order=newest&limit=1", headers=reviewer).get_json()["entries"]
    assert noted[0]["about"]["action"] == "http search"
    assert known.client.get("/v1/audit/search?opened=yes", headers=reviewer).status_code == 400


def test_a_search_goes_out_as_rows_for_a_spreadsheet_with_its_conditions(known: KnownClient) -> None:
    decided(known, "=1+1")
    reviewer = known.headers["reviewer"]
    page = known.client.get("/console/decisions?subject=%3D1%2B1&as=json", headers=reviewer).get_json()
    told = known.client.get(page["exports"]["csv"], headers=reviewer)
    assert (told.status_code, told.mimetype) == (200, "text/csv")
    lines = told.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("export,leaf_index,entry_id,")
    assert "'=1+1" in lines[1]
    assert len(known.client.get(page["exports"]["jsonl"], headers=reviewer).data.splitlines()) == 1
    approver = known.client.get("/console/decisions?as=json", headers=known.headers["approver"]).get_json()
    assert approver["may"]["export"] is False


def test_a_client_that_is_no_reader_gets_no_part(known: KnownClient, client_roles: tuple[str, ...]) -> None:
    one = decided(known, "C-6")
    for role in client_roles:
        for path in (f"decisions/{one}/readers", "readers-of/C-6", "evidence/readers"):
            told = known.client.get(f"/console/{path}", headers={**PAGE, **known.headers[role]})
            assert told.status_code == 403, (role, path)


@pytest.fixture
def client_roles() -> tuple[str, ...]:
    return ("app", "editor", "operator", "admin", "monitor")
