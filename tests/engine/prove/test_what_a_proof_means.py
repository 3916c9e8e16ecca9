"""A proof says nothing of nobody, and what may be missing for one version may be for the other."""

from __future__ import annotations

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.prove.equivalence import equivalent
from ordain.engine.prove.policy_proofs import PolicyProofs

FACTS = """\
facts:
  risk: {type: number, range: 0..1, precision: 2, source: [request, churn], meaning: m}
  usage: {type: number, range: 0..100, meaning: m}
  spent: {type: number, range: 0..100, optional: true, meaning: m}
"""
VOCABULARY = load_vocabulary(FACTS.encode(), "policies/facts.yaml")
HEAD = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
"""
OFFER = """\
decides:
  offer:
    gives: number
    hit policy: first
    rules:
      - {id: high, when: {risk: "> 0.5"}, then: 2}
    otherwise: 1
examples:
  - given: {risk: 0.6}
    expect: {offer: 2}
"""


def compiled(text: str) -> CompiledPolicy:
    return compile_policy(load_policy((HEAD + text).encode(), "policies/sample/v1.yaml", VOCABULARY))


def test_a_version_that_needs_a_score_differs_from_one_that_decides_without_it() -> None:
    without = OFFER.replace("    rules:\n", '    rules:\n      - {id: none, when: {risk: "null"}, then: 1}\n')
    found = equivalent(compiled(OFFER), compiled(f"decides without: [risk]\n{without}"), VOCABULARY, 20)
    assert found.found == "false"
    assert found.customer is not None
    assert found.customer.facts["risk"] is None


def test_of_a_policy_whose_days_nobody_asks_about_nothing_counts_as_proved() -> None:
    text = HEAD.replace("2026-01-01", "2300-01-01") + OFFER
    policy = compile_policy(load_policy(text.encode(), "policies/sample/v1.yaml", VOCABULARY))
    [(_, answer)] = PolicyProofs(policy, VOCABULARY, 20).questions()
    found = answer()
    assert found.found == "unknown"
    assert found.why.startswith("no customer can be within the declared ranges")
    claimed = text.replace("decides:", "prove: [offer >= 1 or usage > 5]\ndecides:")
    policy = compile_policy(load_policy(claimed.encode(), "policies/sample/v1.yaml", VOCABULARY))
    first = next(answer for asked, answer in PolicyProofs(policy, VOCABULARY, 20).questions() if "usage" in asked)
    assert first().found == "unknown"


def test_two_formulas_in_other_words_are_the_same_and_a_rounding_between_them_is_not() -> None:
    one = "decides:\n  fee: {gives: number, formula: HERE}\nexamples:\n  - given: {usage: 1}\n    refused: NotTried\n"
    texts = ("usage * 3 + usage", "usage * 4", '"decimal(usage, 6) * 4"')
    parts = [compiled(one.replace("HERE", text)) for text in texts]
    assert equivalent(parts[0], parts[1], VOCABULARY, 20).found == "proved"
    assert equivalent(parts[0], parts[2], VOCABULARY, 20).found == "false"


def test_a_function_that_is_given_nothing_lacks_it_in_both_readings() -> None:
    one = "decides:\n  fee: {gives: number, formula: HERE}\nexamples:\n  - given: {spent: 1}\n    refused: NotTried\n"
    called = "functions: {f: 'function(a: number) if a = 1 then 2 else 3'}\n" + one.replace("HERE", "f(spent)")
    same = one.replace("HERE", "if spent = 1 then 2 else 3")
    assert equivalent(compiled(called), compiled(same), VOCABULARY, 20).found == "proved"
    other = one.replace("HERE", "'if spent = null then 3 else f(spent)'")
    found = equivalent(compiled(called), compiled(called.split("decides")[0] + other), VOCABULARY, 20)
    assert found.found == "false"
    assert found.customer is not None
    assert found.customer.facts["spent"] is None
