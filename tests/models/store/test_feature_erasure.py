"""One person's data: told whole, and removed so that no file of the database has it any more."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from feature_makers import NOW, crm, payment, usage

from ordain.models.store.bulk import refresh
from ordain.models.store.records import Erased, Kept, Quarantined
from ordain.models.store.store import FeatureStore

WHO, OTHER = "erika-mustermann-1964", "erika-mustermann-19640"


def fill(store: FeatureStore) -> None:
    store.add([usage("e1", "12.5", subject=WHO), payment("e2", "failed", subject=WHO), usage("e3", "1", subject=OTHER)])
    store.put([crm(1, 1, "unlimited", WHO)])
    store.quarantine(
        [
            Quarantined("a.csv", 2, f"2026-01-01;{WHO};x", ("`x` is no number",), NOW),
            Quarantined("a.csv", 3, "nobody named here", ("no time",), NOW, WHO),
            Quarantined("a.csv", 4, "cut", (f"the customer `{WHO}` is unknown",), NOW),
            Quarantined("a.csv", 5, f"2026-01-01;{OTHER};y", ("`y` is no number",), NOW),
        ]
    )


def test_all_of_one_persons_data_is_told_as_json(store: FeatureStore) -> None:
    fill(store)
    refresh(store, NOW)
    told = json.loads(json.dumps(store.export(WHO)))
    assert [(event["id"], event["fields"]) for event in told["events"]] == [
        ("e1", {"gb": "12.5"}),
        ("e2", {"amount": "499", "status": "failed"}),
    ]
    assert [(each["source"], each["fields"]["plan"]) for each in told["snapshots"]] == [("crm", "unlimited")]
    assert told["features"]["values"]["usage_gb"] == "12.5"
    assert told["features"]["values"]["days_since_payment_failure"] == NOW.isoformat()
    assert [each["line"] for each in told["quarantined"]] == [2, 3, 4]
    assert OTHER not in json.dumps(told)


def test_an_export_of_somebody_unknown_is_empty(store: FeatureStore) -> None:
    assert store.export("nobody") == {
        **{"subject": "nobody", "first_known": None, "last_known": None, "features": None},
        **{"events": [], "snapshots": [], "quarantined": []},
    }


def test_who_is_erased_is_gone_at_once_and_nobody_else(store: FeatureStore) -> None:
    fill(store)
    store.read(WHO, ["usage_gb"], NOW)
    refresh(store, NOW)
    assert store.erase(WHO) == Erased(events=2, snapshots=1, features=1, quarantined=3)
    assert store.read(WHO, ["usage_gb"], NOW) == {"usage_gb": Kept(None, NOW)}
    assert store.export(WHO)["events"] == []
    assert list(store.subjects()) == [OTHER]
    assert [row.line for row in store.quarantined()] == [5]
    assert store.read(OTHER, ["usage_gb"], NOW)["usage_gb"].value == 1
    assert store.erase(WHO) == Erased(0, 0, 0, 0)


def test_who_is_known_again_after_an_erasure_begins_anew(store: FeatureStore) -> None:
    fill(store)
    store.read(WHO, ["usage_gb"], NOW)
    store.erase(WHO)
    store.add([usage("new", "3", subject=WHO)])
    assert store.read(WHO, ["usage_gb", "plan"], NOW) == {"usage_gb": Kept(Decimal(3), NOW), "plan": Kept(None, NOW)}


def test_no_file_of_sqlite_holds_who_was_erased(tmp_path: Path) -> None:
    with FeatureStore(f"sqlite:///{tmp_path}/features.db") as store:
        store.add([usage("e1", "1", subject="someone-else")])
        store.add([usage(f"u{n}", "12.5", days_ago=n, subject=WHO) for n in range(50)])
        store.quarantine([Quarantined("a.csv", 2, f"{WHO};x", ("no number",), NOW)])
        refresh(store, NOW)
        held = [path.name for path in tmp_path.iterdir() if WHO.encode() in path.read_bytes()]
        assert held, "it is found while it is there"
        store.erase(WHO)
        assert [path.name for path in tmp_path.iterdir() if WHO.encode() in path.read_bytes()] == []
