"""What would have changed a decision is found by search, and holds when it is decided again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_sample import CALL, LOOKED_AT, NO_CALL, NOON, PRICE, catalog, sample, scored

from ordain.audit.explain.counterfactual import WhatIf
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.waterfall import waterfalls
from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Facts
from ordain.engine.values.json_text import read_json

LAW = frozenset({"jurisdiction"})

AGREED = CALL.replace('["phone"]', '["phone", "e-mail"]')
"""A customer who may be called and written to."""


def what_if(facts: str, service: str = "retention") -> WhatIf:
    known = catalog()
    plan = known.pick(service, NOON)
    gathered = gather(read_json(facts.encode(), "the facts"), plan.needs, known.vocabulary, {})
    return WhatIf(plan, known.vocabulary, gathered, NOON, LAW)


def again(asked: WhatIf, change: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """What is decided with the change, from its JSON."""
    fact = asked.vocabulary[change["fact"]]
    values = {**asked.facts.values, fact.name: fact.accept(change["instead"])}
    outcome = asked.plan.evaluate(Facts(values, asked.facts.sources), asked.at)
    return None if outcome.verdict is None else str(outcome.verdict), outcome.given()


@pytest.mark.parametrize(
    ("facts", "fact", "instead"),
    [
        (AGREED.replace("0.85", "0.75"), "churn_risk", "0.8001"),
        (AGREED.replace("0.85", "0.52"), "churn_risk", "0.4999"),
        (AGREED.replace("0.85", "0.1").replace('"high"', '"medium"'), "churn_risk", "0.5000"),
        (NO_CALL, "consented_channels", ["phone"]),
    ],
)
def test_the_nearest_single_change_is_found(facts: str, fact: str, instead: Any) -> None:
    change = what_if(facts).counterfactual()
    assert change is not None
    assert (change["fact"], change["instead"]) == (fact, instead)


@settings(max_examples=25, deadline=None)
@given(
    risk=st.decimals(0, 1, places=4),
    tier=st.sampled_from(["high", "medium", "low"]),
    channels=st.lists(st.sampled_from(["phone", "e-mail", "sms"]), unique=True),
    vulnerable=st.booleans(),
)
def test_whatever_is_told_holds_when_it_is_decided_again(
    risk: Decimal, tier: str, channels: list[str], vulnerable: bool
) -> None:
    facts = CALL.replace("0.85", str(risk)).replace('"high"', f'"{tier}"')
    facts = facts.replace('["phone"]', str(channels).replace("'", '"'))
    facts = facts.replace("}", f', "vulnerable_customer": {str(vulnerable).lower()}}}')
    asked = what_if(facts)
    change = asked.counterfactual()
    if change is None:
        return
    verdict, outcome = again(asked, change)
    assert (verdict, outcome) == (change["verdict"], change["outcome"])
    before = asked.before
    assert (verdict, outcome) != (before.verdict, before.given())


def test_whose_law_applies_and_protected_facts_are_not_changed() -> None:
    asked = what_if(NO_CALL)
    protected = {name for name, fact in asked.vocabulary.facts.items() if fact.protected}
    changed = {variable.path[0] for _, variable, _ in asked._candidates()}
    assert protected
    assert not changed & (protected | LAW)


def test_what_cannot_be_allowed_as_it_is_is_told_with_what_would_be_instead() -> None:
    change = what_if(LOOKED_AT).counterfactual()
    assert change is not None
    assert (change["same"], change["verdict"]) == (False, "permit")
    assert change["outcome"]["offer"]["action"] == "none"


def test_the_fact_that_moved_a_price_most_is_tried_ten_points_higher() -> None:
    dearer = PRICE.replace('"current_price": 500', '"current_price": 600').replace("-0.15", "-0.05")
    asked = what_if(dearer, "price-quote")
    facts = dict(asked.facts.values)
    [amount] = waterfalls(asked.plan, asked.before.trace(), facts)
    change = asked.moved(amount["lines"])
    assert change is not None
    assert (change["fact"], change["was"], change["instead"]) == ("churn_risk", "0.0500", "0.1500")
    assert again(asked, change) == (change["verdict"], change["outcome"])


def test_what_a_score_was_computed_from_is_not_changed(tmp_path: Path) -> None:
    """The score would be another as well, so what is told would not hold when it is decided again."""
    with sample(f"sqlite:///{tmp_path}/ledger.db") as made:
        told = [
            explain(made.record(made.decide("C-1", LOOKED_AT, score=score)), made.reader).data["otherwise"]
            for score in (
                scored(Decimal("0.85")),
                scored(Decimal("0.85"), ("offers_last_90_days", Decimal(0), Decimal(1))),
            )
        ]
    assert told[0]["fact"] == "offers_last_90_days"
    assert told[1] is None or told[1]["fact"] != "offers_last_90_days"


TARIFF = b"""
policy: tariff
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A fee from a table.
decides:
  fee:
    gives: {type: number, unit: INR}
    hit policy: first
    rules:
      - {id: light, when: {usage_gb: "< 20"}, then: 100}
      - {id: middle, when: {usage_gb: "< 50"}, then: 250}
      - {id: heavy, when: {usage_gb: ">= 50"}, then: 400}
examples:
  - given: {usage_gb: 10}
    expect: {fee: 100}
"""
USAGE = b"facts: {usage_gb: {type: number, range: 0..1000, precision: 0, personal: true, meaning: the data used}}"
SELLING = b"services: {selling: {purpose: A fee., policies: [tariff], gives: [fee]}}"


@pytest.mark.parametrize(("used", "instead", "fee"), [(45, "50", "400.00"), (22, "19", "100.00"), (10, "20", "250.00")])
def test_of_a_price_from_a_table_the_nearest_row_is_told(used: int, instead: str, fee: str) -> None:
    known = load_catalog(Texts(USAGE, SELLING, {"policies/tariff/v1.yaml": TARIFF}))
    plan = known.pick("selling", NOON)
    facts = gather({"usage_gb": used}, plan.needs, known.vocabulary, {})
    asked = WhatIf(plan, known.vocabulary, facts, NOON)
    [amount] = waterfalls(plan, asked.before.trace(), facts.values)
    assert asked.moved(amount["lines"]) is None
    change = asked.nearest("fee")
    assert change is not None
    assert (change["fact"], change["instead"], change["outcome"]["fee"]["amount"]) == ("usage_gb", instead, fee)
    assert again(asked, change) == (None, change["outcome"])
