"""`/v1/audit/...`: searched, shown, exported and verified over HTTP as by the commands, each reading on record."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, body, error_in
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from reviewing import decided, page, readings
from served import SECONDS, Server, ordain_here

from ordain.api import verification
from ordain.api.apart import ServerEnds
from ordain.api.http.routes import audit_export
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.limits import LIMITS as AUDIT_LIMITS

SEARCH, EXPORT = "/v1/audit/search", "/v1/audit/export"


def all_pages(client: FlaskClient, between: Any = lambda: None, **query: Any) -> list[dict[str, Any]]:
    found, after = list[dict[str, Any]](), {}
    while True:
        got = page(client, SEARCH, **query, **after)
        found += got["entries"]
        if not got["more"]:
            return found
        after = {"after": got["after"]}
        between()


@pytest.mark.parametrize(
    "query",
    [
        {"service": "plan-advice"},
        {"subject": "C-1"},
        {"outcome": "access.allowed=true"},
        {"kind": "any"},
    ],
)
def test_a_search_is_complete_and_the_same_whatever_is_recorded_meanwhile(
    use: Services, client: FlaskClient, query: dict[str, str]
) -> None:
    decided(client, "C-1", 5)
    decided(client, "C-1", 2, service="access")
    use.ledger.settle()

    def more() -> None:
        decided(client, "C-1")
        use.ledger.settle()

    there = {entry.id for entry in use.ledger.reader.entries()}
    found = all_pages(client, more, limit=2, **query)
    wanted = [each["entry_id"] for each in all_pages(client, limit=100, **query)]
    ids = [each["entry_id"] for each in found]
    assert len(ids) == len(set(ids)) >= 2
    assert set(ids) == {entry_id for entry_id in wanted if entry_id in set(map(str, there))}
    assert all(set(each) >= {"entry_id", "kind", "service", "verdict"} for each in found)


def test_a_search_looks_at_so_many_entries_for_one_page(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordain.audit.records.pages.LIMITS", AUDIT_LIMITS.__class__(pages_looked=2))
    decided(client, "C-1", 4, service="access")
    wanted = decided(client, "C-1", 1)
    use.ledger.settle()
    first = page(client, SEARCH, service="plan-advice")
    assert (first["entries"], first["more"]) == ([], True)
    assert [each["entry_id"] for each in all_pages(client, service="plan-advice")] == wanted


def test_envelopes_are_found_unrecorded_and_what_is_private_is_on_record_first(
    use: Services, client: FlaskClient
) -> None:
    (decision,) = decided(client, "C-1")
    use.ledger.settle()
    (row,) = page(client, SEARCH)["entries"]
    assert "subject" not in row
    assert readings(use) == []
    (found,) = page(client, SEARCH, subject="C-1", purpose="audit 7")["entries"]
    assert (found["entry_id"], found["subject"]) == (decision, "C-1")
    assert client.get(f"/v1/audit/entries/{decision}").get_json()["private"]["subject"] == "C-1"
    said = [(read.envelope["about"]["action"], read.private and read.private["ids"]) for read in readings(use)]
    assert said == [("http search", [decision]), ("http show", [decision])]


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%G-W%V-%u"])
def test_a_day_is_counted_to_its_end_however_it_is_written(use: Services, client: FlaskClient, form: str) -> None:
    decided(client, "C-1")
    use.ledger.settle()
    today = use.now().strftime(form)
    assert len(page(client, SEARCH, since=today, until=today)["entries"]) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"verdict": "maybe"}, "`verdict` is `maybe`"),
        ({"kind": "desision"}, "did you mean `decision`?"),
        ({"since": "yesterday"}, "since: `yesterday`"),
        ({"outcome": "advice"}, "not a condition"),
        ({"limit": "0"}, "`limit` is `0`"),
        ({"after": "x"}, "`after` is `x`"),
        ({"subject": "C-1", "after": "x"}, "`after` is `x`"),
        ({"purpose": " "}, "`purpose` must be a text"),
        ({"sevice": "x"}, "unknown parameter `sevice`"),
        ({"policy": ""}, "the parameter `policy` is empty"),
        ({"service": " "}, "`service` is empty"),
        ({"after": "0-999999999"}, "`after` is `0-999999999`"),
        ({"after": "5-2"}, "`after` is `5-2`"),
        ({"since": "2026-02-01", "until": "2026-01-31"}, "`since` is not before `until`"),
    ],
)
def test_a_search_that_cannot_be_understood_says_what_is_wrong(
    shared_client: FlaskClient, query: dict[str, str], said: str
) -> None:
    answer = shared_client.get(SEARCH, query_string=query)
    assert answer.status_code == 400
    error = error_in(answer.data)
    assert said in f"{error['message']} {error['details']}"


def test_an_export_is_the_commands_own_masked_for_its_role_and_on_record(use: Services, client: FlaskClient) -> None:
    ids = decided(client, "C-1", 3)
    use.ledger.settle()
    lines = {}
    for role in ("public", "analyst", "reviewer"):
        answer = client.get(EXPORT, query_string={"role": role})
        assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
        lines[role] = [json.loads(line) for line in answer.data.splitlines()]
        assert [line["export"]["role"] for line in lines[role]] == [role] * 3
    for role in ("public", "reviewer"):
        assert [line["entry_id"] for line in lines[role]] == ids
    assert "subject" not in lines["public"][0]
    assert [line.keys() for line in lines["analyst"]] == [{"entry_id", "export", "masked"}] * 3, "of one person"
    assert not {line["entry_id"] for line in lines["analyst"]} & set(ids)
    assert {line["subject"] for line in lines["reviewer"]} == {"C-1"}
    said = [(read.envelope["about"], (read.private or {})["query"]["role"]) for read in readings(use)]
    assert said == [({"action": "http export", "entries": 3}, role) for role in ("analyst", "reviewer")]


def test_an_export_has_a_longest_and_there_is_one_at_a_time_until_it_is_sent(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(client, "C-1", 3)
    use.ledger.settle()
    with monkeypatch.context() as patch:
        patch.setattr(audit_export, "LIMITS", LIMITS.__class__(export_bytes=0, export_looks=1))
        patch.setattr(audit_export, "_length", lambda folder: 1)
        told = client.get(EXPORT, query_string={"role": "reviewer"})
        assert (told.status_code, readings(use)) == (400, [])
        assert "the export is longer than 0 bytes" in error_in(told.data)["message"]
    under_way = client.get(EXPORT)
    assert client.get(EXPORT).status_code == 503
    under_way.close()
    for _ in range(2):
        assert len(client.get(EXPORT).data.splitlines()) == 3


def test_an_export_that_cannot_be_put_on_record_is_not_told(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(client, "C-1")
    use.ledger.settle()
    use.ledger.ledger.close()
    answer = client.get(EXPORT, query_string={"role": "reviewer"})
    assert answer.status_code >= 500
    assert b"C-1" not in answer.data


def test_the_verifier_runs_in_a_process_of_its_own_and_tells_its_evidence(use: Services, client: FlaskClient) -> None:
    decided(client, "C-1", 3)
    use.ledger.settle()
    evidence = client.post("/v1/audit/verify").get_json()
    assert (evidence["holds"], evidence["findings"], evidence["decisions"]) == (True, [], 3)
    assert evidence["anchors"] == 2
    size = use.ledger.reader.size()
    part = client.post("/v1/audit/verify", json={"from": 1, "to": 2}).get_json()
    assert (part["holds"], part["checked"]) == (True, 1)
    told = client.get("/v1/audit/checkpoint").get_json()
    assert (told["size"], told["key"]) == (size, use.ledger.identity.key)
    with_key = client.post("/v1/audit/verify", json={"sample": 2, "seed": 1, "key": told["key"]}).get_json()
    assert with_key["holds"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "0"}, "`from` is"),
        ({"sample": 1, "to": 2}, "a sample has no range"),
        ({"key": "no key"}, ""),
        ({"frm": 1}, "unknown field `frm`"),
        ({"from": 5, "to": 1}, ""),
        ({"to": True}, "`to` is"),
        ({"seed": 1}, "`seed` is that of a sample"),
        ({"to": 1.5}, "`to` is"),
    ],
)
def test_what_cannot_be_verified_is_a_400(
    use: Services, client: FlaskClient, asked: dict[str, object], said: str
) -> None:
    answer = client.post("/v1/audit/verify", json=asked)
    assert answer.status_code == 400, answer.data
    assert said in error_in(answer.data)["message"]


def test_one_verification_at_a_time_and_none_beyond_its_bound(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(client, "C-1")
    use.ledger.settle()
    with verification._alone(use.settings.database_url):
        answer = client.post("/v1/audit/verify")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(LIMITS.listen_seconds))
    monkeypatch.setattr(verification, "LIMITS", LIMITS.__class__(verify_seconds=0.0))
    answer = client.post("/v1/audit/verify")
    assert answer.status_code == 400
    assert "too long to be verified" in error_in(answer.data)["message"]
    monkeypatch.undo()
    assert client.post("/v1/audit/verify").get_json()["holds"]


def test_a_verification_is_given_up_when_the_server_is_to_end(use: Services) -> None:
    with pytest.raises(ServerEnds):
        verification.verified(use.settings, {}, lambda seconds: True)
    with verification._alone(use.settings.database_url):  # nobody holds it any more
        pass


def test_a_client_that_stops_reading_an_export_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    with Server(tmp_path, TMPDIR=str(tmp_path / "temporary")) as server:
        lines = b"\n".join(body(ADVICE) for _ in range(3_000))
        headers = {"Content-Type": "application/x-ndjson"}
        assert server.ask("POST", "/v1/decisions/plan-advice/batch", lines, headers).status == 200
        assert ordain_here(tmp_path, "audit", "checkpoint").returncode == 0
        for _ in range(3):
            connection = server.connection()
            connection.request("GET", f"{EXPORT}?role=reviewer")
            assert len(connection.getresponse().read(1_000)) == 1_000
            connection.close()
        whole = server.get(f"{EXPORT}?role=reviewer")
        assert len(whole.body.splitlines()) == 3_000
        assert int(whole.headers["content-length"]) == len(whole.body)
        assert [path.name for path in (tmp_path / "temporary").glob("ordain-export-*")] == []
        until = time.monotonic() + SECONDS
        while held(server, "export.jsonl") and time.monotonic() < until:
            time.sleep(0.05)
        assert held(server, "export.jsonl") == []


def held(server: Server, name: str) -> list[str]:
    """The files of that name that a process of the server has open, with a name or without."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if name in (target := os.readlink(link)) and str(server.folder) in target:
                found.append(target)
    return found


def test_served_an_export_comes_whole_and_says_its_length(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        for number in range(40):
            assert server.decide("plan-advice", f"C-{number}", {"usage_gb": 95, "plan_gb": 100}).status == 200
        assert ordain_here(tmp_path, "audit", "checkpoint").returncode == 0
        reply = server.get(f"{EXPORT}?role=reviewer")
        assert reply.status == 200
        assert int(reply.headers["content-length"]) == len(reply.body)
        assert {json.loads(line)["subject"] for line in reply.body.splitlines()} == {f"C-{n}" for n in range(40)}
        assert server.ask("POST", "/v1/audit/verify").json()["holds"]
        assert (server.ask("HEAD", EXPORT).status, server.ask("HEAD", f"{EXPORT}?role=nobody").status) == (200, 200)


NAMES = st.sampled_from(["subject", "service", "policy", "rule", "kind", "since", "until", "outcome", "after", "limit"])
WORDS = st.one_of(st.text(max_size=40), st.sampled_from(["any", "a.b=1", "2026-01-31", "9999-12-31", "7-3", "9" * 18]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([SEARCH, EXPORT, "/v1/subjects/C-1/decisions"]), st.dictionaries(NAMES, WORDS, max_size=3))
def test_whatever_is_asked_for_it_is_found_or_refused(
    shared_client: FlaskClient, path: str, query: dict[str, str]
) -> None:
    with shared_client.get(path, query_string=query) as answer:  # an export that nobody reads to its end is closed here
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            error_in(answer.data)
