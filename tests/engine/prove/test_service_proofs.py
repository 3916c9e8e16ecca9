"""What is asked of a service: protected facts through another decision, two laws at odds, and large tables."""

from __future__ import annotations

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import Span
from ordain.engine.evaluate import Plan, make_plan
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.service import Service
from ordain.engine.prove.policy_proofs import PolicyProofs
from ordain.engine.prove.proof import Proof
from ordain.engine.prove.service_proofs import ServiceProofs

FACTS = """\
facts:
  risk: {type: number, range: 0..1, precision: 2, meaning: m}
  base: {type: number, unit: INR, range: 1..1000, precision: 2, meaning: m}
  place: {type: text, values: [here, there], meaning: m}
  weak: {type: flag, protected: true, personal: true, meaning: m}
  group: {type: text, values: [a, b], source: policy grouping, meaning: m}
"""
VOCABULARY: Vocabulary = load_vocabulary(FACTS.encode(), "policies/facts.yaml")
GROUPING = """\
policy: grouping
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  group:
    gives: {type: text, values: [a, b]}
    hit policy: first
    rules:
      - {id: first, if: "HERE", then: a}
    otherwise: b
examples:
  - given: {risk: 0.5, weak: true}
    expect: {group: a}
"""
PRICING = """\
policy: fee
version: 1
kind: pricing
effective: 2026-01-01
owner: tests
purpose: A case.
price:
  fee: {formula: 'if group = "a" then base else base * 2', currency: INR, round: half up to 0.01}
examples:
  - given: {base: 10, group: a}
    expect: {fee: 10}
"""
LAW = """\
policy: NAME
version: 1
kind: compliance
effective: 2026-01-01
owner: tests
purpose: A case.
rules:
  - id: rule-NAME
    status: in force
    source: the law
    checked on: 2026-01-01
    confidence: own rule
    applies when: HERE
    requires: {notice_days: DAYS}
    because: The law says so.
examples:
  - given: {place: here, risk: 0.5}
    expect: {verdict: permit}
"""


NAMES = ("one", "other")


def compiled(text: str, name: str) -> CompiledPolicy:
    return compile_policy(load_policy(text.encode(), f"policies/{name}/v1.yaml", VOCABULARY))


def service(gives: tuple[str, ...], *policies: CompiledPolicy) -> Plan:
    names = tuple(each.policy.name for each in policies)
    place = Span("policies/services.yaml", 1, 1)
    return make_plan(Service("sample", "A case.", names, gives, False, frozenset(), place), policies, VOCABULARY)


def answers(plan: Plan) -> dict[str, Proof]:
    return {asked: answer() for asked, answer in ServiceProofs(plan, VOCABULARY, 20).questions()}


def test_a_price_that_depends_on_a_protected_fact_through_another_decision_is_refuted() -> None:
    """The catalog does not load these two together; the proof finds it by itself."""
    plan = service(
        ("fee",), compiled(GROUPING.replace("HERE", "risk > 0.9 or weak"), "grouping"), compiled(PRICING, "fee")
    )
    found = answers(plan)["`fee` never depends on a protected fact (`weak`)"]
    assert found.found == "false"
    assert found.customer is not None
    assert found.customer.facts["weak"] != found.customer.other["weak"]


def test_one_that_reads_a_protected_fact_and_does_not_depend_on_it_is_proved() -> None:
    same = GROUPING.replace("HERE", "risk > 0.4 and (weak or not(weak))")
    plan = service(("fee",), compiled(same, "grouping"), compiled(PRICING, "fee"))
    found = answers(plan)
    assert found["`fee` never depends on a protected fact (`weak`)"].found == "proved"
    assert found["every customer gets an outcome"].found == "proved"


def test_two_laws_that_ask_different_things_of_one_customer_are_refuted() -> None:
    law = [LAW.replace("NAME", name).replace("DAYS", days) for name, days in (("one", "14"), ("other", "30"))]
    asked = "`one@1` and `other@1` never ask two different things under one name"
    at_odds = [compiled(text.replace("HERE", 'place = "here"'), name) for text, name in zip(law, NAMES, strict=True)]
    found = answers(service(("verdict",), *at_odds))[asked]
    assert found.found == "false"
    assert found.said == "`rule-one` asks notice_days: 14 and `rule-other` asks notice_days: 30"
    apart = [
        compiled(text.replace("HERE", f'place = "{where}"'), name)
        for text, name, where in zip(law, NAMES, ("here", "there"), strict=True)
    ]
    assert answers(service(("verdict",), *apart))[asked].found == "proved"


def table_of(rules: int, *, gap: bool = False) -> CompiledPolicy:
    """Bands of risk and base, of which one is left out where there is to be a gap."""
    lines = []
    for number in range(rules):
        low = 1 + 999 * number / rules
        high = 1 + 999 * (number + 1) / rules
        if not (gap and number == rules // 2):
            end = "]" if number == rules - 1 else ")"
            lines.append(
                f"      - {{id: r{number}, when: {{base: '[{low:.2f}..{high:.2f}{end}'}}, then: '{number % 40}'}}\n"
            )
    text = GROUPING[: GROUPING.index("decides:")] + (
        "decides:\n  percent:\n    gives: number\n    hit policy: unique\n    rules:\n"
        + "".join(lines)
        + "prove: [percent < 40]\nexamples:\n  - given: {base: 2}\n    expect: {percent: 0}\n"
    )
    return compiled(text, "grouping")


def test_a_table_of_hundreds_of_rules_is_proved_and_its_gap_is_found() -> None:
    found = {asked: answer() for asked, answer in PolicyProofs(table_of(300), VOCABULARY, 60).questions()}
    assert {str(each.found) for each in found.values()} == {"proved"}
    gap = dict(PolicyProofs(table_of(300, gap=True), VOCABULARY, 60).questions())["every customer gets an outcome"]()
    assert gap.found == "false"
    assert gap.customer is not None
    assert 500 < gap.customer.facts["base"] < 504
