"""The at-risk list, by the command and over HTTP; SYNTHETIC customers, invented."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from leavers import fill_store
from served import make_live, ordain_here, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.audit.entry.entry import Kind
from ordain.models.store.store import FeatureStore

LIST = ("models", "at-risk", "--json", "--limit", "1000")
COUNT = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of whom some left, and a live version that learned from it."""
    folder = tmp_path_factory.mktemp("at_risk")
    fill_store(folder, COUNT)
    done = ordain_here(folder, "train", "churn", "--from-store", "--json")
    assert done.returncode == 0, done.stderr
    make_live(settings_in(folder), 1)
    return folder


def told(folder: Path, *more: str) -> dict[str, Any]:
    done = ordain_here(folder, *LIST, *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_everybody_is_listed_but_who_objected_and_who_left(folder: Path) -> None:
    found = told(folder)
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        all_of = {each: store.export(each) for each in store.subjects()}
    gone = {name for name, own in all_of.items() if "'kind': 'cancelled'" in str(own["events"])}
    objected = {name for name, own in all_of.items() if "'marketing_objection': True" in str(own["snapshots"])}
    assert gone
    assert objected - gone
    assert {row["subject"] for row in found["rows"]} == all_of.keys() - gone - objected
    assert found["left_out"] == {"objected": len(objected - gone), "gone": len(gone), "not_scored": 0}


def test_value_at_risk_is_twelve_monthly_prices_times_the_probability_and_adds_up(folder: Path) -> None:
    found = told(folder, "--days", "30")
    for row in found["rows"]:
        assert row["value_from"] == "12 x current_price"
        assert abs(Decimal(row["value_at_risk"]) - Decimal(row["value"]) * Decimal(row["probability"])) <= Decimal(
            "0.005"
        )
    amounts = [Decimal(row["value_at_risk"]) for row in found["rows"]]
    assert amounts == sorted(amounts, reverse=True)
    for by in ("levels", "segments"):
        assert (
            sum(Decimal(each["value_at_risk"]) for each in found[by]) == Decimal(found["value_at_risk"]) == sum(amounts)
        )
        assert sum(each["people"] for each in found[by]) == found["people"] == len(amounts)


def test_reasons_are_sentences_and_name_nothing_protected(folder: Path) -> None:
    reasons = [reason for row in told(folder)["rows"] for reason in row["reasons"]]
    assert any(each.startswith("days since the last login: ") and each.endswith("more risk") for each in reasons)
    assert not [each for each in reasons if "direct marketing" in each or "vulnerable" in each]


def test_a_level_means_that_level_and_those_above(folder: Path) -> None:
    whole, high = told(folder), told(folder, "--level", "medium")
    expected = [row["subject"] for row in whole["rows"] if row["level"] in ("medium", "high", "critical")]
    assert [row["subject"] for row in high["rows"]] == expected
    assert 0 < len(expected) < whole["people"]
    assert told(folder, "--segment", "nobody's")["people"] == 0


def test_the_file_holds_everybody_however_few_are_shown(folder: Path) -> None:
    done = ordain_here(folder, "models", "at-risk", "--limit", "1", "--csv", "out.csv")
    assert done.returncode == 0, done.stderr
    with (folder / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whole = told(folder)
    assert [row["subject"] for row in rows] == [row["subject"] for row in whole["rows"]]
    assert f"{whole['people']:,} rows are in out.csv" in done.stdout


def test_pages_over_http_are_the_list_of_the_command_and_each_is_on_record(folder: Path) -> None:
    use = wire(settings_in(folder))
    try:
        client = app_for(use).test_client()
        first = client.get("/v1/models/churn/at-risk?limit=200&purpose=campaign").get_json()
        second = client.get(f"/v1/models/churn/at-risk?limit=200&after={first['next']}").get_json()
        assert second["next"] is None
        expected = [row["subject"] for row in told(folder)["rows"]]
        assert [row["subject"] for row in (*first["rows"], *second["rows"])] == expected
        use.ledger.settle()
        reads = [each for each in use.ledger.reader.records() if each.envelope["kind"] == Kind.READ]
        noted = next(each.private for each in reads if each.private and each.private["purpose"] == "campaign")
        assert noted["query"] == {"model": "churn@1", "days": 90, "level": None, "segment": None, "after": 0}
        assert "SYNTHETIC" not in str(noted)
        for wrong in ("days=45", "level=huge", "after=x", "limit=0"):
            assert client.get(f"/v1/models/churn/at-risk?{wrong}").status_code == 400, wrong
    finally:
        use.close()


def test_without_a_store_or_a_live_version_it_says_what_to_do(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, *LIST)
    assert (done.returncode, "ordain ingest FILE" in done.stderr) == (2, True)
    fill_store(tmp_path, 3)
    done = ordain_here(tmp_path, *LIST)
    assert "train it: ordain train churn" in done.stderr
