"""Events and snapshots into the store and features out of it, in SQLite and PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import sqlite3
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from feature_makers import DAY, NOW, crm, payment, usage

from ordain.engine.errors import DataQualityIssue, FeaturesUnavailable, SettingsError
from ordain.models.features.definitions import definitions_from
from ordain.models.limits import LIMITS
from ordain.models.store import store as store_file
from ordain.models.store.records import Added, Event, Kept, Quarantined, Snapshot
from ordain.models.store.store import FeatureStore


def value(store: FeatureStore, name: str, at: dt.datetime = NOW, subject: str = "cust-1") -> object:
    return store.read(subject, [name], at)[name].value


def reasons(added: Added) -> list[str]:
    return [each.issue.message for each in added.refused]


def test_an_event_that_is_added_again_is_a_repeat_and_counts_once(store: FeatureStore) -> None:
    assert store.add([usage("e1", "12.50"), usage("e2", "7.5"), usage("e1", "12.5")]) == Added(2, 1)
    assert store.add([usage("e2", "7.50"), usage("e3", "1")]) == Added(1, 1)
    assert value(store, "usage_gb") == 21


def test_a_repeat_that_is_learned_of_later_leaves_when_it_was_known_first(store: FeatureStore) -> None:
    store.add([usage("e1", "12.5", days_ago=3)])
    assert store.add([usage("e1", "12.5", days_ago=3, known_after=2)]) == Added(0, 1)
    assert value(store, "usage_gb", NOW - 2 * DAY) == Decimal("12.5")


def test_an_event_with_the_id_of_another_is_refused_and_keeps_nothing_else_out(store: FeatureStore) -> None:
    store.add([usage("e1", "12.5")])
    added = store.add([usage("e1", "13"), usage("e2", "1"), replace(usage("e2", "1"), subject="cust-2")])
    assert (added.added, added.repeated, [each.place for each in added.refused]) == (1, 0, [0, 2])
    assert reasons(added) == [f"the event `{name}` is there already, and says something else" for name in ("e1", "e2")]
    assert list(store.subjects()) == ["cust-1"], "nobody becomes known by what is refused"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (replace(usage("e1", "1"), fields={"gb": "many"}), '`gb` is the text `"many"`; the feature `usage_gb` reads'),
        (replace(usage("e1", "1"), fields={"gb": Decimal("0.1234567891")}), "at most 15 digits before the point"),
        (replace(usage("e1", "1"), fields={"gb": 1.5}), "`gb` is the float `1.5`"),
        (replace(usage("e1", "1"), fields={"note": "a\0b"}), "`note` has the character 0"),
        (replace(usage("e1", "1"), fields={"note": "\ud800"}), "a text in them is no text"),
        (replace(usage("e1", "1"), fields={"note": "x" * 70_000}), "bytes, 65,536 are kept at the most"),
        (replace(usage("e1", "1"), fields={"on": dt.datetime(2026, 1, 1)}), "`on` is a time without an offset"),
        (replace(usage("e1", "1"), happened=dt.datetime(2026, 1, 1)), "`happened` is no time with an offset"),
        (replace(usage("e1", "1"), subject=""), "the subject is missing"),
        (replace(usage("e1", "1"), subject="\ud800"), "the subject has half of a character"),
        (usage("e" * 201, "1"), "the event's id has 201 characters"),
        (replace(usage("e1", "1"), kind="snapshot crm"), "`snapshot crm` is no kind of event"),
    ],
)
def test_an_event_that_cannot_be_kept_is_told_in_a_sentence(store: FeatureStore, event: Event, said: str) -> None:
    added = store.add([event, usage("fine", "1")])
    assert (added.added, [each.place for each in added.refused]) == (1, [0])
    assert said in reasons(added)[0]


def test_what_was_learned_late_does_not_count_before(store: FeatureStore) -> None:
    store.add([usage("e1", "10", days_ago=5), usage("e2", "5", days_ago=5, known_after=3)])
    assert value(store, "usage_gb", NOW - 3 * DAY) == 10
    assert value(store, "usage_gb", NOW - 2 * DAY) == 15


def test_a_window_moves_on_without_any_event(store: FeatureStore) -> None:
    store.add([usage("e1", "10", days_ago=30), usage("e2", "5", days_ago=1)])
    before = NOW - dt.timedelta(microseconds=1)
    assert [value(store, "usage_gb", at) for at in (before, NOW, before)] == [15, 5, 15]


def test_days_are_counted_up_to_the_moment_of_reading(store: FeatureStore) -> None:
    store.add([payment("p1", "failed", days_ago=10)])
    store.put([crm(20, 20)])
    assert [value(store, "days_since_payment_failure", NOW + n * DAY) for n in (0, 3)] == [10, 13]
    days = [dt.datetime(2026, 6, day, tzinfo=dt.UTC) for day in (29, 30)]
    assert [value(store, "contract_months", at) for at in days] == [28, 28]
    assert value(store, "contract_months", dt.datetime(2026, 7, 31, tzinfo=dt.UTC)) == 30


def test_the_state_of_a_snapshot_holds_until_the_next_one(store: FeatureStore) -> None:
    store.put([crm(20, 20, "basic"), crm(10, 10, "premium")])
    assert [value(store, "plan", NOW - n * DAY) for n in (21, 15, 5)] == [None, "basic", "premium"]


def test_a_snapshot_is_corrected_by_one_that_is_known_later(store: FeatureStore) -> None:
    assert store.put([crm(10, 10, "basic"), crm(10, 10, "basic"), crm(10, 8, "basic")]) == Added(1, 2)
    assert store.put([crm(10, 5, "premium")]) == Added(1, 0)
    assert [value(store, "plan", NOW - n * DAY) for n in (6, 5)] == ["basic", "premium"]
    refused = store.put([crm(10, 5, "unlimited")])
    assert "another snapshot `crm` of that time" in reasons(refused)[0]


def test_of_somebody_unknown_no_feature_is_known_not_even_zero(store: FeatureStore) -> None:
    store.add([usage("e1", "1", days_ago=5)])
    assert store.read("nobody", ["payment_failures"], NOW) == {"payment_failures": Kept(None, NOW)}
    assert value(store, "payment_failures") == 0
    assert value(store, "payment_failures", NOW - 6 * DAY) is None


def test_a_feature_that_there_is_not_is_told_with_the_one_that_was_meant(store: FeatureStore) -> None:
    with pytest.raises(SettingsError, match="there is no feature `usage_bg`") as caught:
        store.read("cust-1", ["usage_bg"], NOW)
    assert caught.value.issues[0].hint == "did you mean `usage_gb`?"
    with pytest.raises(DataQualityIssue, match="no offset"):
        store.read("cust-1", ["usage_gb"], dt.datetime(2026, 1, 1))


def test_another_definition_is_used_from_its_first_reading_on(store: FeatureStore, url: str) -> None:
    store.add([usage("e1", "10", days_ago=20), usage("e2", "5", days_ago=1)])
    assert value(store, "usage_gb") == 15
    text = b"features: {usage_gb: {source: usage, aggregation: sum, field: gb, window: 7 days, owner: x, meaning: x}}"
    with FeatureStore(url, definitions_from(text, "features.yaml")) as other:
        assert value(other, "usage_gb") == 5
    assert value(store, "usage_gb") == 15


def test_a_subject_with_very_many_records_gets_what_is_kept_and_is_told_when_it_is_stale(
    store: FeatureStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_file, "LIMITS", replace(LIMITS, records_at_reading=3))
    store.add([usage(f"e{n}", "1", days_ago=n) for n in range(4)])
    store.put([crm(1, 1)])
    assert store.read("cust-1", ["usage_gb"], NOW)["usage_gb"] == Kept(Decimal(4), NOW)
    soon, late = NOW + dt.timedelta(minutes=5), NOW + dt.timedelta(minutes=5, microseconds=1)
    store.add([replace(usage("new", "1"), known=NOW)])
    assert store.read("cust-1", ["usage_gb"], soon)["usage_gb"] == Kept(Decimal(4), NOW)
    assert store.read("cust-1", ["usage_gb"], late)["usage_gb"] == Kept(Decimal(4), NOW, stale=True)
    assert store.read("cust-1", ["usage_gb"], NOW - DAY)["usage_gb"] == Kept(Decimal(3), NOW - DAY)


def test_events_are_listed_in_the_order_in_which_they_happened(store: FeatureStore) -> None:
    store.add([payment("p", "paid", 2), usage("b", "2", 1), usage("a", "1", 3), usage("late", "3", 3, known_after=3)])
    assert [event.id for event in store.events_of("cust-1")] == ["a", "late", "p", "b"]
    assert [event.id for event in store.events_of("cust-1", kinds=["payment"])] == ["p"]
    some = store.events_of("cust-1", happened_after=NOW - 3 * DAY, known_until=NOW - DAY)
    assert [(event.id, event.known, event.fields) for event in some] == [
        ("p", NOW - 2 * DAY, {"amount": "499", "status": "paid"}),
        ("b", NOW - DAY, {"gb": "2"}),
    ]


def test_threads_add_and_read_at_once(store: FeatureStore) -> None:
    def work(number: int) -> None:
        for part in range(5):
            store.add([usage(f"{number}-{part}-{n}", "1") for n in range(20)] + [usage(f"same-{part}", "1")])
            value(store, "usage_gb")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(store, "usage_gb") == 4 * 5 * 20 + 5


def writer(url: str, number: int, seen: object) -> None:
    with FeatureStore(url) as store:
        for part in range(5):
            store.add([usage(f"{number}-{part}-{n}", "1", subject=f"s{n}") for n in range(20)])
            store.add([usage(f"same-{part}-{n}", "1", subject=f"s{n}") for n in range(20)][:: 1 - 2 * (number % 2)])


def test_several_processes_write_the_same_store(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=writer, args=(url, number, None)) for number in range(2)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0]
    with FeatureStore(url) as store:
        assert [value(store, "usage_gb", subject=f"s{n}") for n in range(20)] == [15] * 20


def test_quarantined_lines_are_kept_as_they_came(store: FeatureStore) -> None:
    rows = [
        Quarantined("usage.csv", 3, "cust-1;x;\ud800", ("`x` is no number", "no time"), NOW, "cust-1"),
        Quarantined("usage.csv", 9, "?" * 70_000, ("too long",), NOW),
    ]
    store.quarantine(rows)
    store.quarantine([])
    first, second = store.quarantined()
    assert first == replace(rows[0], raw="cust-1;x;?")
    assert (second.line, len(second.raw), second.subject) == (9, 65_536, None)


def test_a_store_of_a_newer_ordain_is_not_opened(url: str) -> None:
    FeatureStore(url).close()
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("UPDATE feature_store SET version = 99")
        connection.close()
    else:
        with psycopg.connect(url) as postgresql:
            postgresql.execute("UPDATE features.feature_store SET version = 99")
    with pytest.raises(SettingsError, match=r"newer Ordain: its version is 99, this one knows 1"):
        FeatureStore(url)


def test_in_postgresql_its_tables_stand_in_a_schema_of_their_own(tmp_path: Path, url: str) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(tmp_path / "ledger.db") as ledger:
            ledger.execute("CREATE TABLE entry (id INTEGER)")
        ledger.close()
        with pytest.raises(SettingsError, match="another program's database"):
            FeatureStore(f"sqlite:///{tmp_path}/ledger.db")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE entry (id bigint)")  # as the ledger's
        FeatureStore(url).close()
        tables = (
            "SELECT table_schema, count(*) FROM information_schema.tables WHERE table_schema IN ('public', 'features')"
        )
        assert connection.execute(f"{tables} GROUP BY 1 ORDER BY 1").fetchall() == [("features", 6), ("public", 1)]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "nonsense", "sqlite:////proc/none/features.db"])
def test_a_url_that_leads_to_no_store_is_told(url: str) -> None:
    with pytest.raises(SettingsError):
        FeatureStore(url)


def test_a_database_that_fails_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(FeaturesUnavailable, match="is not a SQLite database"):
        FeatureStore(f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(FeaturesUnavailable, match="in PostgreSQL failed"):
        FeatureStore("postgresql://nobody@127.0.0.1:1/none", busy_seconds=0.1)


def test_a_connection_that_was_lost_while_it_waited_is_replaced(store: FeatureStore, url: str) -> None:
    store.add([usage("e1", "1")])
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    assert value(store, "usage_gb") == 1
    assert store.add([usage("e2", "1")]) == Added(1, 0)


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    FeatureStore(f"sqlite:///{tmp_path}/deep/features.db").close()
    assert os.stat(tmp_path / "deep/features.db").st_mode & 0o077 == 0


def test_a_snapshot_of_another_source_is_not_read(store: FeatureStore) -> None:
    store.put([Snapshot("cust-1", "billing", NOW, NOW, {"plan": "other"})])
    assert value(store, "plan") is None
