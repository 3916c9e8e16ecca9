"""How many findings each version has: counted once for the texts as they are, and again when they change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from callers import a_key_for_each
from office import Office
from served import edit, settings_in

from ordain.api.lifecycle.examined import ExaminesAlready
from ordain.api.lifecycle.findings_counted import CountedFindings
from ordain.api.services import wire
from ordain.engine.catalog import read_texts


@pytest.fixture
def office(policies: Path, tmp_path: Path) -> Iterator[Office]:
    headers = a_key_for_each(tmp_path)
    use = wire(settings_in(tmp_path, policies=policies))
    yield Office(use, headers)
    use.close()


def found(office: Office, query: str = "") -> Any:
    told = office.client.get(f"/v1/findings{query}", headers=office.headers["reviewer"])
    assert told.status_code == 200, told.data
    return told.get_json()["versions"]


def test_what_a_check_finds_is_counted_by_version_and_known_until_a_text_changes(office: Office) -> None:
    assert found(office, "?count=known") is None
    counts = {(each["policy"], each["version"]): each["counts"] for each in found(office)}
    assert counts["retention-offer", 1]["error"] == 0
    assert found(office, "?count=known") == found(office)
    edit(office.policies / "retention-offer/v1.yaml", 'churn_risk: "> 0.80", clv_tier: high', "churn_rusk: 1")
    assert found(office, "?count=known") is None
    again = {(each["policy"], each["version"]): each["counts"] for each in found(office)}
    assert again["retention-offer", 1]["error"] > 0
    assert again["plan-advice", 1] == counts["plan-advice", 1]
    refused = office.client.get("/v1/findings?count=knwon", headers=office.headers["reviewer"])
    assert refused.status_code == 400
    assert refused.get_json()["error"]["details"][0]["hint"] == "did you mean `known`?"


def test_only_one_counts_at_a_time_and_another_day_is_counted_anew(policies: Path) -> None:
    texts, kept = read_texts(policies), CountedFindings()
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> dict[str, Any]:
        begun.set()
        assert go_on.wait(60)
        return {file: {"error": 0} for file in texts.policies}

    first = threading.Thread(target=kept.counted, args=(texts, "monday", slow))
    first.start()
    assert begun.wait(60)
    with pytest.raises(ExaminesAlready):
        kept.counted(texts, "monday", slow)
    go_on.set()
    first.join()
    assert len(kept.known(texts, "monday") or ()) == len(texts.policies)
    assert kept.known(texts, "tuesday") is None
