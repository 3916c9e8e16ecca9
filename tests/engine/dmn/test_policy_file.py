"""A `.dmn` file among the policies reads the facts of the vocabulary."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from dmn_models import AT, MODELS, decision, document, input_data

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.dmn.reading.policy_file import read_policy
from ordain.engine.errors import PolicyError
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy

FACTS = """
facts:
  applicant:
    type: context
    fields: {age: number, monthly income: number, status: text}
    meaning: who applies
  loan_amount: {type: number, meaning: how much is asked for}
  limit: {type: number, meaning: the highest amount}
"""


def vocabulary() -> Vocabulary:
    return load_vocabulary(FACTS.encode(), "facts.yaml")


def read(body: str, **more: str) -> Policy:
    return read_policy(document(body, **more), "policies/small/v3.dmn", vocabulary())


def refused(body: str, **more: str) -> str:
    with pytest.raises(PolicyError) as caught:
        read(body, **more)
    return str(caught.value)


def asked(name: str, type: str) -> str:
    """An input and a decision that reads it."""
    return input_data(name, type) + decision("d", name, f"input:{name}")


def test_name_version_days_and_owner_come_from_the_path_and_the_models_own_attributes() -> None:
    policy = read_policy((MODELS / "loan.dmn").read_bytes(), "policies/loan/v2.dmn", vocabulary())
    assert (policy.label, policy.owner, policy.lenient) == ("loan@2", "Credit desk", True)
    assert (policy.effective.start, policy.effective.end) == (dt.date(2026, 3, 1), dt.date(2026, 12, 31))
    assert policy.reads == ("applicant", "loan_amount")
    assert set(policy.gives) == {"Offer", "Score", "Burden"}


def test_inputs_are_the_facts_of_their_name_in_snake_case() -> None:
    policy = read_policy((MODELS / "loan.dmn").read_bytes(), "policies/loan/v2.dmn", vocabulary())
    applicant = {"age": Decimal(20), "monthly income": Decimal(2000), "status": "employed"}
    values = {"applicant": applicant, "loan_amount": Decimal(12000)}
    compile_policy(policy).run(values, AT, [], [])
    assert values["Offer"] == {"kind": "small", "rate": Decimal("0.06")}


def test_an_input_of_a_facts_own_name_needs_no_other() -> None:
    policy = read(input_data("limit", "number") + decision("d", "limit", "input:limit"))
    assert policy.reads == ("limit",)
    assert [part.name for part in policy.decisions] == ["d"]


def test_an_input_that_nothing_declares_is_a_fact_as_well() -> None:
    policy = read(decision("d", "limit * 2"))
    assert policy.reads == ("limit",)
    assert read(input_data("drawn only") + decision("d", "limit")).reads == ("limit",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (asked("Loan Amuont", "number"), "did you mean `loan_amount`?"),
        (asked("Customer", "string"), "declare `customer` in facts.yaml; `ordain dmn convert` writes its entry"),
        (decision("d", "1 + wanted"), "small/v3.dmn:2:76: the input `wanted` is not a known fact"),
        (asked("Loan Amount", "string"), "the input `Loan Amount` is a text, but the fact `loan_amount` a number"),
        (decision("limit", "1"), "`limit` is a fact, so no decision may have its name"),
        (decision("d", "1 +"), "a value is expected here"),
    ],
)
def test_what_does_not_fit_the_vocabulary_is_an_error(body: str, said: str) -> None:
    assert said in refused(body)


def test_days_that_are_none_are_an_error() -> None:
    assert "`effective`" in refused("", more='xmlns:o="urn:ordain" o:effective="soon"')
    days = 'xmlns:o="urn:ordain" o:effective="2026-03-01" o:until="2026-02-01"'
    assert "it ends on 2026-02-01, before it begins" in refused("", more=days)


def test_a_misspelt_attribute_is_an_error() -> None:
    assert "did you mean `effective`?" in refused("", more='xmlns:o="urn:ordain" o:efective="2026-03-01"')


def test_a_policy_imports_no_other_file() -> None:
    imports = '<import name="other" namespace="urn:other" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
    assert "a policy is one file, and `urn:other` is not in it" in refused(imports)
