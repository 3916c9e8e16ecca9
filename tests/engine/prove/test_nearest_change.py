"""The smallest change that the solver finds is the smallest of all that were tried one by one, and fixed facts stay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import Span
from ordain.engine.evaluate import Plan, make_plan
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.service import Service
from ordain.engine.prove.nearest_change import NearestChange

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
FACTS = """\
facts:
  risk: {type: number, unit: probability, range: 0..1, precision: 1, meaning: m}
  visits: {type: number, range: 0..20, precision: 0, meaning: m}
  tier: {type: text, values: [high, low], meaning: m}
  age: {type: number, range: 0..120, precision: 0, AGE meaning: m}
"""
POLICY = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  offer:
    gives: {type: text, values: [call, mail, none]}
    hit policy: first
    rules:
      - {id: call, when: {risk: "> 0.7", tier: high, visits: ">= 5"}, then: call}
      - {id: mail, when: {risk: "> 0.4", visits: "< 12"}, then: mail}
      - {id: old, when: {age: "> 90"}, then: mail}
    otherwise: none
examples:
  - given: {risk: 0.5, visits: 1, tier: high, age: 40}
    expect: {offer: mail}
"""


def service(fixed: str = "") -> tuple[Plan, Vocabulary]:
    vocabulary = load_vocabulary(FACTS.replace("AGE", fixed).encode(), "policies/facts.yaml")
    policy = compile_policy(load_policy(POLICY.encode(), "policies/sample/v1.yaml", vocabulary))
    place = Span("policies/services.yaml", 1, 1)
    asked = Service("sample", "A case.", ("sample",), ("offer",), False, frozenset(), place)
    return make_plan(asked, (policy,), vocabulary), vocabulary


def found(facts: dict[str, Any], fixed: str = "") -> dict[str, Any]:
    plan, vocabulary = service(fixed)
    return NearestChange(plan, vocabulary, Facts(facts, {}), AT).told()


def far(name: str, was: Any, value: Any) -> Decimal:
    if name == "tier":
        return Decimal(1)
    size = Decimal(1) if name == "risk" else max(abs(was), Decimal(1))
    return abs(value - was) / size


VALUES: dict[str, list[Any]] = {
    "risk": [Decimal(n) / 10 for n in range(11)],
    "visits": [Decimal(n) for n in range(21)],
    "tier": ["high", "low"],
    "age": [Decimal(n) for n in range(121)],
}


def brute(facts: dict[str, Any]) -> tuple[int, Decimal]:
    """How many facts have to change at the least, and how far."""
    plan, _ = service()
    before = plan.evaluate(Facts(dict(facts), {}), AT).values["offer"]
    for count in (1, 2):
        best: list[Decimal] = []
        names = [(name,) for name in VALUES] if count == 1 else [(a, b) for a in VALUES for b in VALUES if a < b]
        for several in names:
            for values in product(*(VALUES[name] for name in several)):
                changed = {**facts, **dict(zip(several, values, strict=True))}
                if any(changed[name] == facts[name] for name in several):
                    continue
                if plan.evaluate(Facts(changed, {}), AT).values["offer"] != before:
                    best.append(sum((far(name, facts[name], changed[name]) for name in several), Decimal(0)))
        if best:
            return count, min(best)
    return 0, Decimal(0)


@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}))
@settings(max_examples=20, deadline=None)
def test_no_smaller_change_gives_another_result(facts: dict[str, Any]) -> None:
    told = found(facts)
    assert told["exact"]
    _, vocabulary = service()
    changes = {each["fact"]: vocabulary[each["fact"]].accept(each["instead"]) for each in told["changes"]}
    size = sum((far(name, facts[name], value) for name, value in changes.items()), Decimal(0))
    count, least = brute(facts)
    assert len(changes) == count
    assert abs(size - least) < Decimal("1e-20")


def test_a_fact_that_is_fixed_is_not_changed() -> None:
    facts = {"risk": Decimal(0), "visits": Decimal(20), "tier": "low", "age": Decimal(90)}
    assert [each["fact"] for each in found(facts)["changes"]] == ["age"]
    changed = [each["fact"] for each in found(facts, "fixed: true,")["changes"]]
    assert changed == ["risk", "visits"]


def test_what_comes_out_is_told() -> None:
    facts = {"risk": Decimal("0.4"), "visits": Decimal(3), "tier": "low", "age": Decimal(40)}
    told = found(facts)
    assert told["changes"] == [{"fact": "risk", "was": "0.4", "instead": "0.5"}]
    assert told["outcome"] == {"offer": "mail"}


@pytest.mark.parametrize("fixed", ["", "fixed: true,"])
def test_the_vocabulary_keeps_whether_a_fact_is_fixed(fixed: str) -> None:
    assert service(fixed)[1]["age"].fixed is bool(fixed)
