"""Rows of the feature store to train on, held to plain Python; SYNTHETIC customers, invented."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from plain_features import value_at

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.models.ingest.invented import records
from ordain.models.specs.catalogue import spec_of
from ordain.models.specs.churn import CHURN
from ordain.models.store.records import Event, Snapshot
from ordain.models.store.store import FeatureStore
from ordain.models.training.from_store import Cut, Row, rows_to_learn, table_from_store
from ordain.models.training.train import table_for

DAY = dt.timedelta(days=1)
END = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
CUT = Cut("cancelled", 30, 90)


def nobody(subjects: object) -> frozenset[str]:
    return frozenset()


def left(subject: str, days_ago: float, known_ago: float | None = None) -> Event:
    moment = END - days_ago * DAY
    known = moment if known_ago is None else END - known_ago * DAY
    return Event(f"{subject}-left-{days_ago}", subject, "cancelled", moment, known)


def filled(store: FeatureStore, count: int = 60) -> dict[str, list[Event | Snapshot]]:
    """Records up to the end, some known late, and who left at random days."""
    drawn = random.Random(4)  # noqa: S311 - SYNTHETIC
    events, snapshots = records(count, 3, END)
    moved = [
        Event(each.id, each.subject, each.kind, each.happened, each.known + drawn.choice((0, 0, 20)) * DAY, each.fields)
        for each in events
    ]
    subjects = sorted({each.subject for each in events})
    moved += [left(subject, drawn.uniform(0.2, 100)) for subject in subjects if drawn.random() < 0.5]
    store.add(moved)
    store.put(snapshots)
    of: dict[str, list[Event | Snapshot]] = {}
    for each in (*moved, *snapshots):
        of.setdefault(each.subject, []).append(each)
    return of


def test_the_rows_are_what_plain_python_makes_of_the_same_records(store: FeatureStore) -> None:
    of = filled(store)
    text, mapping = table_from_store(CHURN, store, CUT, END, objected=nobody)
    table, _ = table_for(CHURN, text, mapping, 0, 0)
    rows, _ = rows_to_learn(store, CUT, END, nobody)
    assert len(rows) == len(table) > 30
    assert {row.at for row in rows} == {END - 90 * DAY, END - 60 * DAY, END - 30 * DAY}
    assert {True, False} == {row.label for row in rows}
    for row, features, label, days in zip(rows, table.rows, table.roles["label"], table.roles["days"], strict=True):
        own = of[row.subject]
        for name, value in features.items():
            assert value == value_at(store.definitions.named(name), own, row.at), (row.subject, name)
        came = [each.happened for each in own if isinstance(each, Event) and each.kind == "cancelled"]
        after = [each for each in came if row.at < each <= row.at + 30 * DAY]
        assert label is bool(after)
        assert min(each.known for each in own) <= row.at
        assert not [each for each in came if each <= row.at]
        if after:
            assert row.at + (int(str(days)) - 1) * DAY < after[0] <= row.at + int(str(days)) * DAY


def test_no_row_says_whose_it_is_and_what_is_each_ones_own_is_no_feature(store: FeatureStore) -> None:
    of = filled(store)
    for number, subject in enumerate(of):
        moment = END - 200 * DAY
        told = {"plan": f"for {subject}", "jurisdiction": f"J{number % 2}"}
        store.put([Snapshot(subject, "crm", moment, moment, told)])
    early = Cut("cancelled", 150, 150)
    text, mapping = table_from_store(CHURN, store, early, END, objected=nobody)
    assert "plan" not in {fact.name for fact in mapping.facts}
    assert b"SYNTHETIC-" not in text.data
    assert "SYNTHETIC-" not in mapping.text
    table, _ = table_for(CHURN, text, mapping, 0, 0)
    assert table.subjects == tuple(f"row-{number}" for number in range(1, len(table) + 1))


def test_what_becomes_known_later_changes_no_row_and_the_end_decides_what_counts_as_known(store: FeatureStore) -> None:
    filled(store)
    before = table_from_store(CHURN, store, CUT, END, objected=nobody)[0]
    for subject in list(store.subjects())[:20]:
        late = END - 100 * DAY
        store.add([Event(f"{subject}-x", subject, "payment", late, END + DAY, {"status": "failed", "amount": 1})])
        store.add([left(subject, 10, known_ago=-1)])
    assert table_from_store(CHURN, store, CUT, END, objected=nobody)[0] == before


def test_somebody_erased_or_objecting_is_in_no_row(store: FeatureStore) -> None:
    filled(store)
    first, *_ = rows_to_learn(store, CUT, END, nobody)[0]
    rows, objecting = rows_to_learn(store, CUT, END, lambda some: frozenset(some) & {first.subject})
    assert objecting == 1
    assert first.subject not in {row.subject for row in rows}
    store.erase(first.subject)
    again, objecting = rows_to_learn(store, CUT, END, nobody)
    assert (objecting, again) == (0, rows)


def test_who_left_already_is_no_row_and_a_day_that_has_begun_counts(store: FeatureStore) -> None:
    known = END - 400 * DAY
    for who, days in (("before", 31), ("first hour", 29.99), ("last hour", 0.01), ("stays", None)):
        store.add([Event(f"{who}-login", who, "login", known, known), *([] if days is None else [left(who, days)])])
    at = END - 30 * DAY
    assert rows_to_learn(store, Cut("cancelled", 30, 30), END, nobody)[0] == [
        Row("first hour", at, True, 1),
        Row("last hour", at, True, 30),
        Row("stays", at, False, 30),
    ]


def test_what_cannot_be_made_is_told(store: FeatureStore) -> None:
    with pytest.raises(DataQualityIssue, match="is not known of the last 30 days"):
        table_from_store(CHURN, store, Cut("cancelled", 90, 30), END, objected=nobody)
    with pytest.raises(DataQualityIssue, match="nobody who was known 30 days ago"):
        table_from_store(CHURN, store, CUT, END, objected=nobody)
    with pytest.raises(SettingsError, match="`demand` does not learn from whether something came true"):
        table_from_store(spec_of("demand"), store, CUT, END, objected=nobody)
