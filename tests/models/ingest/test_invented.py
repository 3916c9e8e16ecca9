"""SYNTHETIC customers as events and snapshots say of them what their table says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from ordain.models.data.synthetic import customers
from ordain.models.ingest.invented import records
from ordain.models.specs.demand import SAMPLE_CLOCK, Demand
from ordain.models.store.store import FeatureStore

AT = dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC)


def test_features_of_the_store_are_those_of_the_table(tmp_path: Path) -> None:
    events, snapshots = records(60, 3, AT)
    with FeatureStore(f"sqlite:///{tmp_path}/features.db") as store:
        assert store.put(snapshots).refused == ()
        assert store.add(events).refused == ()
        for row in customers(60, 3).to_dict("records"):
            found = store.read(f"SYNTHETIC-{row['subject'][2:]}", store.definitions.features, AT)
            for name in ("days_since_login", "payment_failures", "tickets", "contract_months"):
                assert found[name].value == row[name], (row["subject"], name)
            assert abs(found["usage_gb"].value - Decimal(str(row["usage_gb"]))) <= Decimal("0.01")
            assert abs(found["usage_decline_percent"].value - Decimal(str(row["usage_decline_percent"]))) <= Decimal(
                "0.5"
            )
            assert found["current_price"].value == row["monthly_price"]


def test_synthetic_demand_may_end_on_any_day() -> None:
    at = Demand().sample_until(1, 0, AT.date()).roles["at"]
    assert at[-1] == dt.datetime(2026, 11, 29, 23, tzinfo=SAMPLE_CLOCK)
