"""What a service tells of: a table of its own whose rules name types of events; anything else is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.errors import PolicyError
from ordain.engine.telling import types_told

FACTS = b"facts: {amount: {type: number, range: '[0..1000]', meaning: an amount}}"
SERVICES = b"services: {sample: {purpose: A case., policies: [signals], gives: [fee], tells: [told]}}"
POLICY = """\
policy: signals
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  fee:
    gives: number
    hit policy: first
    rules:
      - {id: small, when: {amount: "< 10"}, then: 1, because: It is small.}
    otherwise: 2
  told:
    gives: text
    hit policy: collect
    rules:
      - {id: large, when: {amount: ">= 100"}, then: fee.large, because: It is large.}
      - {id: huge, when: {amount: ">= 900"}, then: fee.huge, because: It is huge.}
examples:
  - given: {amount: 900}
    expect: {fired: [large, huge]}
"""


def texts(policy: str = POLICY, services: bytes = SERVICES) -> Texts:
    return Texts(FACTS, services, {"policies/signals/v1.yaml": policy.encode()})


def test_each_rule_of_a_told_table_names_a_type_by_its_reason_code() -> None:
    plan = load_catalog(texts()).pick("sample", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    assert types_told(plan) == {"signals@1/large": "fee.large", "signals@1/huge": "fee.huge"}


def test_a_service_that_tells_of_nothing_makes_no_events() -> None:
    silent = SERVICES.replace(b", tells: [told]", b"")
    plan = load_catalog(texts(services=silent)).pick("sample", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    assert types_told(plan) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("then: fee.large", "then: Fee.large", "`large` of `told` gives no type of an event"),
        ("then: fee.large", f"then: fee.{'e' * 197}", "`large` of `told` gives no type of an event"),
        ("then: fee.large", "then: large", "`large` of `told` gives no type of an event"),
        ("then: fee.large", "then: ordain.decision.recorded", "`large` of `told` gives no type of an event"),
        ("then: fee.large", "then: '= \"fee.\" + string(amount)'", "`large` of `told` gives no type of an event"),
        ("id: large", "id: small", "`small` of `told` makes an event, and is also the name of something else here"),
        ("  told:\n    gives: text", "  tells:\n    gives: text", "gives `told`, which it tells of"),
        ("  told:\n    gives: text", "  told:\n    gives: {a: text, b: text}", "no table with one text for each rule"),
    ],
)
def test_what_names_no_type_is_refused_in_plain_words(old: str, new: str, message: str) -> None:
    assert old in POLICY
    changed = POLICY.replace(old, new)
    if "{a: text" in new:
        changed = changed.replace("then: fee.large", "then: {a: x, b: y}").replace(
            "then: fee.huge", "then: {a: x, b: y}"
        )
    with pytest.raises(PolicyError) as caught:
        load_catalog(texts(changed), run_examples=False)
    assert any(message in issue.message for issue in caught.value.issues), caught.value


def test_a_formula_is_no_table() -> None:
    services = SERVICES.replace(b"tells: [told]", b"tells: [label]")
    policy = POLICY.replace("examples:", "  label: {gives: text, formula: '\"a.b\"', because: It is so.}\nexamples:")
    with pytest.raises(PolicyError, match="`label` makes events, and is no table"):
        load_catalog(texts(policy, services))
