"""A request that names only the customer: what is on file, and what the model makes of it, decide."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from answers import CUSTOMER, RETENTION
from served import install_models, settings_in

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.services import Services, wire
from ordain.models.store.records import Event, Snapshot

SUBJECT = "C-1"
SENT = {
    name: value
    for name, value in {**RETENTION, **CUSTOMER}.items()
    if name not in ("churn_risk", *(fact for fact in CUSTOMER if fact not in RETENTION))
}
"""What only the app knows: nothing of the customer's use or contract."""


def _on_file(use: Services, now: dt.datetime) -> None:
    def event(kind: str, days: int, **fields: object) -> Event:
        at = now - dt.timedelta(days=days)
        return Event(f"{kind}-{days}", SUBJECT, kind, at, at, {name: str(value) for name, value in fields.items()})

    began = now - dt.timedelta(days=900)
    crm = {"plan": "standard", "plan_gb": "100", "customer_since": began.date().isoformat()}
    use.features.opened().put(
        [Snapshot(SUBJECT, "crm", began, began, {**crm, "contract_start": crm["customer_since"]})]
    )
    use.features.opened().add(
        [
            *(event("usage", days, gb=Decimal("3.25")) for days in range(1, 28)),
            *(event("usage", days, gb=Decimal("6.5")) for days in range(31, 120, 3)),
            event("login", 9),
            event("payment", 40, status="failed", amount="500"),
            event("ticket", 12, topic="speed"),
        ]
    )


def test_use_and_contract_come_from_the_store_and_the_risk_from_the_model(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path)
    use = wire(settings_in(tmp_path))
    try:
        now = use.now()
        _on_file(use, now)
        answer = decide(make_ask("retention", SUBJECT, SENT, None), use)
        recorded = use.ledger.reader.record(answer.entry.id)
        assert recorded is not None
        record = recorded.private
        assert record is not None
        [score] = record["models"]
        features = use.features.opened().read(SUBJECT, score["inputs"], now)
        assert {name: Decimal(value) for name, value in score["inputs"].items()} == {
            name: kept.value for name, kept in features.items()
        }
        assert features["usage_gb"].value == Decimal("87.75")
        assert record["facts"]["churn_risk"]["source"] == "churn@1"
    finally:
        use.close()
