"""Drafts over HTTP: a text is checked, becomes the next version's file, and is written anew until it is activated."""

from __future__ import annotations

import base64
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fees import fees
from office import YAML, Office, office_in

import ordain.api.lifecycle.examined as examined
import ordain.api.policy_process as policy_process
from ordain.api.lifecycle.drafts import place_for
from ordain.api.limits import LIMITS
from ordain.engine.catalog import read_texts
from ordain.engine.text.source import digest_of

BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Version 1 is active."""
    with office_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The same, for what stores nothing."""
    with office_in(tmp_path_factory.mktemp("checking")) as made:
        yield made


def kept(office: Office) -> dict[str, bytes]:
    """Every file below the folder of policies."""
    return {str(file.relative_to(office.policies)): file.read_bytes() for file in office.policies.rglob("*.yaml")}


def drafted(office: Office) -> str:
    """Version 2 is a draft, as an editor on the machine writes it: its tag."""
    (office.policies / "fees/v2.yaml").write_text(fees(2))
    return f'"{digest_of(fees(2).encode())}"'


def put(office: Office, version: int, text: str, tag: str | None, who: str = "asha") -> Any:
    headers = YAML if tag is None else {**YAML, "If-Match": tag}
    return office.ask(who, "PUT", f"/fees/versions/{version}/text", data=text, headers=headers)


# --- checked ----------------------------------------------------------------------------------------------------


def test_a_text_is_checked_as_it_would_stand_there_and_stored_nowhere(checking: Office) -> None:
    before = kept(checking)
    wrong = fees(2).replace("base * 0", "bass * 0")
    told = checking.post("asha", "/check", text=wrong)
    (error,) = [each for each in told["findings"] if each["level"] == "error"]
    assert told["file"] == "fees/v2.yaml"
    assert (error["file"], error["line"]) == (
        "policies/fees/v2.yaml",
        wrong.splitlines().index("  fee: {gives: number, formula: bass * 0 + 2}") + 1,
    )
    assert "`bass`" in error["message"]
    assert "did you mean `base`?" in error["hint"]
    assert told["counts"]["error"] >= 1
    assert kept(checking) == before


def test_a_right_text_has_no_finding_and_may_be_sent_as_yaml(checking: Office) -> None:
    told = checking.ask("asha", "POST", "/check", data=fees(2), headers=YAML).get_json()
    assert (told["counts"]["error"], told["findings"]) == (0, [])


def test_what_a_text_makes_wrong_elsewhere_is_told_and_what_was_wrong_before_is_not(office: Office) -> None:
    (office.policies / "delivery-fee/v2.yaml").write_text("policy: [")
    other = fees(2).replace("  fee: {gives", "  fare: {gives").replace("{fee: 2}", "{fare: 2}")
    told = office.post("asha", "/check", text=other)
    assert {each["file"] for each in told["findings"]} == {"policies/fees/v2.yaml"}
    assert any("does not give `fee`" in each["message"] for each in told["findings"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy: [", "is never closed"),
        (BOMB, "anchor"),
        ("[" * 5000, ""),
        ("a: b\n" * 2, "twice"),
        ("\x00", ""),
        ("- just\n- a list", ""),
    ],
    ids=["cut off", "a bomb", "deep", "a key twice", "no text", "a list"],
)
def test_whatever_text_is_sent_there_is_a_finding_and_nothing_else(checking: Office, text: str, said: str) -> None:
    texts = read_texts(checking.policies)
    sent = {"file": place_for(texts, text.encode(), None), "text": base64.b64encode(text.encode()), "level": "warning"}
    told = policy_process.check(texts, ZoneInfo("UTC"), {**sent, "models": str(checking.use.settings.models)})
    assert told["counts"]["error"] >= 1
    assert said in str(told["findings"])


def test_a_text_that_grows_as_it_is_read_is_refused_as_any_other(checking: Office) -> None:
    told = checking.ask("asha", "POST", "/check", data=BOMB, headers=YAML)
    assert (told.status_code, told.get_json()["counts"]["error"]) == (200, 1)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {}}, 400),
        ({"json": {"text": 7}}, 400),
        ({"json": {"text": ""}}, 400),
        ({"json": {"text": "a: b", "other": 1}}, 400),
        ({"json": {"text": "a: b", "name": "../fees"}}, 400),
        ({"data": b"", "headers": YAML}, 400),
        ({"data": b"x" * ((1 << 20) + 1), "headers": YAML}, 413),
        ({"json": {"text": "\ud800"}}, 400),
    ],
    ids=["nothing", "a number", "empty", "unknown", "elsewhere", "no body", "huge", "half a sign"],
)
def test_what_is_no_text_is_refused(checking: Office, sent: dict[str, Any], status: int) -> None:
    checking.refused("asha", "/check", status, **sent)


def test_what_takes_too_long_to_check_is_given_up(checking: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "LIMITS", LIMITS.__class__(check_seconds=0.0))
    assert (
        "cannot be checked in 0 seconds" in checking.refused("asha", "/check", 400, json={"text": fees(2)})["message"]
    )


def test_beyond_so_many_checks_at_once_another_is_told_to_come_again(checking: Office) -> None:
    for _ in range(LIMITS.checks_at_once):
        assert examined._ROOM.acquire(blocking=False)
    try:
        told = checking.ask("asha", "POST", "/check", json={"text": fees(2)})
    finally:
        examined._ROOM.release(LIMITS.checks_at_once)
    assert (told.status_code, told.headers["Retry-After"]) == (503, "1")


# --- written ----------------------------------------------------------------------------------------------------


def test_the_text_of_the_next_version_becomes_its_file_byte_for_byte(office: Office) -> None:
    told = office.write("asha", 2)
    file = office.policies / "fees/v2.yaml"
    assert file.read_bytes() == fees(2).encode()
    assert (told["policy"], told["version"], told["file"]) == ("fees", 2, "policies/fees/v2.yaml")
    assert told["digest"] == digest_of(file.read_bytes())
    assert office.states() == {1: "active", 2: "draft"}
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == [], "nothing is left beside it"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (fees(1), 409, "there is `fees@1` already"),
        (fees(3), 409, "`fees@3` skips version 2"),
        (fees(2).replace("base * 0", "bass * 0"), 422, "`bass`"),
        (fees(2).replace("{fee: 2}", "{fee: 3}"), 422, ""),
        (fees(2).replace("policy: fees", "policy: access"), 422, "is of the policy `access`"),
        (fees(2).replace("policy: fees", "policy: ../fees"), 422, "is of the policy `../fees`"),
        (fees(2).replace("version: 2\n", "version: two\n"), 422, "is no number"),
        (fees(2).replace("version: 2\n", ""), 422, "does not say"),
        (BOMB, 422, ""),
        ("policy: [", 422, "is never closed"),
    ],
    ids=["reused", "skipped", "wrong", "example", "other", "elsewhere", "no number", "no version", "bomb", "cut off"],
)
def test_what_is_no_next_version_or_has_errors_is_written_nowhere(
    checking: Office, text: str, status: int, said: str
) -> None:
    before = kept(checking)
    error = checking.refused("asha", "/fees/versions", status, data=text, headers=YAML)
    assert said in str(error)
    assert error["code"] == {409: "StepRefused", 422: "PolicyRefused"}[status]
    assert kept(checking) == before


def test_an_error_is_told_with_its_place_and_what_to_write(checking: Office) -> None:
    error = checking.refused("asha", "/fees/versions", 422, json={"text": fees(2).replace("base * 0", "bass * 0")})
    (detail,) = error["details"]
    assert detail["place"].startswith("policies/fees/v2.yaml:")
    assert "did you mean `base`?" in detail["hint"]


def test_a_number_that_the_ledger_has_is_not_given_again(office: Office) -> None:
    drafted(office)
    office.approved(2)
    office.post("chen", "/fees/versions/2/activate")
    (office.policies / "fees/v2.yaml").unlink()
    error = office.refused("asha", "/fees/versions", 400, data=fees(2), headers=YAML)
    assert "`fees@2` is on record, and its file is gone" in error["message"]
    assert "`fees@2` is on record" in office.refused("asha", "/fees/next", 400, "GET")["message"]


def test_a_file_that_came_meanwhile_is_never_replaced(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody copies a file there between the last look and the writing."""
    file, link = office.policies / "fees/v2.yaml", os.link

    def late(beside: Path, wanted: Path) -> None:
        file.write_text("somebody else's")
        link(beside, wanted)

    monkeypatch.setattr(os, "link", late)
    error = office.refused("asha", "/fees/versions", 409, data=fees(2), headers=YAML)
    assert "there is a file `policies/fees/v2.yaml` already" in error["message"]
    assert sorted(each.name for each in file.parent.iterdir()) == ["v1.yaml", "v2.yaml"]
    assert file.read_text() == "somebody else's"


def test_a_folder_that_may_not_be_written_is_told_as_such(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)  # whoever runs the tests may be allowed everything
    error = office.refused("asha", "/fees/versions", 409, data=fees(2), headers=YAML)
    assert "may not write into `policies/fees`" in error["message"]


def test_a_disk_that_is_full_leaves_nothing_behind(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    error = office.refused("asha", "/fees/versions", 500, data=fees(2), headers=YAML)
    assert (error["code"], "no space left on device" in error["message"]) == ("ExportFailed", True)
    assert [each.name for each in (office.policies / "fees").iterdir()] == ["v1.yaml"]


# --- written anew -----------------------------------------------------------------------------------------------


def test_a_draft_is_written_anew_in_the_place_of_the_text_that_was_read(office: Office) -> None:
    tag = drafted(office)
    better = fees(2).replace("A fee.", "A better fee.")
    told = put(office, 2, better, tag)
    assert (told.status_code, told.get_json()["digest"]) == (200, digest_of(better.encode()))
    assert office.get("rita", "/fees/versions/2/text") == better.encode()


def test_of_two_editors_the_second_does_not_write_over_the_first(office: Office) -> None:
    tag = drafted(office)
    first = fees(2).replace("A fee.", "Asha's fee.")
    assert put(office, 2, first, tag).status_code == 200
    told = put(office, 2, fees(2).replace("A fee.", "Eddy's fee."), tag, who="eddy")
    error = told.get_json()["error"]
    assert (told.status_code, error["code"]) == (412, "EditedMeanwhile")
    assert error["details"][0]["digest"] == digest_of(first.encode())
    assert office.get("rita", "/fees/versions/2/text") == first.encode()


@pytest.mark.parametrize("tag", [None, "*", 'W/"x"', '"a", "b"'])
def test_whoever_does_not_say_which_text_they_read_writes_nothing(office: Office, tag: str | None) -> None:
    drafted(office)
    assert "`If-Match`" in str(put(office, 2, fees(2), tag).get_json()["error"])
    assert office.get("rita", "/fees/versions/2/text") == fees(2).encode()


def test_an_edit_after_submission_voids_what_was_approved(office: Office) -> None:
    tag = drafted(office)
    office.approved(2)
    better = fees(2).replace("A fee.", "A better fee.")
    assert put(office, 2, better, tag).status_code == 200
    error = office.refused("chen", "/fees/versions/2/activate", 409)
    assert "was edited after it was submitted" in error["message"]
    assert "+purpose: A better fee." in error["details"][0]["diff"]
    office.post("asha", "/fees/versions/2/submit")
    assert "is not approved" in office.refused("chen", "/fees/versions/2/activate", 409)["message"]


@pytest.mark.parametrize(
    ("version", "text", "status", "said"),
    [
        (1, fees(1).replace("A fee.", "B."), 409, "an activated version stays as it is"),
        (2, fees(3), 409, "another version than 2"),
        (2, fees(2).replace("base * 0", "bass * 0"), 422, "`bass`"),
        (9, fees(9), 404, "there is no version `fees@9`"),
    ],
    ids=["activated", "another number", "wrong", "not there"],
)
def test_what_may_not_be_written_anew_stays(office: Office, version: int, text: str, status: int, said: str) -> None:
    drafted(office)
    before = kept(office)
    tag = f'"{digest_of(before.get(f"fees/v{version}.yaml", b""))}"'
    told = put(office, version, text, tag)
    assert told.status_code == status
    assert said in str(told.get_json()["error"])
    assert kept(office) == before


def test_what_was_planned_once_keeps_its_text_when_it_is_taken_back(office: Office) -> None:
    tag = drafted(office)
    office.approved(2)
    office.post("chen", "/fees/versions/2/activate", **{"from": "2999-01-01"}, reason="later")
    office.post("chen", "/fees/rollback", to=1, reason="planned by mistake")
    told = put(office, 2, fees(2).replace("A fee.", "B."), tag)
    assert (told.status_code, told.get_json()["error"]["code"]) == (422, "PolicyRefused")
    assert (office.policies / "fees/v2.yaml").read_text() == fees(2)
    office.approved(2)


def test_a_link_to_another_version_is_not_written_through(office: Office) -> None:
    (office.policies / "fees/v2.yaml").symlink_to(office.policies / "fees/v1.yaml")
    told = put(office, 2, fees(2), f'"{digest_of(fees(1).encode())}"')
    assert (told.status_code, "is a link" in told.get_json()["error"]["message"]) == (409, True)
    assert (office.policies / "fees/v1.yaml").read_text() == fees(1)


@pytest.mark.parametrize(("who", "status"), [("bela", 403), ("chen", 403), ("rita", 403), ("", 401), ("quoting", 403)])
def test_an_editor_alone_writes(office: Office, who: str, status: int) -> None:
    drafted(office)
    before = kept(office)
    assert office.ask(who, "POST", "/fees/versions", data=fees(3), headers=YAML).status_code == status
    assert put(office, 2, fees(2) + "\n", f'"{digest_of(fees(2).encode())}"', who).status_code == status
    assert office.ask(who, "POST", "/check", json={"text": fees(2)}).status_code == status
    assert kept(office) == before
