"""Two decisions that differ in one fact about the person look the same to who has no key, in bytes and in length."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from reading_sample import CALL, NOON, PRICE, catalog, decided_entry, scored
from test_decision_entry import STAMP, _entry, _given, _raw

from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.entry import Prepared, new_id, prepared
from ordain.audit.entry.keys import DataKey
from ordain.audit.entry.padding import STEP, padded, whole
from ordain.engine.errors import OrdainError
from ordain.engine.policy.facts import Fact

KEY = DataKey(b"k" * 16, b"s" * 32, b"t" * 32)
ID = new_id(NOON)
_SEALING = 12 + 16  # bytes of nonce and tag


def _personal() -> list[tuple[str, Fact]]:
    found = []
    for service in sorted(catalog().services.by_name):
        needs = catalog().pick(service, NOON).needs
        found += [(service, need.fact) for need in needs if need.fact.personal or need.fact.protected]
    return found


def _prepared(entry: DecisionEntry) -> Prepared:
    return prepared(replace(entry, id=ID), KEY, STAMP)


def _public(made: Prepared) -> dict[str, Any]:
    """All of the envelope that is there to be read: what is only a hash of the sealed bytes says nothing."""
    envelope: dict[str, Any] = json.loads(made.envelope)
    assert len(envelope.pop("payload_hash")) == 71
    return envelope


def _alike(one: DecisionEntry, other: DecisionEntry) -> None:
    first, second = _prepared(one), _prepared(other)
    assert _public(first) == _public(second)
    assert len(first.envelope) == len(second.envelope)
    assert [reference.digest for reference in first.references] == [each.digest for each in second.references]
    lengths = {len(each.sealed) - _SEALING for each in (first, second)}
    assert {length % STEP for length in lengths} == {0}
    assert len(lengths) == 1 or max(lengths) > min(lengths) >= _least(one)


def _least(entry: DecisionEntry) -> int:
    return len(entry.form.packed(b"{}"))


def test_every_service_that_reads_of_a_person_is_looked_at() -> None:
    assert {service for service, _ in _personal()} == {"price-quote", "retention", "plan-advice"}
    assert len(_personal()) > 30


@pytest.mark.parametrize(("service", "fact"), _personal(), ids=lambda part: getattr(part, "name", part))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_one_fact_about_the_person_changes_nothing_that_is_public(
    service: str, fact: Fact, data: st.DataObject
) -> None:
    facts = data.draw(_given(service))
    try:
        one = _entry(service, facts)
        other = _entry(service, {**facts, fact.name: data.draw(_raw(fact))})
    except OrdainError:
        assume(False)
        raise
    _alike(one, other)


_PAIRS = [
    ("retention", CALL, {"vulnerable_customer": True}),
    ("retention", CALL, {"consented_channels": ["sms"]}),
    ("retention", CALL, {"churn_risk": 0.1, "clv_tier": "medium"}),
    ("retention", CALL, {"promotions_blocked": True}),
    ("price-quote", PRICE, {"vulnerable_customer": True}),
    ("price-quote", PRICE, {"churn_risk": 0.9}),
    ("price-quote", PRICE, {"price_12_months_ago": 300}),
    ("plan-advice", '{"usage_gb": 95, "plan_gb": 100}', {"usage_gb": 1}),
]


@pytest.mark.parametrize(("service", "facts", "change"), _PAIRS)
def test_decisions_that_come_out_otherwise_are_alike(service: str, facts: str, change: dict[str, Any]) -> None:
    changed = json.dumps({**json.loads(facts), **change})
    one, other = (decided_entry("C-1", each, service, None, NOON) for each in (facts, changed))
    assert one.answer.replace(str(one.id).encode(), b"") != other.answer.replace(str(other.id).encode(), b"")
    _alike(one, other)
    assert len(_prepared(one).sealed) == len(_prepared(other).sealed)


def test_whose_law_it_is_and_who_scored_is_not_there_either() -> None:
    one = decided_entry("C-1", CALL, "retention", None, NOON)
    _alike(one, replace(one, jurisdiction=None))
    _alike(one, replace(one, jurisdiction="US"))
    by_model = decided_entry("C-1", CALL, "retention", scored("0.85"), NOON)
    assert by_model.facts.scores
    _alike(one, by_model)


def test_decisions_under_one_plan_have_one_length() -> None:
    lengths = set()
    for number in range(60):
        facts = json.loads(CALL) | {"tenure_months": number * 7, "churn_risk": number / 61}
        facts["vulnerable_customer"] = number % 2 == 0
        facts["consented_channels"] = [["phone"], ["e-mail", "sms"], []][number % 3]
        lengths.add(len(_prepared(decided_entry(f"C-{number:05}", json.dumps(facts), "retention", None, NOON)).sealed))
    assert len(lengths) == 1


@given(st.binary(max_size=3 * STEP), st.integers(0, 2 * STEP))
def test_padding_ends_at_a_whole_number_of_steps(deflated: bytes, least: int) -> None:
    made = padded(deflated, whole(least))
    assert len(made) % STEP == 0
    assert made[: len(deflated)] == deflated
    assert len(made) - max(len(deflated), least) < STEP
