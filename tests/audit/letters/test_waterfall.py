"""An amount is told from where it starts to what was answered, and each line is what was calculated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_sample import NOON, PRICE, Sample, catalog, sample

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.waterfall import waterfalls
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.values.json_text import read_json


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as opened:
        yield opened


def lines_of(made: Sample, facts: str = PRICE) -> list[dict[str, Any]]:
    data = explain(made.record(made.decide("C-1", facts, "price-quote")), made.reader).data
    [amount] = data["amounts"]
    assert (amount["of"], amount["currency"]) == ("price", "INR")
    return list(amount["lines"])


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(line["moved"], line.get("rule") or " ".join(line.get("facts", ())), line["change"]) for line in lines]


def test_each_fact_of_a_formula_has_its_line_and_a_limit_that_bites_too(made: Sample) -> None:
    assert told(lines_of(made)) == [
        ("start", "base_price", "500.00"),
        ("fact", "demand", "130.36"),
        ("fact", "price_elasticity", "-5.88"),
        ("fact", "churn_risk", "-3.34"),
        ("rule", "step-highest", "-71.14"),
    ]


def test_a_promise_that_beats_the_model_is_the_last_line(made: Sample) -> None:
    promised = PRICE.replace("}", ', "promised_price": 450, "promised_until": "2026-12-31"}')
    assert told(lines_of(made, promised))[-1] == ("rule", "promised-in-writing", "-100.00")


def test_what_moved_nothing_has_no_line(made: Sample) -> None:
    still = PRICE.replace('"demand": 0.9', '"demand": 0').replace('"churn_risk": 0.05', '"churn_risk": 0')
    assert told(lines_of(made, still.replace("-0.15", "0"))) == [("start", "base_price", "500.00")]


def test_rounding_is_a_line_of_its_own(made: Sample) -> None:
    some = PRICE.replace('"demand": 0.9', '"demand": 0.05')
    assert lines_of(made, some)[-1]["moved"] == "rounded"


@settings(max_examples=40, deadline=None)
@given(
    base=st.integers(300, 700),
    demand=st.decimals(0, 1, places=4),
    elasticity=st.decimals(-1, 1, places=4),
    churn=st.decimals(0, 1, places=4),
    before=st.one_of(st.none(), st.integers(350, 600)),
)
def test_the_lines_add_up_to_the_price(
    base: int, demand: Decimal, elasticity: Decimal, churn: Decimal, before: int | None
) -> None:
    facts = {"base_price": base, "demand": str(demand), "price_elasticity": str(elasticity), "churn_risk": str(churn)}
    facts |= {"plan_min_price": 300, "plan_max_price": 700, "current_price": base, "contract_start": "2025-03-01"}
    facts |= {"contract_price": base, "plan": "standard", "tenure_months": 10, "jurisdiction": "IN"}
    if before is not None:
        facts["price_12_months_ago"] = before
    plan, trace, recorded = _decided(facts)
    [amount] = waterfalls(plan, trace, recorded)
    after = Decimal(0)
    for line in amount["lines"]:
        after += Decimal(line["change"])
        assert after == Decimal(line["after"])
    price = next(step["gives"] for step in trace if step.get("decision") == "price")
    assert after == Decimal(price)


def _decided(facts: dict[str, Any]) -> tuple[Plan, list[dict[str, Any]], dict[str, Any]]:
    known = catalog()
    plan = known.pick("price-quote", NOON)
    text = json.dumps(facts)
    for name in ("demand", "price_elasticity", "churn_risk"):
        text = text.replace(f'"{name}": "{facts[name]}"', f'"{name}": {facts[name]:}')
    gathered = gather(read_json(text.encode(), "the facts"), plan.needs, known.vocabulary, {})
    outcome = plan.evaluate(gathered, NOON)
    return plan, outcome.trace(), dict(gathered.values)
