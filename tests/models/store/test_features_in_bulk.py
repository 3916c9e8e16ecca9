"""Features of many at once: rows to train on as of each row's moment, and readings that find them ready."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from feature_makers import DAY, NOW, crm, payment, usage

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.models.features.definition import Definitions
from ordain.models.limits import LIMITS
from ordain.models.store import bulk
from ordain.models.store.bulk import features_at, refresh, rows_as_of
from ordain.models.store.records import Event
from ordain.models.store.store import FeatureStore

NAMES = ["usage_gb", "payment_failures", "plan"]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    for number in range(5):
        who = f"s{number}"
        store.add([usage(f"{who}-u", str(number), days_ago=3, subject=who)])
        store.add([usage(f"{who}-late", "0.01", days_ago=3, subject=who, known_after=2)])
        store.add([payment(f"{who}-p", "failed", days_ago=2, subject=who)])
        store.put([crm(10, 4, "basic", who), crm(2, 2, "premium", who)])
    return store


def test_rows_to_train_on_come_in_the_order_of_their_points_and_know_no_more_than_was_known(
    filled: FeatureStore,
) -> None:
    points = [("s1", NOW - 3 * DAY), ("s0", NOW), ("s1", NOW - DAY), ("s1", NOW - 5 * DAY), ("nobody", NOW)]
    nothing = dict.fromkeys(NAMES)
    assert rows_as_of(filled, points, NAMES) == (
        {"usage_gb": Decimal(1), "payment_failures": Decimal(0), "plan": "basic"},
        {"usage_gb": Decimal("0.01"), "payment_failures": Decimal(1), "plan": "premium"},
        {"usage_gb": Decimal("1.01"), "payment_failures": Decimal(1), "plan": "premium"},
        nothing,
        nothing,
    )
    assert rows_as_of(filled, [], NAMES) == ()


def test_rows_are_the_same_however_many_are_worked_out_at_once(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [(f"s{number}", NOW - days * DAY) for days in (0, 3) for number in range(5)]
    together = rows_as_of(filled, points, NAMES)
    monkeypatch.setattr(bulk, "LIMITS", replace(LIMITS, subjects_at_once=2, points_at_once=3))
    assert rows_as_of(filled, points, NAMES) == together
    assert [row["usage_gb"] for row in together[:5]] == [Decimal(n) + Decimal("0.01") for n in range(5)]


def test_the_features_of_everybody_at_one_moment(filled: FeatureStore) -> None:
    found = dict(features_at(filled, NOW - 3 * DAY, ["usage_gb"]))
    assert found == {f"s{number}": {"usage_gb": Decimal(number)} for number in range(5)}
    assert list(features_at(filled, NOW, ["plan"], ["s3"])) == [("s3", {"plan": "premium"})]


def test_what_was_refreshed_is_what_a_reading_gives_until_something_becomes_known(filled: FeatureStore) -> None:
    assert refresh(filled, NOW) == 5
    assert filled.database.known("s1").records == 5  # type: ignore[union-attr]
    assert filled.read("s1", ["usage_gb"], NOW)["usage_gb"].value == Decimal("1.01")
    filled.add([usage("more", "1", subject="s1")])
    assert filled.read("s1", ["usage_gb"], NOW)["usage_gb"].value == Decimal("2.01")
    assert refresh(filled, NOW - 100 * DAY) == 0, "nobody was known then"


def test_sums_and_means_of_many_amounts_are_exact(store: FeatureStore) -> None:
    events = [payment(f"p{n}", "paid", days_ago=1) for n in range(3)]
    store.add([replace(event, fields={"status": "paid", "amount": Decimal("0.1")}) for event in events[:2]])
    store.add([replace(events[2], fields={"status": "paid", "amount": Decimal("999999999999999.9")})])
    (row,) = rows_as_of(store, [("cust-1", NOW)], ["payment_mean"])
    assert row == {"payment_mean": Decimal("333333333333333.37")}
    assert store.read("cust-1", ["payment_mean"], NOW)["payment_mean"].value == row["payment_mean"]


def test_a_name_or_a_moment_that_cannot_be_asked_for_is_told(filled: FeatureStore) -> None:
    with pytest.raises(SettingsError, match="there is no feature `usage_bg`"):
        rows_as_of(filled, [("s1", NOW)], ["usage_bg"])
    with pytest.raises(DataQualityIssue, match="a moment of `s1` has no offset"):
        rows_as_of(filled, [("s1", dt.datetime(2026, 1, 1))], NAMES)


def test_of_two_events_of_one_moment_the_one_known_later_is_the_last_and_then_the_one_with_the_higher_id(
    store: FeatureStore,
) -> None:
    def ticket(id: str, topic: str, known_days_ago: int) -> Event:
        return Event(id, "cust-1", "ticket", NOW - 9 * DAY, NOW - known_days_ago * DAY, {"topic": topic})

    store.add([ticket("c", "speed", 9), ticket("b", "bill", 5), ticket("a", "outage", 3), ticket("d", "sim", 3)])
    moments = [NOW - days * DAY for days in (9, 5, 3)]
    rows = rows_as_of(store, [("cust-1", at) for at in moments], ["ticket_topic"])
    assert [row["ticket_topic"] for row in rows] == ["speed", "bill", "sim"]
    assert [store.read("cust-1", ["ticket_topic"], at)["ticket_topic"].value for at in moments] == [
        "speed",
        "bill",
        "sim",
    ]


def test_what_was_stored_under_other_definitions_and_is_no_number_is_passed_over(url: str) -> None:
    texts = ["007", "1e3", "+1", " 1", "1.", ".5", "0.1234567891", "1234567890123456", "٣", "NaN", "-0", "1.50"]
    with FeatureStore(url, Definitions({})) as store:
        store.add([replace(usage(f"e{n}", "1"), fields={"gb": text}) for n, text in enumerate([*texts, True, None])])
    with FeatureStore(url) as store:
        assert rows_as_of(store, [("cust-1", NOW)], ["usage_gb"]) == ({"usage_gb": Decimal("1.5")},)
        assert store.read("cust-1", ["usage_gb"], NOW)["usage_gb"].value == Decimal("1.5")
