"""`prove:` in a policy: what it can say, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from policy_cases import HEAD, findings, vocabulary

from ordain.engine.errors import PolicyError
from ordain.engine.policy.claims import Direction, Holds, Ignores, Moves
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Policy

DECIDES = """\
decides:
  fee:
    gives: {amount: number, word: text}
    hit policy: first
    rules:
      - {id: high, when: {tier: high}, then: {amount: 5, word: x}}
    otherwise: {amount: 1, word: y}
examples:
  - given: {tier: high}
    expect: {fee.amount: 5}
"""


def policy(prove: str) -> Policy:
    text = f"{HEAD.format(kind='decision')}prove:\n{prove}\n{DECIDES}"
    return load_policy(text.encode(), "policies/sample/v1.yaml", vocabulary())


def test_each_form_is_read() -> None:
    read = policy(
        "  - fee.amount <= 5\n"
        "  - {that: fee.amount <= 5, because: The law.}\n"
        "  - {more: tier, in order: [low, medium, high], never lowers: fee.amount}\n"
        "  - {outcome: fee.word, never depends on: [risk]}\n"
    )
    says = [claim.says for claim in read.claims]
    assert isinstance(says[0], Holds)
    assert read.claims[1].because == "The law."
    assert says[2] == Moves("tier", ("fee", "amount"), Direction.NEVER_LOWERS, ("low", "medium", "high"))
    assert says[3] == Ignores(("risk",), ("fee", "word"))
    assert [claim.text for claim in read.claims][2:] == [
        "more `tier` never lowers `fee.amount`",
        "`fee.word` never depends on `risk`",
    ]


def test_a_fact_that_only_a_claim_reads_has_not_to_be_sent() -> None:
    assert policy("  - fee.amount <= 5 or base > 1").reads == ("tier",)


@pytest.mark.parametrize(
    ("prove", "message"),
    [
        ("  - fee.amount", "`fee.amount` gives a number, but a yes/no value is needed"),
        ("  - fee.amont <= 5", "a context has no `amont`"),
        ("  - {more: tier, never lowers: fee.amount}", "what more of `tier` is cannot be told"),
        ("  - {more: teir, never lowers: fee.amount}", "unknown fact `teir`"),
        ("  - {more: risk, never lowers: fee.word}", "`fee.word` is neither a number, a date nor a flag"),
        ("  - {more: risk, never lowers: fee.sum}", "this policy does not give `fee.sum`"),
        ("  - {more: risk}", "this is nothing that can be proved"),
        ("  - {outcome: fee.word, never depends on: [fee]}", "unknown fact `fee`"),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_in_its_place(prove: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        policy(prove)
    found: list[dict[str, Any]] = findings(error.value)
    assert found[0]["message"].startswith(message), found
    assert found[0]["at"].startswith("8:")
