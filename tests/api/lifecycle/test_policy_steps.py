"""Steps of versions over HTTP: who may take them, what refuses them, and that none is taken twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fees import fees, settings_of
from office import Office, furnished, office_in
from test_signed import KEYS, public_line, signed

import ordain.api.lifecycle.workbench as workbench
from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.http.app import app_for
from ordain.api.lifecycle.taking_over import activated
from ordain.api.lifecycle.workbench import Workbench
from ordain.api.limits import LIMITS
from ordain.api.services import wire
from ordain.audit.records.query import Query
from ordain.audit.records.search import search
from ordain.engine.versions import Kept


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Version 1 is active, and 2 a draft."""
    with office_in(tmp_path) as made:
        (made.policies / "fees/v2.yaml").write_text(fees(2))
        yield made


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The same, for what is refused."""
    with office_in(tmp_path_factory.mktemp("standing")) as made:
        (made.policies / "fees/v2.yaml").write_text(fees(2))
        yield made


def decided(office: Office) -> str:
    """The fee, once the service has looked at what was activated."""
    use = office.client.application.extensions["ordain"]
    office.client.application.extensions["ordain"] = activated(use, use.lifecycle, Kept())
    told = office.client.post(
        "/v1/decisions/quote", json={"subject": "C-1", "facts": {"base": 1}}, headers=office.headers["app"]
    )
    return str(told.get_json()["outcome"]["fee"])


def test_from_a_draft_to_what_decides_and_back(office: Office) -> None:
    submitted = office.post("asha", "/fees/versions/2/submit", reason="the new fee")
    assert (submitted["step"], submitted["who"], submitted["role"], submitted["reason"]) == (
        "submission",
        "asha",
        "editor",
        "the new fee",
    )
    assert office.states()[2] == "submitted"
    office.post("bela", "/fees/versions/2/approve", digest=submitted["digest"])
    assert office.states()[2] == "approved"
    assert decided(office) == "1"
    made = office.post("chen", "/fees/versions/2/activate")
    assert (made["step"], made["who"], made["role"]) == ("activation", "chen", "operator")
    assert decided(office) == "2"
    back = office.post("chen", "/fees/rollback", to=1, reason="wrong fee")
    assert (back["step"], back["version"], back["reason"]) == ("rollback", 1, "wrong fee")
    assert decided(office) == "1"
    assert office.states() == {1: "active", 2: "withdrawn"}


def test_on_record_is_whose_key_it_was(office: Office) -> None:
    office.post("asha", "/fees/versions/2/submit")
    (record,) = search(office.use.ledger.reader, Query(kind="submission"))
    assert record.private is not None
    assert record.private["actor"] == "asha"
    assert record.private["key"] == office.headers["asha"]["Authorization"].split("_")[1]


def test_nobody_approves_their_own_and_nothing_is_done_twice(office: Office) -> None:
    office.post("asha", "/fees/versions/2/submit")
    steps = [
        ("asha", "submit", "was submitted already by asha"),
        ("bela", "approve", "bela has approved `fees@2` already"),
        ("chen", "activate", "`fees@2` was activated already"),
    ]
    for who, step, said in steps:
        if step != "submit":
            office.post(who, f"/fees/versions/2/{step}")
        before = office.get("rita", "/fees/history")
        error = office.refused(who, f"/fees/versions/2/{step}", 409)
        assert (error["code"], said in error["message"]) == ("StepRefused", True), error
        assert office.get("rita", "/fees/history") == before
    office.post("chen", "/fees/rollback", to=1, reason="back")
    again = office.refused("chen", "/fees/rollback", 409, json={"to": 1, "reason": "back"})
    assert "`fees@1` decides already" in again["message"]


def test_who_has_both_roles_does_not_approve_what_they_submitted(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        (office.policies / "fees/v2.yaml").write_text(fees(2))
        made = KeyKeeper(tmp_path / "keys/callers.json", lambda *_: None, office.use.now, "tests")
        office.headers["both"] = {"Authorization": f"Bearer {made.make('both', ['editor', 'approver']).text}"}
        office.client.application.extensions["ordain_gate"].look()
        office.post("both", "/fees/versions/2/submit")
        error = office.refused("both", "/fees/versions/2/approve", 409)
        assert "both submitted `fees@2`, and one's own approval does not count" in error["message"]


def test_a_text_that_was_submitted_anew_is_not_approved_for_the_old_one(office: Office) -> None:
    read = office.post("asha", "/fees/versions/2/submit")["digest"]
    (office.policies / "fees/v2.yaml").write_text(fees(2).replace("A fee.", "Another fee."))
    office.post("asha", "/fees/versions/2/submit")
    error = office.refused("bela", "/fees/versions/2/approve", 409, json={"digest": read})
    assert "is another text than the one with digest" in error["message"]
    assert office.states()[2] == "submitted"


@pytest.mark.parametrize(
    ("who", "step", "status"),
    [
        ("bela", "submit", 403),
        ("chen", "submit", 403),
        ("asha", "approve", 403),
        ("chen", "approve", 403),
        ("asha", "activate", 403),
        ("rita", "activate", 403),
        ("app", "activate", 403),
        ("", "activate", 401),
        ("quoting", "activate", 403),
    ],
)
def test_a_step_takes_its_role(standing: Office, who: str, step: str, status: int) -> None:
    standing.refused(who, f"/fees/versions/2/{step}", status)


def test_an_approver_goes_back_with_an_approval_and_an_operator_without(office: Office) -> None:
    office.approved(2)
    office.post("bela", "/fees/versions/2/activate")
    error = office.refused("bela", "/fees/rollback", 409, json={"to": 1, "reason": "back"})
    assert "going back to `fees@1` is not approved: 0 of 1 needed approvals" in error["message"]
    office.post("dina", "/fees/versions/1/approve")
    assert office.post("bela", "/fees/rollback", to=1, reason="back")["role"] == "approver"


def test_a_role_that_the_caller_has_not_is_refused(standing: Office) -> None:
    error = standing.refused("bela", "/fees/rollback", 403, json={"to": 1, "reason": "x", "role": "operator"})
    assert "bela has no role `operator`" in error["message"]


@pytest.mark.parametrize(
    ("path", "sent", "status", "said"),
    [
        ("/fees/versions/2/activate", {}, 409, "`fees@2` was not submitted"),
        ("/fees/versions/9/submit", {}, 404, "there is no version `fees@9`"),
        ("/fee/versions/2/activate", {}, 404, "there is no policy `fee`"),
        ("/fees/versions/2/activate", {"from": "soon"}, 400, "`from`"),
        ("/fees/versions/2/activate", {"from": 7}, 400, "`from` is the number `7`"),
        ("/fees/versions/2/activate", {"who": "chen"}, 400, "unknown field `who`"),
        ("/fees/versions/2/activate", [], 400, "must be an object"),
        ("/fees/versions/2/activate", {"reason": "x" * 301}, 400, "`reason`"),
        ("/fees/rollback", {"reason": "back"}, 400, "`to`"),
        ("/fees/rollback", {"to": 1.5, "reason": "back"}, 400, "`to` is the number `1.5`"),
        ("/fees/rollback", {"to": 9, "reason": "back"}, 404, "there is no version `fees@9`"),
        ("/fees/rollback", {"to": 2, "reason": "back"}, 409, "`fees@2` has never decided"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_reason(
    standing: Office, path: str, sent: Any, status: int, said: str
) -> None:
    who = "asha" if path.endswith("submit") else "chen"
    before = standing.states()
    assert said in standing.refused(who, path, status, json=sent)["message"]
    assert standing.states() == before


def test_days_that_do_not_fit_are_refused(office: Office) -> None:
    (office.policies / "fees/v2.yaml").write_text(fees(2, "2999-01-01"))
    office.approved(2)
    error = office.refused("chen", "/fees/versions/2/activate", 409, json={"from": "2998-12-31"})
    assert "is in force from 2999-01-01, and 2998-12-31 is before that" in error["message"]
    error = office.refused("chen", "/fees/versions/1/activate", 409, json={"from": "2999-01-01"})
    assert "`fees@1` was activated already" in error["message"]
    assert office.post("chen", "/fees/versions/2/activate")["from"] == "2999-01-01T00:00:00+00:00"
    (office.policies / "fees/v3.yaml").write_text(fees(3))
    office.approved(3)
    error = office.refused("chen", "/fees/versions/3/activate", 409, json={"from": "2999-01-01"})
    assert "`fees@2` begins on 2999-01-01, too" in error["message"]


def test_a_version_that_does_not_load_is_refused_with_the_place(office: Office) -> None:
    (office.policies / "fees/v2.yaml").write_text(fees(2).replace("base * 0", "bass * 0"))
    error = office.refused("asha", "/fees/versions/2/submit", 422)
    assert error["code"] == "PolicyRefused"
    assert error["details"][0]["place"].startswith("policies/fees/v2.yaml:")
    assert decided(office) == "1"


def test_of_two_who_activate_at_once_one_does(office: Office) -> None:
    office.approved(2)
    told: list[int] = []

    def activate() -> None:
        client = office.client.application.test_client()
        path = "/v1/policies/fees/versions/2/activate"
        told.append(client.post(path, json={}, headers=office.headers["chen"]).status_code)

    threads = [threading.Thread(target=activate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [200, 409, 409, 409]
    steps = [step["step"] for step in office.get("rita", "/fees/history")["steps"]]
    assert steps.count("activation") == 2, "with that of version 1"


def test_while_a_step_takes_long_another_is_told_to_come_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench, "LIMITS", LIMITS.__class__(step_waits=0.0))
    bench: Workbench = office.client.application.extensions["ordain_workbench"]
    with bench.taking(office.use):
        told = office.ask("asha", "POST", "/fees/versions/2/submit", json={})
        assert (told.status_code, told.headers["Retry-After"]) == (503, "1")
        assert office.states()[2] == "draft", "reading does not wait for it"


def test_an_approval_over_http_is_signed_where_it_has_to_be(tmp_path: Path) -> None:
    (tmp_path / "signers").write_text(f"bela {public_line(KEYS['ed25519'])}\n")
    with office_in(tmp_path, approvals="signed", allowed_signers=tmp_path / "signers") as office:
        (office.policies / "fees/v2.yaml").write_text(fees(2))
        office.post("asha", "/fees/versions/2/submit")
        assert "has to be signed" in office.refused("bela", "/fees/versions/2/approve", 409)["message"]
        message = office.get("bela", "/fees/versions/2/message")
        other = signed(KEYS["ed25519"], message + b" ")
        error = office.refused("bela", "/fees/versions/2/approve", 409, json={"signature": other})
        assert "the signature does not count" in error["message"]
        made = office.post("bela", "/fees/versions/2/approve", signature=signed(KEYS["ed25519"], message))
        assert (made["signed"], made["who"]) == (True, "bela")
        office.post("chen", "/fees/versions/2/activate")
        assert decided(office) == "2"


def test_where_nobody_is_known_whoever_asks_is_one_person(tmp_path: Path) -> None:
    furnished(tmp_path)
    (tmp_path / "policies/fees/v1.yaml").write_text(fees(1))
    use = wire(settings_of(tmp_path))
    try:
        client = app_for(use).test_client()
        made = client.post("/v1/policies/fees/versions/1/submit", json={})
        assert (made.status_code, made.get_json()["who"]) == (200, "http")
        told = client.post("/v1/policies/fees/versions/1/approve", json={})
        assert (told.status_code, told.get_json()["error"]["code"]) == (409, "StepRefused")
    finally:
        use.close()


@pytest.mark.parametrize(
    "path", ["/versions/1/submit", "/versions/1/approve", "/versions/1/activate", "/rollback", "/versions"]
)
def test_where_versions_decide_by_their_dates_nothing_is_written_or_done(tmp_path: Path, path: str) -> None:
    furnished(tmp_path)
    use = wire(settings_of(tmp_path, approvals="none"))
    try:
        told = app_for(use).test_client().post(f"/v1/policies/fees{path}", json={})
        error = told.get_json()["error"]
        assert (told.status_code, error["code"]) == (409, "StepRefused")
        assert "versions decide by their dates here" in error["message"]
        assert "`approvals: named`" in error["details"][0]["hint"]
    finally:
        use.close()
