"""`ordain audit search, show, explain, export, prove, consistency, verify-proof, reconcile` and `ordain replay`.

Whoever reads personal data is on record before anything of it is shown.
"""

from __future__ import annotations

import getpass
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from answers import RETENTION
from served import environment, ordain_here

from ordain.api.ledger import open_for
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    decide(tmp_path, "C-1")
    decide(tmp_path, "C-2", clv_tier="low", opted_out_channels=["e-mail"])
    return tmp_path


def decide(folder: Path, subject: str, **facts: object) -> str:
    (folder / "facts.json").write_text(json.dumps({**RETENTION, **facts}))
    at = ("--at", "2026-11-21T12:00:00+05:30", "--json")
    done = ordain_here(folder, "decide", "retention", "--subject", subject, "--facts", "facts.json", *at)
    assert done.returncode == 0, done.stderr
    decision_id: str = json.loads(done.stdout)["decision_id"]
    return decision_id


def search(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = ordain_here(folder, "audit", "search", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def id_of(folder: Path, rule: str) -> str:
    [one] = search(folder, "--rule", rule)
    decision_id: str = one["entry_id"]
    return decision_id


def readings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    monkeypatch.chdir(folder)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    opened = open_for(load_settings())
    try:
        return [record for record in opened.reader.records() if record.envelope["kind"] == Kind.READ]
    finally:
        opened.close()


def test_a_search_by_envelopes_leaves_no_trace_and_shows_nothing_personal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = search(folder, "--service", "retention")
    assert [row["verdict"] for row in rows] == ["deny", "permit"], "the newest comes first"
    assert not rows[0].keys() & {"subject", "outcome"}
    text = ordain_here(folder, "audit", "search", "--verdict", "deny").stdout
    assert "critical-low-value" in text
    assert "1 found" in text
    assert readings(folder, monkeypatch) == []


def test_a_search_by_subject_or_outcome_goes_on_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = search(folder, "--subject", "C-1", "--as", "anna", "--purpose", "a complaint")
    assert [(row["subject"], row["outcome"]["offer"]["action"]) for row in rows] == [("C-1", "personal call")]
    assert len(search(folder, "--outcome", "offer.action=e-mail")) == 1
    one, other = readings(folder, monkeypatch)
    assert one.envelope["about"] == {"action": "search", "entries": 1}
    assert one.private == {
        "actor": "anna",
        "user": getpass.getuser(),
        "purpose": "a complaint",
        "query": {"subject": "C-1", "kind": "decision"},
        "ids": [rows[0]["entry_id"]],
    }
    assert other.private is not None
    assert other.private["query"] == {"outcome": ["offer.action=e-mail"], "kind": "decision"}
    assert "C-1" not in json.dumps(one.envelope)


def test_who_read_about_a_subject_is_erased_with_the_subject(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search(folder, "--subject", "C-1")
    ordain_here(folder, "audit", "show", id_of(folder, "critical-high-value"))
    assert ordain_here(folder, "audit", "erase", "C-1", "--yes").returncode == 0
    assert [record.private for record in readings(folder, monkeypatch)] == [None, None]


def test_asking_for_an_unknown_subject_is_on_record_without_its_id(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert search(folder, "--subject", "C-404") == []
    [reading] = readings(folder, monkeypatch)
    assert reading.envelope["about"] == {"action": "search", "entries": 0}
    assert "C-404" not in str(reading.merged())


def test_times_without_an_offset_are_of_the_tenants_zone_and_a_last_day_is_whole(folder: Path) -> None:
    day = search(folder)[0]["recorded_at"][:10]
    assert search(folder, "--until", "2026-01-01") == []
    assert len(search(folder, "--since", "2020-01-01", "--until", "2100-01-01")) == 2
    assert search(folder, "--until", f"{day}T00:00:00+14:00") == []
    refused = ordain_here(folder, "audit", "search", "--since", "yesterday")
    assert refused.returncode == 2
    assert "--since: `yesterday` is not a date or moment" in refused.stderr
    for option, year in (("--since", "9999-12-31"), ("--until", "9001-01-01"), ("--at-since", "1969-12-31T23:00:00Z")):
        refused = ordain_here(folder, "audit", "search", option, year)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"{option}: `{year}` is not within the years 1970 to 9000" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--policy", ""), "`--policy` is empty"),
        (("search", "--since", "2026-02-01", "--until", "2026-01-31"), "`--since` is not before `--until`"),
        (("verify", "--seed", "7"), "`--seed` is that of a sample"),
        (("report", "--sample", "2", "--seed", ""), "`--seed` is empty"),
        (("report", "--sample", "2", "--seed", " "), "`--seed` is empty"),
    ],
)
def test_what_would_find_all_or_nothing_by_mistake_is_refused(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = ordain_here(folder, "audit", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_show_shows_all_of_an_entry_once_that_is_on_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision_id = id_of(folder, "critical-high-value")
    shown = json.loads(ordain_here(folder, "audit", "show", decision_id, "--json", "--as", "anna").stdout)
    assert shown["private"]["subject"] == "C-1"
    assert shown["envelope"]["id"] == decision_id
    assert "personal call" in ordain_here(folder, "audit", "show", decision_id).stdout
    assert [record.envelope["about"]["action"] for record in readings(folder, monkeypatch)] == ["show", "show"]


def test_an_unknown_entry_is_said_to_be_unknown(folder: Path) -> None:
    for command in ("show", "explain", "prove"):
        unknown = ordain_here(folder, "audit", command, "0192f000-0001-7000-8000-00000000abcd")
        assert (unknown.returncode, "there is no entry" in unknown.stderr) == (2, True), command
        malformed = ordain_here(folder, "audit", command, "one")
        assert (malformed.returncode, "is not an entry id" in malformed.stderr) == (2, True), command
    [ledger] = search(folder, "--kind", "ledger")
    assert "is not a decision" in ordain_here(folder, "audit", "explain", ledger["entry_id"]).stderr


def test_a_restricted_record_is_shown_for_a_legal_claim_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision_id = id_of(folder, "critical-high-value")
    assert ordain_here(folder, "audit", "hold", "C-1").returncode == 0
    ordain_here(folder, "audit", "erase", "C-1", "--yes", "--not-before", "2090-01-01")
    for command in ("show", "explain"):
        hidden = ordain_here(folder, "audit", command, decision_id)
        assert "personal call" not in hidden.stdout
        assert "restricted" in hidden.stdout or "legal claim" in hidden.stdout
        assert "personal call" in ordain_here(folder, "audit", command, decision_id, "--legal-claim", "7 C 1/26").stdout
    assert ordain_here(folder, "audit", "show", decision_id, "--legal-claim", " ").returncode == 2
    claims = [record.envelope["about"]["action"] for record in readings(folder, monkeypatch)]
    assert claims == ["show", "explain"], "what was not shown was not read"


def test_explain_writes_to_the_customer(folder: Path) -> None:
    decision_id = id_of(folder, "critical-high-value")
    text = ordain_here(folder, "audit", "explain", decision_id).stdout
    assert text.startswith("# Our decision of 21 November 2026 at 12:00 (UTC+05:30)")
    assert "Very likely to leave and among our most valuable customers." in text
    assert json.loads(ordain_here(folder, "audit", "explain", decision_id, "--json").stdout)["subject"] == "C-1"


def test_explain_finds_the_smallest_change_with_another_result(folder: Path) -> None:
    decision_id = id_of(folder, "critical-high-value")
    text = ordain_here(folder, "audit", "explain", decision_id, "--counterfactual").stdout
    assert "\n## The smallest change that gives another result\n" in text
    told = json.loads(ordain_here(folder, "audit", "explain", decision_id, "--counterfactual", "--json").stdout)
    [change] = told["counterfactual"]["changes"]
    assert change == {"fact": "offers_last_90_days", "was": "0", "instead": "3"}
    assert told["counterfactual"]["outcome"]["offer"]["action"] == "none"
    assert "- `offers_last_90_days` 3 instead of 0\n" in text


def test_an_export_of_more_than_envelopes_goes_on_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 entries" in ordain_here(folder, "audit", "export", "public.csv").stdout
    assert readings(folder, monkeypatch) == []
    done = ordain_here(folder, "audit", "export", "some.jsonl", "--role", "analyst", "--json")
    assert json.loads(done.stdout) == {
        "file": "some.jsonl",
        "entries": 2,
        "unreadable": 0,
        "statuses": {"readable": 2},
        "export": {
            **{"role": "analyst", "pseudonymous": True, "alike": 5, "entries": 2},
            **{"coarser": 0, "masked": 2, "unlinked": 0},
        },
    }
    assert ordain_here(folder, "audit", "export", "all.csv", "--alike", "3").returncode == 2
    assert "C-1" not in (folder / "some.jsonl").read_text()
    [reading] = readings(folder, monkeypatch)
    assert reading.private is not None
    assert reading.envelope["about"] == {"action": "export", "entries": 2}
    assert reading.private["query"] == {"kind": "decision", "role": "analyst", "file": "some.jsonl"}
    assert ordain_here(folder, "audit", "export", "some.jsonl").returncode == 2
    assert ordain_here(folder, "audit", "export", "some.txt").returncode == 2


def test_a_proof_verifies_with_the_public_key_in_another_place(folder: Path, tmp_path: Path) -> None:
    decision_id = id_of(folder, "critical-high-value")
    proven = json.loads(ordain_here(folder, "audit", "prove", decision_id, "--json").stdout)
    away = tmp_path / "away"
    away.mkdir()
    (away / "proof").write_text(proven["proof"])
    (away / "key").write_text(proven["key"] + "\n")
    holds = ordain_here(away, "audit", "verify-proof", "proof", "--key", "key", "--entry-id", decision_id)
    assert (holds.returncode, "holds" in holds.stdout) == (0, True), holds.stderr
    wrong = ordain_here(away, "audit", "verify-proof", "proof", "--key", proven["key"], "--leaf-hash", "00")
    assert (wrong.returncode, "another entry" in wrong.stderr) == (1, True)
    assert ordain_here(away, "audit", "verify-proof", "proof", "--key", "no key").returncode == 2
    (away / "proof").write_text(proven["proof"].replace("index 1", "index 2"))
    assert ordain_here(away, "audit", "verify-proof", "proof", "--key", "key").returncode == 1
    assert ordain_here(folder, "audit", "prove", decision_id, "-o", "p").stdout.startswith("p; it verifies with")
    assert (folder / "p").read_text().startswith("c2sp.org/tlog-proof@v1\n")


def test_consistency_is_between_checkpoints_on_record(folder: Path) -> None:
    first = ordain_here(folder, "audit", "consistency", "1")
    sizes = json.loads(ordain_here(folder, "audit", "consistency", "3", "3", "--json").stdout)
    assert (sizes["old"]["size"], sizes["proof"], sizes["new"]["size"]) == (3, [], 3)
    assert first.returncode == 2
    assert "nearest: 2, 3" in first.stderr


def test_reconcile_says_what_is_wrong_and_ends_with_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision_id = id_of(folder, "critical-high-value")
    (folder / "done.csv").write_text(f"decision_id,who,outcome.offer.action\n{decision_id},C-1,personal call\n")
    agrees = ordain_here(folder, "audit", "reconcile", "done.csv", "--subject-column", "who")
    assert (agrees.returncode, "all agree" in agrees.stdout) == (0, True), agrees.stdout
    (folder / "done.csv").write_text(f"decision_id,outcome.offer.action\n{decision_id},=e-mail\n")
    differs = ordain_here(folder, "audit", "reconcile", "done.csv", "--csv", "findings.csv", "--json")
    assert differs.returncode == 1
    data = json.loads(differs.stdout)
    assert (data["agrees"], data["counts"]["differs"]) == (False, 1)
    assert "row 1: differs" in ordain_here(folder, "audit", "reconcile", "done.csv").stdout
    assert (folder / "findings.csv").read_text().startswith("wrong,row,decision_id,subject,message\ndiffers,1,")
    (folder / "bad.csv").write_text("decision_id\nzz\n")
    refused = ordain_here(folder, "audit", "reconcile", "bad.csv")
    assert (refused.returncode, "row 1, column `decision_id`: `zz`" in refused.stderr) == (2, True)
    actions = [record.envelope["about"]["action"] for record in readings(folder, monkeypatch)]
    assert actions == ["reconcile"] * 3


def test_replay_takes_one_a_range_or_all(folder: Path) -> None:
    decision_id = id_of(folder, "critical-high-value")
    assert "1 replayed, all agree" in ordain_here(folder, "replay", decision_id).stdout
    assert "2 replayed, all agree" in ordain_here(folder, "replay", "--all").stdout
    assert json.loads(ordain_here(folder, "replay", "--from", "2", "--to", "3", "--json").stdout) == {
        "replayed": 1,
        "agreeing": 1,
        "skipped": {},
        "parts": {},
        "differing": {},
    }
    assert ordain_here(folder, "audit", "erase", "C-1", "--yes").returncode == 0
    after = ordain_here(folder, "replay", "--all")
    assert (after.returncode, "1 erased: cannot be replayed" in after.stdout) == (0, True)
    for wrong in ((), ("--all", decision_id), ("--all", "--from", "1"), (decision_id, "--to", "3"), ("one",)):
        assert ordain_here(folder, "replay", *wrong).returncode == 2


def test_a_person_gets_all_that_was_decided_about_them_once_that_is_on_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ordain_here(folder, "audit", "package", "C-1", "c-1.zip", "--as", "dpo", "--own-request", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"file": "c-1.zip", "decisions": 1, "unreadable": 0, "events": 0}
    assert (folder / "c-1.zip").stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(folder / "c-1.zip") as archive:
        assert {"decisions.json", "your-data.json", "your-data.csv"} < set(archive.namelist())
    [read] = readings(folder, monkeypatch)
    private = read.private or {}
    assert (private["actor"], private["own_request"], len(private["ids"])) == ("dpo", True, 1)
    assert private["purpose"] == "the person asked for their data (GDPR Articles 15 and 20)"
    again = ordain_here(folder, "audit", "package", "C-1", "c-1.zip")
    assert (again.returncode, "already exists" in again.stderr) == (2, True)
    nobody = ordain_here(folder, "audit", "package", "C-9", "c-9.zip")
    assert (nobody.returncode, (folder / "c-9.zip").exists()) == (2, False)


def test_a_letter_names_the_sender_of_the_settings(folder: Path) -> None:
    (folder / "letter.yaml").write_text("controller: We\ncontact: care@we.example\n")
    decision_id = search(folder, "--subject", "C-1")[0]["entry_id"]
    done = ordain_here(folder, "audit", "explain", decision_id, ORDAIN_LETTER="letter.yaml")
    assert "Turn to: care@we.example" in done.stdout
    (folder / "letter.yaml").write_text("controller: We\n")
    refused = ordain_here(folder, "audit", "explain", decision_id, ORDAIN_LETTER="letter.yaml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "letter.yaml:1" in refused.stderr
