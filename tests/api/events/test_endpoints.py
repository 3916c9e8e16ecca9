"""The file of endpoints: what it says, and what is said about what is wrong in it, with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from receiver import SECRET

from ordain.api.events.endpoints import Endpoint, endpoint_named, load_endpoints
from ordain.engine.errors import SettingsError

GOOD = """\
endpoints:
  crm:
    url: https://crm.example.com/hooks
    types: [ordain.decision.recorded]
    secret variable: CRM_SECRET
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    monkeypatch.setenv("BAD_SECRET", "hunter2")


def _load(folder: Path, text: str) -> dict[str, Endpoint]:
    file = folder / "events.yaml"
    file.write_text(text)
    return load_endpoints(file)


def test_an_endpoint_is_given_no_personal_data_unless_it_says_so(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, GOOD)["crm"]
    assert not endpoint.is_personal
    assert not endpoint.private
    assert _load(tmp_path, f"{GOOD}    data: answer\n")["crm"].is_personal
    assert _load(tmp_path, f"{GOOD}    subjects: yes\n")["crm"].is_personal


def test_a_secret_is_in_no_text_that_an_endpoint_becomes(tmp_path: Path) -> None:
    assert "AAA" not in repr(_load(tmp_path, GOOD))


def test_a_secret_may_stand_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "crm.secret").write_text(f"{SECRET}\n{SECRET}\n")
    endpoint = _load(tmp_path, GOOD.replace("variable: CRM_SECRET", "file: crm.secret"))["crm"]
    assert endpoint.secrets == (b"AAA" * 11, b"AAA" * 11)


def test_an_endpoint_wants_types_by_pattern_and_services_by_name(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, GOOD.replace("decision.recorded", "*.recorded") + "    services: [retention]\n")["crm"]
    assert endpoint.wants("ordain.decision.recorded", "retention")
    assert not endpoint.wants("ordain.decision.recorded", "price-quote")
    assert not endpoint.wants("ordain.decision.made", "retention")
    assert not endpoint.wants("ordain.erasure.recorded", None)


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "hint"),
    [
        ("https", "http", "3:10", "`http://crm.example.com/hooks` is not encrypted", "private: allowed"),
        ("https", "ftp", "3:10", "`ftp://crm.example.com/hooks` is not a URL of the web", "https://host/path"),
        ("//crm", "//u:p@crm", "3:10", "a user or a password", "leave them out"),
        ("crm.example.com", "crm:99999", "3:10", "is not a URL", "https://host/path"),
        ("/hooks", "/hooks#a", "3:10", "`#a` is never sent", "leave it out"),
        ("//crm.example.com", '"//crm.example.com\\u0001', "3:10", "is not a URL of the web", "https://host/path"),
        ("/hooks", "/a b", "3:10", "is not a URL of the web", "https://host/path"),
        ("ordain.decision.recorded", "decision.recorded", "4:13", "there is no type `decision.recorded`", "ordain."),
        (
            "decision.recorded",
            "decison.recorded",
            "4:13",
            "no type `ordain.decison.recorded`",
            "ordain.decision.recorded",
        ),
        ("  crm:", "  CRM:", "2:3", "`CRM` is no name for an endpoint", "small letters"),
        ("    secret variable: CRM_SECRET\n", "", "3:5", "the endpoint `crm` has no secret", "secret variable"),
        ("CRM_SECRET", "NONE_SUCH", "5:22", "the variable `NONE_SUCH` is not set", "put the secret"),
        ("CRM_SECRET", "BAD_SECRET", "5:22", "the variable `BAD_SECRET`: it does not begin with `whsec_`", "make one"),
        ("variable: CRM_SECRET", "file: none", "5:18", "`none` cannot be read: no such file", "put the secret"),
        ("    url: https://crm.example.com/hooks\n", "", "3:5", "says not where it is", "`url`, `kafka` or `nats`"),
        ("types", "type", "4:5", "`type`", "did you mean `types`"),
        ("CRM_SECRET", "CRM_SECRET\n    data: everything", "6:11", "everything", "envelope"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_write_instead(
    tmp_path: Path, old: str, new: str, place: str, message: str, hint: str
) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, GOOD.replace(old, new, 1))
    told = [(str(issue.span), issue.message, issue.hint) for issue in caught.value.issues]
    assert any(span == f"events.yaml:{place}" and message in said and hint in so for span, said, so in told), told
    assert "hunter2" not in str(told)


def test_a_secret_is_not_read_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret")
    with pytest.raises(SettingsError, match="it is not a file, but a pipe or a device"):
        _load(tmp_path, GOOD.replace("variable: CRM_SECRET", "file: secret"))


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, GOOD.replace("https", "http").replace("CRM_SECRET", "NONE_SUCH"))
    assert len(caught.value.issues) == 2


def test_no_file_and_no_such_endpoint_are_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the setting `events` names no file"):
        load_endpoints(None)
    with pytest.raises(SettingsError, match=r"there is no file `none.yaml`"):
        load_endpoints(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="there is no endpoint `cmr`") as caught:
        endpoint_named(_load(tmp_path, GOOD), "cmr")
    assert caught.value.issues[0].hint == "did you mean `crm`?"
