"""Nothing counts as proved that parts of a second, or the zeros at the end of a number's text, make false."""

from __future__ import annotations

import pytest

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.prove.policy_proofs import PolicyProofs
from ordain.engine.prove.proof import Proof

FACTS = """\
facts:
  n: {type: number, range: 0..100, precision: 2, meaning: m}
  m: {type: number, range: 0..100, precision: 1, meaning: m}
  wide: {type: number, meaning: m}
  t: {type: date and time, meaning: m}
  u: {type: date and time, meaning: m}
  d: {type: date, meaning: m}
  e: {type: date, meaning: m}
  lasts: {type: duration, meaning: m}
  f: {type: flag, meaning: m}
  g: {type: flag, meaning: m}
"""
VOCABULARY = load_vocabulary(FACTS.encode(), "policies/facts.yaml")
TEXT = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
prove:
  - %s
decides:
  amount: {gives: number, formula: if f then n * 1.0 else n * 1}
  words: {gives: text, formula: string(amount)}
examples:
  - given: {n: 1, f: true}
    expect: {amount: 1, words: "1.000"}
"""


def proof(claim: str) -> Proof:
    policy = load_policy((TEXT % claim).encode(), "policies/sample/v1.yaml", VOCABULARY)
    _, answer = next(PolicyProofs(compile_policy(policy), VOCABULARY, 20).questions(claims_only=True))
    return answer()


@pytest.mark.parametrize(
    "claim",
    [
        '\'lasts <= duration("PT1S") or lasts >= duration("PT2S")\'',
        "'t <= u or t >= u + duration(\"PT1S\")'",
        "'t - u != duration(\"PT0.000001S\")'",
        "'decimal(wide, 11) = wide'",
    ],
)
def test_a_customer_is_found_between_whole_seconds_and_in_the_last_digit(claim: str) -> None:
    found = proof(claim)
    assert (found.found, found.customer is None) == ("false", False)


@pytest.mark.parametrize(
    "claim",
    [
        "n != m or string(n) = string(m)",
        "t != u or string(t) = string(u)",
        "string(n * 1.0) = string(n * 1)",
        "{outcome: words, never depends on: [f]}",
    ],
)
def test_equal_values_may_be_written_otherwise(claim: str) -> None:
    assert proof(claim).found in ("false", "unknown")


@pytest.mark.parametrize(
    "claim",
    [
        "string(n) = string(n)",
        "d != e or string(d) = string(e)",
        "lasts.hours < 24 and lasts.hours > -24",
        "t >= u or t < u",
        "{outcome: words, never depends on: [g]}",
    ],
)
def test_what_is_so_is_still_proved(claim: str) -> None:
    assert proof(claim).found == "proved"
