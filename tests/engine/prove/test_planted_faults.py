"""Faults planted in policies are refuted with a customer whom deciding confirms; without the fault it is proved."""

from __future__ import annotations

from typing import Any

import pytest
from feel_cases import cases

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import OrdainError
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.prove.policy_proofs import PolicyProofs
from ordain.engine.prove.proof import Proof

PLANTED: dict[str, Any] = cases("proofs/planted.yaml")
VOCABULARY = load_vocabulary(PLANTED["facts"].encode(), "policies/facts.yaml")
HEAD = """\
policy: sample
version: 1
kind: {kind}
effective: 2026-01-01
owner: tests
purpose: A case.
"""


def compiled(case: dict[str, Any], here: str) -> CompiledPolicy:
    given = ", ".join(f"{name}: {str(value).lower()}" for name, value in PLANTED["given"].items())
    examples = f"examples:\n  - given: {{{given}}}\n    refused: NotTried\n"
    quoted = any(f'"{before}HERE' in case["text"] for before in ("", "last_offer_on != null and "))
    escaped = here.replace('"', '\\"') if quoted else here
    text = HEAD.format(kind=case["kind"]) + case["text"].replace("HERE", escaped) + examples
    return compile_policy(load_policy(text.encode(), "policies/sample/v1.yaml", VOCABULARY))


def proof(case: dict[str, Any], here: str) -> tuple[Proof, CompiledPolicy]:
    policy = compiled(case, here)
    questions = dict(PolicyProofs(policy, VOCABULARY, 30).questions())
    return questions[case["asked"]](), policy


@pytest.mark.parametrize("case", PLANTED["cases"], ids=lambda case: case["name"])
def test_a_planted_fault_is_refuted_by_a_customer(case: dict[str, Any]) -> None:
    found, policy = proof(case, case["wrong"])
    assert found.found == "false", found
    assert found.customer is not None
    facts = dict(found.customer.facts)
    if "never" in case["asked"] and found.customer.other:
        outcomes = []
        for each in (facts, {**facts, **found.customer.other}):
            policy.run(each, found.customer.at, [])
            outcomes.append({name: each[name] for name in policy.policy.gives})
        assert outcomes[0] != outcomes[1]
    elif case["asked"].startswith(("every customer", "no customer")):
        with pytest.raises(OrdainError):
            policy.run(facts, found.customer.at, [])
    else:
        policy.run(facts, found.customer.at, [])


@pytest.mark.parametrize("case", PLANTED["cases"], ids=lambda case: case["name"])
def test_without_the_fault_it_is_proved(case: dict[str, Any]) -> None:
    found, _ = proof(case, case["right"])
    assert found.found == "proved", found
