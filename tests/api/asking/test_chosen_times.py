"""A time that a caller chose: the record marks it, reviewers find it, and some services take none."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, RETENTION, error_in
from flask.testing import FlaskClient
from served import ROOT, ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.entry.entry import StoredEntry

KEY = b'"about":{"as_of":true}'


def ask(client: FlaskClient, by: dt.timedelta | None, facts: dict[str, object] = ADVICE) -> dict[str, Any]:
    """A decision for a time so far from now."""
    at = None if by is None else (dt.datetime.now(dt.UTC) + by).isoformat()
    answer = client.post("/v1/decisions/plan-advice", json={"subject": "C-1", "facts": facts, "at": at})
    assert answer.status_code == 200, answer.data
    data: dict[str, Any] = answer.get_json()
    return data


def stored(use: Services, answer: dict[str, Any]) -> StoredEntry:
    use.ledger.settle()
    return next(each for each in use.ledger.reader.entries() if str(each.id) == answer["decision_id"])


@pytest.mark.parametrize(
    ("by", "marked"),
    [
        (None, False),
        (dt.timedelta(seconds=-20), False),
        (dt.timedelta(seconds=20), False),
        (dt.timedelta(days=-1), True),
        (dt.timedelta(minutes=-2), True),
        (dt.timedelta(days=300), True),
    ],
)
def test_a_time_that_differs_is_marked_where_nothing_has_to_be_opened(
    client: FlaskClient, use: Services, by: dt.timedelta | None, marked: bool
) -> None:
    entry = stored(use, ask(client, by))
    assert (KEY in entry.envelope) is marked
    assert (b"as_of" in entry.envelope) is marked


def test_how_far_it_may_differ_is_a_setting(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path, as_of_seconds=3_600))
    client = app_for(use).test_client()
    assert b"as_of" not in stored(use, ask(client, dt.timedelta(minutes=-50))).envelope
    assert KEY in stored(use, ask(client, dt.timedelta(minutes=-70))).envelope
    use.close()


def test_those_that_differ_are_found_by_command_and_over_http(
    client: FlaskClient, use: Services, tmp_path: Path
) -> None:
    ask(client, None)
    backdated, ahead = ask(client, dt.timedelta(days=-9)), ask(client, dt.timedelta(days=9))
    use.ledger.settle()
    wanted = {backdated["decision_id"], ahead["decision_id"]}
    found = client.get("/v1/audit/search?as_of_differs=true").get_json()["entries"]
    assert {row["entry_id"] for row in found} == wanted
    assert client.get("/v1/audit/search?as_of_differs=yes").status_code == 400
    done = ordain_here(tmp_path, "audit", "search", "--as-of-differs", "--json")
    assert {json.loads(line)["entry_id"] for line in done.stdout.splitlines()} == wanted
    text = ordain_here(tmp_path, "audit", "search", "--as-of-differs", "--open").stdout
    assert f"as of {backdated['at']}" in text
    record = client.get(f"/v1/decisions/{ahead['decision_id']}").get_json()
    assert (record["as_of"], record["at"]) == (True, ahead["at"])
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    assert ordain_here(tmp_path, "replay", "--all").returncode == 0


@pytest.mark.parametrize("role", ["public", "reviewer"])
def test_an_export_has_a_column_for_it(client: FlaskClient, use: Services, tmp_path: Path, role: str) -> None:
    now, backdated = ask(client, None), ask(client, dt.timedelta(days=-9))
    use.ledger.settle()
    out = tmp_path / "out.csv"
    done = ordain_here(tmp_path, "audit", "export", "--format", "csv", "--role", role, str(out))
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["entry_id"]: row["as_of"] for row in csv.DictReader(file)}
    assert (rows[now["decision_id"]], rows[backdated["decision_id"]]) == ("", "true")


def test_the_letter_says_as_of_when_and_which_rules_came_later(client: FlaskClient, use: Services) -> None:
    now, backdated = ask(client, None), ask(client, dt.timedelta(days=-9))
    use.ledger.settle()
    plain = client.get(f"/v1/decisions/{now['decision_id']}/explanation").get_json()
    assert (plain["as_of"], plain["unknown_then"], "as of" in plain["text"]) == (False, [], False)
    told = client.get(f"/v1/decisions/{backdated['decision_id']}/explanation").get_json()
    assert told["as_of"] is True
    assert told["unknown_then"] == [{"policy": "plan-advice", "version": 1}]
    day = dt.datetime.fromisoformat(backdated["at"])
    assert f"We decided this as of {day.day} {day:%B} {day.year} at {day:%H:%M}" in told["text"]
    assert "nothing had been decided here by these versions of our rules: `plan-advice@1`" in told["text"]


def test_rules_that_had_decided_before_that_time_are_not_named(client: FlaskClient, use: Services) -> None:
    ask(client, None)
    use.ledger.settle()
    later = ask(client, dt.timedelta(minutes=5))
    use.ledger.settle()
    told = client.get(f"/v1/decisions/{later['decision_id']}/explanation").get_json()
    assert (told["as_of"], told["unknown_then"]) == (True, [])


@pytest.fixture
def shipped(tmp_path: Path) -> Any:
    """The shipped services as they are."""
    use = wire(settings_in(tmp_path, policies=ROOT / "policies"))
    yield app_for(use).test_client()
    use.close()


def test_who_may_be_called_now_is_decided_by_the_clock_and_not_by_a_chosen_hour(
    shipped: FlaskClient, tmp_path: Path
) -> None:
    asked = {"subject": "C-1", "facts": RETENTION}
    now = shipped.post("/v1/decisions/retention", json=asked).get_json()
    clock = dt.datetime.fromisoformat(now["at"]).time()
    assert (now["verdict"] == "permit") is (dt.time(9) <= clock <= dt.time(21)), clock  # by the rule of India
    answer = shipped.post("/v1/decisions/retention", json={**asked, "at": "2026-06-01T12:00:00+05:30"})
    error = error_in(answer.data)
    assert answer.status_code == 400
    assert error["message"] == "the service `retention` takes no `at`: it decides for the moment it is asked"
    trial = shipped.post("/v1/decisions/retention/dry-run", json={**asked, "at": "2026-06-01T12:00:00+05:30"})
    assert (trial.status_code, trial.get_json()["dry_run"]) == (200, True)
    assert "decision_id" not in trial.get_json()
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({**asked, "at": "2026-06-01T12:00:00+05:30"}) + "\n" + json.dumps(asked) + "\n")
    environment = {"ORDAIN_POLICIES": str(ROOT / "policies")}
    done = ordain_here(tmp_path, "decide", "retention", "--table", str(rows), **environment)
    assert (done.returncode, "takes no `at`" in done.stdout) == (1, True), done.stdout + done.stderr
    facts_file = tmp_path / "facts.json"
    facts_file.write_text(json.dumps(RETENTION))
    arguments = ("--subject", "C-1", "--facts", str(facts_file), "--at", "2026-06-01T12:00:00+05:30")
    assert ordain_here(tmp_path, "decide", "retention", *arguments, **environment).returncode == 2
    assert ordain_here(tmp_path, "decide", "retention", *arguments, "--dry-run", **environment).returncode == 0
