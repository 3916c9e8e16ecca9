"""Policies and their versions, read over HTTP: states, texts, what is signed, what differs, what decides when."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fees import fees, settings_of
from flask.testing import FlaskClient
from office import Office, furnished, office_in

from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.engine.text.source import digest_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Version 1 is active, 2 planned, 3 approved, 4 a draft. Nothing is changed in it."""
    with office_in(tmp_path_factory.mktemp("office")) as made:
        for version in (2, 3, 4):
            (made.policies / f"fees/v{version}.yaml").write_text(fees(version))
        made.approved(2)
        made.post("chen", "/fees/versions/2/activate", **{"from": "2999-01-01"}, reason="next year")
        made.approved(3)
        yield made


@pytest.fixture
def by_dates(tmp_path: Path) -> Iterator[FlaskClient]:
    """A service where versions decide by their dates, and nobody is known."""
    furnished(tmp_path, 1, 2)
    use = wire(settings_of(tmp_path, approvals="none"))
    yield app_for(use).test_client()
    use.close()


def test_each_policy_is_told_with_what_decides_now_and_next(office: Office) -> None:
    told = office.get("rita", "")
    assert told["approvals"] == "named"
    assert [each["policy"] for each in told["policies"]] == [
        "access",
        "alerts",
        "delivery-fee",
        "fees",
        "model-promotion",
        "rollouts",
    ]
    own = told["policies"][-3]
    assert (own["kind"], own["owner"], own["purpose"]) == ("decision", "tests", "A fee.")
    assert own["in_force"] == {"version": 1, "from": "2026-01-01T00:00:00+00:00"}
    assert own["next"] == {"version": 2, "from": "2999-01-01T00:00:00+00:00"}
    states = {1: "active", 2: "planned", 3: "approved", 4: "draft"}
    assert {each["version"]: each["state"] for each in own["versions"]} == states


def test_of_one_policy_each_version_is_told_with_its_steps_and_who_took_them(office: Office) -> None:
    told = office.get("asha", "/fees")
    assert told["services"] == ["quote"]
    third = told["versions"][2]
    assert [(step["step"], step["who"], step["role"]) for step in third["steps"]] == [
        ("submission", "asha", "editor"),
        ("approval", "bela", "approver"),
    ]
    assert third["approvals"] == {"needed": 1, "by": ["bela"]}
    assert (third["digest"], third["file"]) == (digest_of(fees(3).encode()), "policies/fees/v3.yaml")
    assert third["effective"] == {"from": "2026-01-01", "until": None, "then_back": False}
    assert [each["edited"] for each in told["versions"]] == [False, False, False, None]


def test_a_draft_that_does_not_load_is_told_as_one(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        file = office.policies / "fees/v2.yaml"
        file.write_text("policy: [")
        assert [each["loads"] for each in office.get("asha", "/fees")["versions"]] == [True, False]
        file.unlink()
        (office.policies / "fees/v1.yaml").unlink()
        (told,) = office.get("asha", "/fees")["versions"]
        assert (told["state"], told["file"], told["edited"]) == ("active", None, False)
        assert office.get("asha", "/fees/versions/1/text") == fees(1).encode(), "the ledger keeps it"


def test_the_history_says_what_was_done_and_which_version_decides_when(office: Office) -> None:
    steps = office.get("rita", "/fees/history")["steps"]
    assert [step["step"] for step in steps] == [
        *("activation", "submission", "approval", "activation"),
        *("submission", "approval"),
    ]
    assert office.get("rita", "/fees/history?at=2999-06-01")["version"] == 2
    assert office.get("rita", "/fees/history?at=2026-06-01")["version"] == 1
    before = office.get("rita", "/fees/history?at=2999-06-01&known=2020-01-01")
    assert (before["version"], before["known"]) == (None, "2020-01-01T12:00:00+00:00")


def test_a_text_has_its_digest_as_tag_and_is_not_sent_twice(office: Office) -> None:
    told = office.ask("rita", "GET", "/fees/versions/4/text")
    assert (told.data, told.mimetype) == (fees(4).encode(), "application/yaml")
    assert told.headers["ETag"] == f'"{digest_of(told.data)}"'
    again = office.ask("rita", "GET", "/fees/versions/4/text", headers={"If-None-Match": told.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_text_on_record_stays_when_the_file_is_edited(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        file = office.policies / "fees/v2.yaml"
        file.write_text(fees(2))
        office.post("asha", "/fees/versions/2/submit")
        file.write_text(fees(2).replace("A fee.", "Another fee."))
        assert office.get("rita", "/fees/versions/2/text?of=record") == fees(2).encode()
        assert b"Another fee." in office.get("rita", "/fees/versions/2/text")
        assert office.get("rita", "/fees")["versions"][1]["edited"] is True


def test_the_message_is_what_an_approval_signs(office: Office) -> None:
    submitted = office.get("rita", "/fees")["versions"][2]["steps"][0]
    said = office.get("bela", "/fees/versions/3/message").decode()
    assert said == f"fees@3 {submitted['digest']}\napproves {submitted['entry_id']}\n"


def test_two_versions_are_compared_by_meaning(office: Office) -> None:
    told = office.get("bela", "/fees/versions/3/diff?against=1")
    assert (told["old"], told["new"], told["same"], told["exact"]) == ("fees@1", "fees@3", False, True)
    (region,) = told["regions"]
    assert [(each["output"], each["before"], each["now"]) for each in region["outputs"]] == [
        ("fee", {"formula": "base * 0 + 1"}, {"formula": "base * 0 + 3"})
    ]
    assert (told["old_digest"], told["new_digest"]) == tuple(digest_of(fees(each).encode()) for each in (1, 3))
    assert office.get("bela", "/fees/versions/3/diff")["old"] == "fees@2", "the one before, if nothing is said"


def test_the_next_version_begins_as_a_copy_of_the_newest(office: Office) -> None:
    said = office.get("asha", "/fees/next")
    assert b"version: 5\n" in said
    assert b"# The fee, as version 4 has it." in said, "comments stay"
    assert not (office.policies / "fees/v5.yaml").exists(), "nothing is written"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/fee", "there is no policy `fee`"),
        ("/fee/history", "there is no policy `fee`"),
        ("/fee/next", "there is no policy `fee`"),
        ("/fees/versions/9/text", "there is no version `fees@9`"),
        ("/fees/versions/9/message", "there is no version `fees@9`"),
        ("/fees/versions/9/diff", "there is no version `fees@9`"),
        ("/fees/versions/3/diff?against=9", "there is no version `fees@9`"),
        ("/fees/versions/0/text", "`fees@0` names no version"),
        ("/fees/versions/..%2f..%2fkeys/text", ""),
    ],
)
def test_what_there_is_not_is_not_found(office: Office, path: str, said: str) -> None:
    error = office.refused("rita", path, 404, "GET")
    assert said in error["message"]
    assert error["code"] == ("UnknownPolicy" if said else "NotFound")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/fees/versions/4/text?of=record", 409, "`fees@4` was not submitted"),
        ("/fees/versions/4/text?of=both", 400, "`of` is `both`"),
        ("/fees/versions/4/message", 409, "`fees@4` was not submitted"),
        ("/fees/versions/1/diff", 409, "`fees@1` is the first version"),
        ("/fees/versions/3/diff?against=x", 404, "names no version"),
        ("/fees/history?at=soon", 400, "`at`"),
        ("/fees?at=2026-01-01", 400, "unknown parameter `at`"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(office: Office, path: str, status: int, said: str) -> None:
    assert said in office.refused("rita", path, status, "GET")["message"]


def test_where_versions_decide_by_their_dates_the_one_of_a_day_is_told(by_dates: FlaskClient) -> None:
    told = by_dates.get("/v1/policies/fees/history?at=2026-06-01").get_json()
    assert (told["version"], told["entry_id"], told["rollout"]) == (2, None, None)
    assert by_dates.get("/v1/policies/fees/history?at=2020-06-01").get_json()["version"] is None
    assert by_dates.get("/v1/policies/fee/history?at=2020-06-01").status_code == 404


def test_where_versions_decide_by_their_dates_they_are_told_and_nothing_is_on_record(by_dates: FlaskClient) -> None:
    def told(path: str, status: int = 200) -> Any:
        answer = by_dates.get(f"/v1/policies{path}")
        assert answer.status_code == status, answer.data
        return answer.get_json() if answer.mimetype == "application/json" else answer.data

    own = told("")["policies"][-3]
    assert (told("")["approvals"], own["policy"]) == ("none", "fees")
    assert "steps" not in told("/fees")["versions"][0]
    assert told("/fees/versions/2/text") == fees(2).encode()
    assert told("/fees/versions/2/diff")["same"] is False
    assert b"version: 3\n" in told("/fees/next")
    for path in ("/fees/history", "/fees/versions/2/message", "/fees/versions/2/text?of=record"):
        assert "`approvals: none`" in told(path, 409)["error"]["message"]


def test_a_folder_of_policies_that_disappears_is_told_and_what_decides_goes_on(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        shutil.move(office.policies, tmp_path / "away")
        for path in ("", "/fees", "/fees/versions/1/text", "/fees/next"):
            error = office.refused("rita", path, 500, "GET")
            assert (error["code"], "there is no policies directory" in error["message"]) == ("PolicyError", True)
        assert office.refused("asha", "/check", 500, json={"text": fees(2)})["code"] == "PolicyError"
        decided = office.client.post(
            "/v1/decisions/quote", json={"subject": "C-1", "facts": {"base": 1}}, headers=office.headers["app"]
        )
        assert decided.get_json()["outcome"] == {"fee": "1"}


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        (tmp_path / "secret.yaml").write_text("policy: fees\nsecret: word\n")
        (office.policies / "fees/v2.yaml").symlink_to(tmp_path / "secret.yaml")
        error = office.refused("rita", "/fees/versions/2/text", 500, "GET")
        assert "is a link that leads out of the folder of policies" in error["message"]
        assert "word" not in str(error)


@pytest.mark.parametrize("who", ["asha", "bela", "rita", "chen"])
def test_who_has_the_right_reads(office: Office, who: str) -> None:
    assert office.ask(who, "GET", "/fees").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("app", 403), ("", 401), ("quoting", 403)])
def test_who_has_it_not_or_is_one_of_some_services_does_not(office: Office, who: str, status: int) -> None:
    for path in ("", "/fees", "/fees/versions/1/text", "/nothing"):
        assert office.ask(who, "GET", path).status_code == status
