"""Rows on their way in: which are taken, what is said of the others, and what they say in the store."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from row_taker import NOW, take_in

from ordain.models.store.store import FeatureStore

ROOT = Path(__file__).parents[3]
CASES: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/cases/ingest/rows.yaml").read_text(encoding="utf-8"))


def lines(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def usage(day: int = 1, **more: Any) -> dict[str, Any]:
    return {"subject": "C-1", "kind": "usage", "happened_at": f"2026-05-{day:02}T10:00:00Z", "gb": 2} | more


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['row']}"[:90])
def test_a_row_is_taken_or_is_in_quarantine_with_the_one_reason(
    sqlite_store: FeatureStore, tmp_path: Path, case: dict[str, Any]
) -> None:
    file = lines(tmp_path, case["row"])
    taken = take_in(sqlite_store, file, skew=dt.timedelta(seconds=30))
    if "taken" in case:
        assert (taken.added, taken.quarantined) == (1, 0), taken.told
        assert take_in(sqlite_store, file, skew=dt.timedelta(seconds=30)).repeated == 1
        return
    assert (taken.added, taken.quarantined) == (0, 1)
    ((_, (reason,)),) = taken.told
    assert case["said"] in reason
    (kept,) = sqlite_store.quarantined()
    assert (kept.file, kept.line, kept.reasons, kept.at) == ("rows.jsonl", 1, (reason,), NOW)
    assert json.loads(kept.raw) == case["row"]


def test_all_that_is_wrong_with_a_row_is_said_at_once(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    taken = take_in(sqlite_store, lines(tmp_path, {"happened_at": "soon", "known_at": "later", "gb": "x"}))
    ((_, reasons),) = taken.told
    assert [reason.partition(":")[0] for reason in reasons] == [
        *("`subject` is missing", "`kind` is missing", "`happened_at`", "`known_at`")
    ]


def test_good_rows_are_taken_beside_bad_ones_whatever_the_database(store: FeatureStore, tmp_path: Path) -> None:
    file = lines(tmp_path, usage(1), usage(2, gb="x"), usage(3, subject=""), usage(4))
    taken = take_in(store, file)
    assert (taken.added, taken.repeated, taken.quarantined) == (2, 0, 2)
    assert [row.line for row in taken.told] == [2, 3]
    assert [event.fields for event in store.events_of("C-1")] == [{"gb": "2"}, {"gb": "2"}]


def test_the_same_file_again_adds_nothing_not_even_to_the_quarantine(store: FeatureStore, tmp_path: Path) -> None:
    crm = {"subject": "C-1", "snapshot": "crm", "happened_at": "2026-05-01T10:00:00Z", "plan": "basic"}
    file = lines(tmp_path, usage(1, event_id="a"), usage(2), crm, usage(3, gb="x"))
    assert (first := take_in(store, file)).added == 3
    second = take_in(store, file)
    assert (second.added, second.repeated, second.quarantined) == (0, 3, first.quarantined)
    assert len(store.quarantined()) == 1


def test_events_without_an_id_that_say_the_same_are_one_and_that_is_said(
    sqlite_store: FeatureStore, tmp_path: Path
) -> None:
    taken = take_in(sqlite_store, lines(tmp_path, usage(1), usage(1, gb=2.0), usage(1, gb=3)))
    assert (taken.added, taken.repeated) == (2, 1)
    assert taken.notes[0].startswith("3 events without `event_id`: a digest of the row is the id")


def test_an_event_whose_id_says_something_else_is_refused_and_the_first_one_stays(
    sqlite_store: FeatureStore, tmp_path: Path
) -> None:
    taken = take_in(sqlite_store, lines(tmp_path, usage(1, event_id="a"), usage(1, event_id="a", gb=3)))
    assert (taken.added, taken.quarantined) == (1, 1)
    assert "is there already, and says something else" in taken.told[0].reasons[0]
    assert [event.fields["gb"] for event in sqlite_store.events_of("C-1")] == ["2"]


def test_a_time_without_an_offset_is_one_of_the_tenants_zone_and_is_counted(
    sqlite_store: FeatureStore, tmp_path: Path
) -> None:
    taken = take_in(sqlite_store, lines(tmp_path, usage(happened_at="2026-05-01 10:00:00")))
    (event,) = sqlite_store.events_of("C-1")
    assert event.happened == dt.datetime(2026, 5, 1, 4, 30, tzinfo=dt.UTC)
    assert taken.notes[0] == "1 time without an offset, taken in the time zone of tenant or mapping"


def test_what_no_feature_reads_is_kept_and_counted_or_refused_when_that_is_asked(
    sqlite_store: FeatureStore, tmp_path: Path
) -> None:
    file = lines(tmp_path, usage(1, kind="visit"), usage(2, mood="good"))
    taken = take_in(sqlite_store, file)
    assert taken.added == 2
    assert taken.notes[1:] == (
        "no feature reads `visit` (1); kept all the same",
        "no feature reads the fields `mood` of `usage` (1); kept all the same",
    )
    strict = take_in(sqlite_store, file, strict=True)
    said = [row.reasons for row in strict.told]
    assert said == [("no feature reads `visit`",), ("no feature of `usage` reads `mood`",)]


def test_without_known_at_a_row_becomes_known_when_it_comes_in(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    take_in(sqlite_store, lines(tmp_path, usage(10), usage(11, known_at="2026-05-11T11:00:00Z")))
    assert [event.known for event in sqlite_store.events_of("C-1")] == [
        *(NOW, dt.datetime(2026, 5, 11, 11, tzinfo=dt.UTC))
    ]
    earlier = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
    assert str(sqlite_store.read("C-1", ["usage_gb"], earlier)["usage_gb"].value) == "2"
    assert str(sqlite_store.read("C-1", ["usage_gb"], NOW)["usage_gb"].value) == "4"
