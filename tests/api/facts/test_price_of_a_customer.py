"""A request for a price that names only the customer: all facts from the store, the ledger, the models and the time."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import NOON, RETENTION
from any_time import at_any_time
from served import make_live, settings_in

from ordain.api.ask import make_ask
from ordain.api.batch import decide_many
from ordain.api.decide import Decision, decide, make_decision
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.records.replay import Replayer
from ordain.models.ingest.invented import records
from ordain.models.registry.registry import Registry
from ordain.models.specs.catalogue import spec_of
from ordain.models.store.store import FeatureStore
from ordain.models.training.given_parameters import adjusted_by
from ordain.models.training.train import train_model

TRAINED = {
    "churn": (2000, ()),
    "segments": (2000, ("segments=5",)),
    "price_elasticity": (1040, ()),
    "demand": (1, ("rounds=20", "country=IN")),
}
"""By model how many SYNTHETIC rows it learns from, and its parameters."""
SUBJECT = "SYNTHETIC-00001"
NEVER = {"competitor_price", "promised_price", "promised_until"}
"""Of what the pricing policies read: nobody knows it of this customer, and it may be missing."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Four models live, and 20 SYNTHETIC customers on file."""
    made = settings_in(tmp_path_factory.mktemp("priced"))
    now = dt.datetime.now(dt.UTC)
    registry = Registry(made.models, made.keys)
    for model, (rows, told) in TRAINED.items():
        train_model(adjusted_by(spec_of(model), told), None, None, registry, at=now, rows=rows)
        make_live(made, 1, model)
    events, snapshots = records(20, 0, now)
    with FeatureStore(made.features_url) as store:
        store.put(snapshots)
        assert store.add(events).added == len(events)
    return made


@pytest.fixture(scope="module")
def use(settings: Settings) -> Iterator[Services]:
    wired = wire(settings)
    yield wired
    wired.close()


@pytest.fixture(scope="module")
def priced(use: Services) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer over HTTP, and the private part of its record."""
    answer = app_for(use).test_client().post("/v1/decisions/price-quote", json={"subject": SUBJECT})
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    recorded = use.ledger.reader.record(UUID(told["decision_id"]))
    assert recorded is not None
    assert recorded.private is not None
    return told, recorded.private


def test_the_answer_has_a_price_that_follows_from_the_four_scores(priced: tuple[dict[str, Any], Any]) -> None:
    told, _ = priced
    assert told["verdict"] == "permit"
    scores = {each["fact"]: (each["model"], each["score"]) for each in told["models"]}
    assert {fact: model for fact, (model, _) in scores.items()} == {
        "demand": "demand",
        "segment": "segments",
        "price_elasticity": "price_elasticity",
        "churn_risk": "churn",
    }
    base, risk, demand, elasticity = (
        Decimal(400),
        *(Decimal(scores[name][1]) for name in ("churn_risk", "demand", "price_elasticity")),
    )
    weights = Decimal("0.2897"), Decimal("0.0785"), Decimal("-0.1337")
    moved = 1 + weights[0] * round(demand, 4) + weights[1] * round(elasticity, 4) + weights[2] * round(risk, 4)
    assert abs(Decimal(told["outcome"]["proposed_price"]["amount"]) - base * moved) <= Decimal("0.005")


def test_one_record_says_where_every_fact_came_from(priced: tuple[Any, dict[str, Any]]) -> None:
    _, record = priced
    sources = {name: fact["source"] for name, fact in record["facts"].items()}
    assert "request" not in sources.values()
    assert {name: sources[name] for name in ("demand", "segment", "price_elasticity", "churn_risk")} == {
        "demand": "demand@1",
        "segment": "segments@1",
        "price_elasticity": "price_elasticity@1",
        "churn_risk": "churn@1",
    }
    for name in ("base_price", "plan_min_price", "current_price", "contract_start", "plan", "jurisdiction"):
        assert sources[name].startswith("features as of "), name
    assert {name for name in NEVER if sources[name] != "missing"} == set()


def test_one_record_says_where_every_input_of_every_model_came_from(priced: tuple[Any, dict[str, Any]]) -> None:
    _, record = priced
    inputs = {each["model"]: each["from"] for each in record["models"]}
    assert all(set(each["inputs"]) == set(each["from"]) for each in record["models"])
    assert inputs["demand"]["demand_hour"].startswith("time as of ")
    assert inputs["price_elasticity"]["segment"] == "segments@1"
    assert inputs["price_elasticity"]["product"].startswith("features as of ")
    assert {source.partition(" as of ")[0] for model in ("churn", "segments") for source in inputs[model].values()} == {
        "features"
    }


def test_the_segment_is_one_of_the_operators_five(priced: tuple[Any, dict[str, Any]]) -> None:
    _, record = priced
    assert record["facts"]["segment"]["value"] in {
        "premium power",
        "price-conscious power",
        "value seekers",
        "budget",
        "casual premium",
    }


def test_the_decision_is_made_again_from_its_record(use: Services, priced: tuple[dict[str, Any], Any]) -> None:
    told, _ = priced
    recorded = use.ledger.reader.record(UUID(told["decision_id"]))
    assert recorded is not None
    replayed = Replayer(use.ledger.reader).replay(recorded)
    assert replayed.replayed
    assert replayed.differs == ()


def test_customers_asked_about_together_get_what_each_gets_alone(use: Services) -> None:
    at = use.now()
    asks = [make_ask("price-quote", f"SYNTHETIC-0000{number}", {}, at.isoformat()) for number in range(1, 8)]
    together = decide_many(asks, use)
    alone = [make_decision(ask, use) for ask in asks]
    for one, each in zip(together, alone, strict=True):
        assert isinstance(one, Decision)
        assert one.entry.outcome.values == each.entry.outcome.values
        assert one.entry.facts.sources == each.entry.facts.sources
    assert len({each.entry.facts.values["segment"] for each in alone}) > 1


def test_the_limits_of_an_offer_count_the_ledgers_own_decisions(settings: Settings, tmp_path: Path) -> None:
    """With the two lines that docs/models/price.md shows."""
    policies = Path(shutil.copytree(at_any_time(), tmp_path / "policies"))
    file = policies / "facts.yaml"
    text = file.read_text(encoding="utf-8")
    for name in ("last_offer_on:\n    type: date\n", "offers_last_90_days:\n    type: number\n"):
        assert name in text
        text = text.replace(name, f"{name}    source: [request, ledger]\n")
    file.write_text(text, encoding="utf-8")
    other = wire(replace(settings, policies=policies, database_url=f"sqlite:///{tmp_path}/ordain.db"))
    try:
        known = ("offers_last_90_days", "jurisdiction", "marketing_objection")
        sent = {name: value for name, value in RETENTION.items() if name not in known} | {"churn_risk": Decimal("0.85")}
        first = decide(make_ask("retention", SUBJECT, sent, NOON), other)
        second = make_decision(make_ask("retention", SUBJECT, sent, NOON), other).entry.facts
        assert first.entry.facts.values["offers_last_90_days"] == 0
        assert second.sources["last_offer_on"].startswith("ledger as of ")
        assert second.sources["jurisdiction"].startswith("features as of ")
    finally:
        other.close()
