"""`GET /v1/subjects/<subject>/decisions`: all of them, newest first, page by page, and only those that one may see."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from answers import error_in
from flask.testing import FlaskClient
from reviewing import decided, page, readings
from served import edit, settings_in

from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.access.rights import ROLES
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.limits import LIMITS as AUDIT_LIMITS
from ordain.audit.privacy.erasure import erase

ABOUT = "/v1/subjects/C-1/decisions"


def test_pages_have_each_decision_once_newest_first_while_new_ones_come(use: Services, client: FlaskClient) -> None:
    wanted = decided(client, "C-1", 7)
    decided(client, "C-2", 2)
    told, after, pages = list[str](), None, 0
    while True:
        got = page(client, ABOUT, limit=3, **({"after": after} if after else {}))
        told += [each["decision_id"] for each in got["decisions"]]
        after, pages = got["after"], pages + 1
        decided(client, "C-1")
        assert got["more"] == (after is not None)
        if not got["more"]:
            break
    assert told == wanted[::-1]
    assert pages >= 3


def test_a_decision_is_told_with_what_was_decided_and_the_page_is_one_entry(use: Services, client: FlaskClient) -> None:
    ids = decided(client, "C-1", 3)
    got = page(client, ABOUT, limit=2, purpose="complaint 4711")
    record = client.get(f"/v1/decisions/{ids[2]}").get_json()
    (newest, _) = got["decisions"]
    assert newest["decision_id"] == ids[2]
    for name in ("recorded_at", "service", "status", "verdict", "outcome", "reasons", "at", "private_part"):
        assert newest[name] == record[name], name
    (read, _) = readings(use)  # the second is that of the record
    assert read.envelope["about"] == {"action": "http decisions", "entries": 2}
    assert read.private is not None
    assert (read.private["actor"], read.private["purpose"]) == ("http", "complaint 4711")
    assert read.private["ids"] == [ids[2], ids[1]]


def test_who_is_not_known_and_who_was_erased_have_the_same_page_and_no_key_is_made(
    use: Services, client: FlaskClient
) -> None:
    decided(client, "C-1", 2)
    erase(use.ledger, "C-1", private={"actor": "test", "reason": "test"})
    answers = [client.get(path) for path in (ABOUT, "/v1/subjects/never/decisions")]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].data == answers[1].data == b'{"decisions":[],"after":null,"more":false}'
    assert use.ledger.reader.ids_of("never") == []
    assert all("C-1" not in str(read.private) for read in readings(use))


def test_a_page_looks_at_so_many_entries_and_says_that_there_are_more(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordain.audit.records.pages.LIMITS", AUDIT_LIMITS.__class__(pages_looked=2))
    wanted = decided(client, "C-1", 2)
    for _ in range(3):
        page(client, ABOUT)  # each reading is an entry about the subject, and no decision
    told, got = list[str](), page(client, ABOUT)
    assert (got["decisions"], got["more"]) == ([], True)
    while got["more"]:
        got = page(client, ABOUT, after=got["after"])
        told += [each["decision_id"] for each in got["decisions"]]
    assert told == wanted[::-1]


def test_a_caller_of_one_service_is_told_of_no_decision_of_another(
    tmp_path: Path,
) -> None:
    keeper = KeyKeeper(tmp_path / "keys/callers.json", lambda *_: None, lambda: dt.datetime.now(dt.UTC), "tests")
    use = wire(settings_in(tmp_path))
    keys = {
        name: keeper.make(name, ROLES, services).text for name, services in (("all", ()), ("one", ("plan-advice",)))
    }
    client = app_for(use).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['all']}"
    ours, other = decided(client, "C-1"), decided(client, "C-1", service="access")
    every = page(client, ABOUT)["decisions"]
    assert [each["decision_id"] for each in every] == [*other, *ours]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['one']}"
    assert [each["decision_id"] for each in page(client, ABOUT)["decisions"]] == ours
    assert [each["entry_id"] for each in page(client, "/v1/audit/search", kind="any")["entries"]] == ours
    assert [each["entry_id"] for each in page(client, "/v1/audit/search", subject="C-1")["entries"]] == ours
    for name in ("access", "none"):  # what it may not ask is as unknown to it as what there is not
        refused = client.get("/v1/audit/search", query_string={"service": name})
        assert (refused.status_code, f"no service `{name}`" in refused.get_json()["error"]["message"]) == (400, True)
    exported = client.get("/v1/audit/export", query_string={"role": "reviewer", "kind": "any"}).data
    assert ours[0].encode() in exported
    assert other[0].encode() not in exported
    for method in ("GET", "HEAD"):
        assert client.open(f"/v1/audit/entries/{other[0]}", method=method).status_code == 404
        assert client.open(f"/v1/audit/entries/{ours[0]}", method=method).status_code == 200
    named = [read.private["actor"] for read in readings(use) if read.private]
    assert set(named) == {"all", "one"}
    use.close()


def test_who_may_search_and_not_read_records_is_told_no_outcome_and_finds_nothing_by_one(
    tmp_path: Path, policies: Path
) -> None:
    edit(
        policies / "access/v1.yaml",
        '"dry run", "describe services", "read record", "settle review", "explain"',
        '"dry run", "describe services", "explain"',
    )
    keeper = KeyKeeper(tmp_path / "keys/callers.json", lambda *_: None, lambda: dt.datetime.now(dt.UTC), "tests")
    keys = {role: keeper.make(role, [role]).text for role in ("app", "approver")}
    use = wire(settings_in(tmp_path, policies=policies))
    client = app_for(use).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['app']}"
    (decision,) = decided(client, "C-1")
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['approver']}"
    (row,) = page(client, ABOUT)["decisions"]
    assert set(row) == {"decision_id", "recorded_at", "service", "status", "verdict", "policies"}
    shown = client.get(f"/v1/audit/entries/{decision}").get_json()
    assert (shown["private"], shown["envelope"]["id"]) == (None, decision)
    for query in ({"subject": "C-1"}, {"outcome": "action=x"}, {"decision": "x"}):
        answer = client.get("/v1/audit/search", query_string=query)
        assert (answer.status_code, error_in(answer.data)["code"]) == (403, "NotPermitted")
    assert [r.envelope["about"]["action"] for r in readings(use)] == ["http decisions"]
    use.close()
