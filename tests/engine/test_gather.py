"""Facts for a decision: from the request or a model, each with its source, and every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import AT
from policy_cases import HEAD, catalog

from ordain.engine.errors import (
    CustomerDataIncomplete,
    DataQualityIssue,
    ModelDegradationDetected,
    NotThatType,
    OrdainError,
)
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Fact, Facts, Score
from ordain.engine.values.types import NUMBER, Kind, Limits, Type, Value

FACTS = """\
facts:
  price: {type: number, unit: INR, range: 0..1000, meaning: the price}
  risk: {type: number, range: 0..1, precision: 4, source: [request, churn], meaning: the risk of leaving}
  score: {type: number, range: 0..1, precision: 2, source: churn, optional: true, meaning: a score of ours}
  tier: {type: text, values: [high, medium, low], meaning: the customer's value}
  vip: {type: flag, default: false, meaning: a guest of honour}
  rival: {type: number, unit: INR, optional: true, meaning: a competitor's price}
  city: {type: text, meaning: where the customer lives}
  usage: {type: number, range: 0..100, meaning: data used}
  calls: {type: number, optional: true, meaning: calls made}
"""
BODY = """\
decides:
  action:
    gives: text
    hit policy: first
    rules:
      - {id: dear, when: {price: "> 500", tier: high}, then: call}
      - {id: leaving, when: {risk: "> 0.80"}, then: mail}
      - {id: rest, if: vip or rival = null, then: none}
    otherwise: none
examples:
  - given: {price: 600, tier: high, risk: 0}
    expect: {action: call}
"""
SERVICES = "services:\n  act: {purpose: A case., policies: [sample], gives: [action]}\n"
CATALOG = catalog({"sample/v1": HEAD.format(kind="decision") + BODY}, SERVICES, FACTS)
PLAN: Plan = CATALOG.pick("act", AT)
WHOLE: dict[str, Any] = {"price": 400, "tier": "low", "risk": Decimal("0.5")}
USAGE = Fact("usage", NUMBER, limits=Limits(Decimal(0), Decimal(100)), meaning="data used")
CALLS = Fact("calls", NUMBER, optional=True, meaning="calls made")


@dataclass
class SteadyModel:
    """A source that always gives one score, and remembers what it was asked."""

    answer: Decimal
    name: str = "churn"
    version: str = "3"
    digest: str = "sha256:0"
    reads: tuple[Fact, ...] = (USAGE, CALLS)
    asked: list[Mapping[str, Value]] = field(default_factory=list)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked.append(inputs)
        return Score(self.answer, (), inputs)


def gathered(given: Mapping[str, object], **models: Any) -> Facts:
    return gather(given, PLAN.needs, CATALOG.vocabulary, models)


def told(error: OrdainError) -> list[tuple[str, str, str]]:
    return [(issue.message, issue.hint, issue.fact) for issue in error.issues]


def test_facts_of_the_request_are_values_with_their_source_and_missing_ones_say_so() -> None:
    found = gathered(WHOLE)
    assert found.values == {"price": 400, "tier": "low", "risk": Decimal("0.5"), "vip": False, "rival": None}
    assert found.sources == {
        "price": "request", "tier": "request", "risk": "request", "vip": "default", "rival": "missing",
    }  # fmt: skip


def test_a_fact_that_no_policy_reads_is_neither_gathered_nor_checked() -> None:
    found = gathered({**WHOLE, "city": 5, "usage": "much"})
    assert found.values.keys() == gathered(WHOLE).values.keys()
    assert found.sources.keys() == found.values.keys()


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        ({"teir": "low"}, "unknown fact `teir`", "did you mean `tier`?"),
        ({"price": "0x400"}, '`price`: the text `"0x400"` is not a number', "the price"),
        ({"price": True}, "`price`: the flag `true` is not a number", "the price"),
        ({"price": Decimal("NaN")}, "`price`: `NaN` is not a finite number", "the price"),
        ({"price": Decimal("Infinity")}, "`price`: `Infinity` is not a finite number", "the price"),
        ({"price": 0.5}, "`price`: the float `0.5` (numbers are decimals here) is not a number", "the price"),
        ({"price": Decimal("1000.01")}, "`price`: the number `1000.01` is outside [0..1000]", "the price"),
        ({"risk": "0,85"}, '`risk`: the text `"0,85"` is not a number', "the risk of leaving"),
        ({"risk": "00.85"}, '`risk`: the text `"00.85"` is not a number', "the risk of leaving"),
        ({"risk": Decimal("1.00001")}, "`risk`: the number `1.00001` is outside [0..1]", "the risk of leaving"),
        (
            {"tier": "hihg"},
            '`tier`: the text `"hihg"` is not one of its values; did you mean `high`?',
            "the customer's value",
        ),
        ({"tier": ["high"]}, "`tier`: a list is not a text", "the customer's value"),
        (
            {"price": {"amount": "400.00", "currency": "EUR"}},
            "`price`: it came in EUR; it must be in INR",
            "the price",
        ),
        (
            {"price": {"amount": "400", "unit": "INR"}},
            '`price`: an object is not an amount such as {"amount": "500.00", "currency": "INR"}',
            "the price",
        ),
    ],
)
def test_a_wrong_fact_is_refused_with_its_words(wrong: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(DataQualityIssue) as caught:
        gathered({**WHOLE, **wrong})
    assert told(caught.value) == [(message, hint, next(iter(wrong)))]


def test_money_may_come_as_it_leaves() -> None:
    assert gathered({**WHOLE, "price": {"amount": "400.50", "currency": "INR"}}).values["price"] == Decimal("400.50")


def test_all_missing_facts_are_named_at_once_with_the_rule_that_needs_each() -> None:
    with pytest.raises(CustomerDataIncomplete) as caught:
        gathered({"price": None})
    assert told(caught.value) == [
        ("rule `dear` of sample@1 needs `price`, which is missing", "price: the price", "price"),
        ("rule `dear` of sample@1 needs `tier`, which is missing", "tier: the customer's value", "tier"),
        (
            "rule `leaving` of sample@1 needs `risk`, which is missing",
            "send it: no model `churn` is trained here that could give it",
            "risk",
        ),
    ]
    assert all(issue.span is not None and issue.span.file == "policies/sample/v1.yaml" for issue in caught.value.issues)


def test_wrong_and_missing_facts_are_told_together() -> None:
    with pytest.raises(DataQualityIssue) as caught:
        gathered({"teir": "low", "price": "x", "risk": 0})
    assert [issue.fact for issue in caught.value.issues] == ["teir", "price", "tier"]


def test_the_model_scores_when_the_request_has_no_value_and_is_named_with_its_version() -> None:
    model = SteadyModel(Decimal("0.9"))
    found = gathered({"price": 400, "tier": "low", "usage": 7}, churn=model)
    assert found.values["risk"] == Decimal("0.9")
    assert found.sources["risk"] == "churn@3"
    assert found.scores["risk"][0] is model
    assert model.asked == [{"usage": Decimal(7), "calls": None}]
    assert "usage" not in found.values


def test_a_value_in_the_request_goes_before_the_model() -> None:
    model = SteadyModel(Decimal("0.9"))
    assert gathered(WHOLE, churn=model).sources["risk"] == "request"
    assert model.asked == []


def test_what_the_model_lacks_is_named_with_the_fact_it_is_needed_for() -> None:
    with pytest.raises(CustomerDataIncomplete) as caught:
        gathered({"price": 400, "tier": "low"}, churn=SteadyModel(Decimal("0.9")))
    assert told(caught.value) == [
        ("the model churn@3 needs `usage` for `risk`, and it is missing", "or send `risk` itself", "usage")
    ]


def test_a_wrong_input_of_the_model_is_a_fault_of_the_request() -> None:
    with pytest.raises(DataQualityIssue, match=r"`usage`: the number `101` is outside \[0\.\.100\]"):
        gathered({"price": 400, "tier": "low", "usage": 101}, churn=SteadyModel(Decimal("0.9")))


def test_a_broken_model_is_told_and_never_replaced_by_a_guess() -> None:
    broken = ModelDegradationDetected("the model `churn` is corrupt", "train it again")
    with pytest.raises(ModelDegradationDetected, match="the model `churn` is corrupt"):
        gathered({"price": 400, "tier": "low", "usage": 7}, churn=broken)
    assert gathered(WHOLE, churn=broken).sources["risk"] == "request"


def test_a_broken_model_keeps_nothing_of_the_requests_that_met_it() -> None:
    broken = ModelDegradationDetected("the model `churn` is corrupt")
    lengths = []
    for _ in range(3):
        with pytest.raises(ModelDegradationDetected) as caught:
            gathered({"price": 400, "tier": "low", "usage": 7}, churn=broken)
        lengths.append(len(list(caught.traceback)))
    assert len(set(lengths)) == 1


@pytest.mark.parametrize("score", ["1.5", "NaN", "-0.0001"])
def test_a_score_outside_the_range_of_its_fact_is_a_fault_of_the_model(score: str) -> None:
    with pytest.raises(ModelDegradationDetected, match="the score of churn@3 for `risk`"):
        gathered({"price": 400, "tier": "low", "usage": 7}, churn=SteadyModel(Decimal(score)))


@pytest.mark.parametrize(
    ("score", "value", "action"),
    [
        ("1E-9", "0.0000", "none"),
        ("0.80004", "0.8000", "none"),
        ("0.80005", "0.8000", "none"),
        ("0.80006", "0.8001", "mail"),
        ("0.80015", "0.8002", "mail"),
        ("0.99999", "1.0000", "mail"),
    ],
)
def test_a_score_decides_as_it_is_rounded_half_even_to_its_precision(score: str, value: str, action: str) -> None:
    given = {"price": 400, "tier": "low", "usage": 7}
    found = gathered(given, churn=SteadyModel(Decimal(score)))
    assert str(found.values["risk"]) == value
    assert PLAN.evaluate(found, AT).given() == {"action": action}
    sent = gathered({**WHOLE, "risk": Decimal(score)})
    assert sent.values["risk"] == found.values["risk"]


def test_a_fact_that_only_a_policy_or_a_model_gives_is_refused_from_a_request() -> None:
    body = "decides:\n  action: {gives: number, formula: if score = null then 0 else score}\n"
    text = HEAD.format(kind="decision") + body + "examples:\n  - given: {}\n    expect: {action: 0}\n"
    held = catalog({"sample/v1": text}, SERVICES, FACTS)
    with pytest.raises(DataQualityIssue, match="`score` comes from churn, not from a request"):
        gather({"score": 1}, held.pick("act", AT).needs, held.vocabulary, {})


def test_a_value_that_a_policy_of_the_service_gives_is_refused_from_a_request() -> None:
    facts = FACTS + "  rate: {type: number, source: policy rating, meaning: a rate}\n"
    body = "decides:\n  {name}: {{gives: number, formula: {formula}}}\n"
    body += "examples:\n  - given: {{{read}: 1}}\n    expect: {{{name}: 1}}\n"
    head = HEAD.format(kind="decision")
    rating = head.replace("sample", "rating") + body.format(name="rate", formula="price", read="price")
    sample = head + body.format(name="action", formula="rate", read="rate")
    services = SERVICES.replace("[sample]", "[rating, sample]")
    held = catalog({"rating/v1": rating, "sample/v1": sample}, services, facts)
    with pytest.raises(DataQualityIssue):
        gather({"price": 1, "rate": 5}, held.pick("act", AT).needs, held.vocabulary, {})


@pytest.mark.parametrize(
    "sent", [400, Decimal("400.0"), Decimal("4E+2"), "400", "400.000", {"amount": "400.0", "currency": "INR"}]
)
def test_money_has_its_currencys_digits_however_it_was_sent(sent: Any) -> None:
    assert str(gathered({**WHOLE, "price": sent}).values["price"]) == "400.00"


def test_money_with_more_digits_than_its_currency_keeps_them() -> None:
    assert str(gathered({**WHOLE, "price": Decimal("400.1250")}).values["price"]) == "400.125"


def test_another_number_has_no_zeros_at_its_end_and_a_precise_one_has_its_digits() -> None:
    model = SteadyModel(Decimal("0.5"))
    facts = gathered(
        {**{n: v for n, v in WHOLE.items() if n != "risk"}, "usage": Decimal("5.50"), "calls": Decimal("3.0")},
        churn=model,
    )
    assert str(facts.values["risk"]) == "0.5000"
    assert {name: str(value) for name, value in model.asked[0].items()} == {"usage": "5.5", "calls": "3"}


def test_an_object_with_a_currency_is_money_and_no_other_measure() -> None:
    fact = Fact("used", Type(Kind.NUMBER, unit="GB"))
    with pytest.raises(NotThatType, match="an object is not a number"):
        fact.read({"amount": "5", "currency": "GB"})
