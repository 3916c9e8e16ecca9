"""What a fact counts as when its model fails, how it is told, and what a fallback may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import AT
from policy_cases import HEAD, catalog

from ordain.engine.catalog import Catalog
from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, ModelDegradationDetected, PolicyError
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Fact, Facts, FellBack, Score
from ordain.engine.values.types import NUMBER, Value

FACTS = """\
facts:
  tenure_months: {type: number, range: 0..1200, meaning: how long}
  segment: {type: text, values: [new, old], default: old, meaning: the segment}
  action: {type: number, source: policy sample, meaning: what sample gives}
  risk:
    {type: number, range: 0..1, precision: 2, source: [request, churn], fallback: FALLBACK, meaning: the risk}
"""
BODY = (
    "decides:\n  action: {gives: number, formula: risk}\nexamples:\n  - given: {risk: 0.1}\n    expect: {action: 0.1}\n"
)
SERVICES = "services:\n  act: {purpose: A case., policies: [sample], gives: [action]}\n"
RULE = "{rule: if tenure_months < 6 then 0.3 else 0.1}"
BROKEN = ModelDegradationDetected("the model `churn` is corrupt")


def held(fallback: str) -> Catalog:
    facts = FACTS.replace("FALLBACK", fallback)
    return catalog({"sample/v1": HEAD.format(kind="decision") + BODY}, SERVICES, facts)


def gathered(fallback: str, given: Mapping[str, object], **models: Any) -> Facts:
    loaded = held(fallback)
    known = loaded.vocabulary.extended((Fact("visits", NUMBER),), "the model churn")
    return gather(given, loaded.pick("act", AT).needs, known, models)


@dataclass
class Churn:
    """A model that gives what it is told, or raises it."""

    gives: Decimal | Exception
    resting: str = ""
    asked: int = 0
    name: str = "churn"
    version: str = "3"
    digest: str = ""
    reads: tuple[Fact, ...] = (Fact("visits", NUMBER),)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        return Score(self.gives, (), inputs)

    def score_many(self, many: Any) -> Any:
        return [self.score(inputs) for inputs in many]


def failing(why: str) -> ModelDegradationDetected:
    error = ModelDegradationDetected("it gives no finite score")
    error.why = why
    return error


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ({}, "not trained"),
        ({"churn": BROKEN}, "unreadable"),
        ({"churn": Churn(failing("no score"))}, "no score"),
        ({"churn": Churn(Decimal(2))}, "no score"),
        ({"churn": Churn(Decimal("0.5"), resting="too slow")}, "too slow"),
    ],
)
def test_where_the_model_fails_the_fallback_counts_and_says_why(models: dict[str, Any], why: str) -> None:
    found = gathered("0.2", {"visits": 4}, **models)
    assert str(found.values["risk"]) == "0.20"
    assert found.sources["risk"] == f"fallback of churn: {why}"
    assert found.fallbacks == {"risk": FellBack("churn", why, {})}
    assert found.scores == {}


def test_a_model_that_scores_has_no_need_of_it_and_one_that_rests_is_not_asked() -> None:
    assert gathered("0.2", {"visits": 4}, churn=Churn(Decimal("0.5"))).sources["risk"] == "churn@3"
    resting = Churn(Decimal("0.5"), resting="failing")
    gathered("0.2", {"visits": 4}, churn=resting)
    assert resting.asked == 0


def test_a_value_in_the_request_goes_before_the_fallback() -> None:
    assert gathered("0.2", {"risk": "0.7"}, churn=BROKEN).sources["risk"] == "request"


@pytest.mark.parametrize(("months", "risk"), [(3, "0.30"), (6, "0.10")])
def test_a_rule_is_asked_of_the_facts_of_the_request_and_they_are_kept(months: int, risk: str) -> None:
    found = gathered(RULE, {"tenure_months": months}, churn=BROKEN)
    assert str(found.values["risk"]) == risk
    assert found.fallbacks["risk"].inputs == {"tenure_months": months}


def test_a_rule_may_read_a_default() -> None:
    found = gathered("{rule: 'if segment = \"new\" then 0.3 else 0.1'}", {}, churn=BROKEN)
    assert (str(found.values["risk"]), found.fallbacks["risk"].inputs) == ("0.10", {"segment": "old"})


def test_what_a_rule_lacks_or_cannot_read_is_a_fault_of_the_request() -> None:
    with pytest.raises(CustomerDataIncomplete, match="the fallback of `risk` needs `tenure_months`, and it is missing"):
        gathered(RULE, {}, churn=BROKEN)
    with pytest.raises(DataQualityIssue, match="`tenure_months`"):
        gathered(RULE, {"tenure_months": -1}, churn=BROKEN)


def test_while_nobody_knows_what_the_model_reads_an_unknown_fact_may_be_an_input_of_it() -> None:
    loaded = held("0.2")
    needs = loaded.pick("act", AT).needs
    assert gather({"visits": 4}, needs, loaded.vocabulary, {}).values == {"risk": Decimal("0.20")}
    with pytest.raises(DataQualityIssue, match="`action` comes from policy sample"):
        gather({"visits": 4, "action": 1}, needs, loaded.vocabulary, {})
    with pytest.raises(DataQualityIssue, match="unknown fact `visits`"):
        gather({"visits": 4}, needs, loaded.vocabulary, {"churn": Churn(Decimal("0.5"))})


def test_what_the_model_lacks_is_no_failure_of_the_model() -> None:
    with pytest.raises(CustomerDataIncomplete, match="the model churn@3 needs `visits` for `risk`"):
        gathered("0.2", {}, churn=Churn(Decimal("0.5")))


def test_a_rule_that_calculates_what_the_fact_cannot_be_gives_no_decision() -> None:
    with pytest.raises(ModelDegradationDetected, match="the fallback of `risk`: the number `50` is outside"):
        gathered("{rule: tenure_months * 10}", {"tenure_months": 5}, churn=BROKEN)
    with pytest.raises(ModelDegradationDetected, match="the fallback of `risk`: "):
        gathered("{rule: 1 / tenure_months}", {"tenure_months": 0}, churn=BROKEN)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("tenure_mnths", "unknown fact `tenure_mnths`"),
        ("action", "the fallback of `risk` reads `action`, which is not known when a model fails"),
        ("risk", "the fallback of `risk` reads `risk`, which is not known when a model fails"),
        ("segment", "the fallback of `risk` gives text, and it is number"),
        (
            "if tenure_months < 6 then 1.3 else 0.1",
            "the fallback of `risk` may give what it cannot be: the number `1.3`",
        ),
        ('if today() > date("2026-01-01") then 0.2 else 0.1', "the fallback of `risk` asks for the time"),
        ("if tenure_months <", "the expression ends too early"),
    ],
)
def test_a_rule_that_cannot_be_a_fallback_is_refused_where_it_stands(rule: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        held("{rule: '" + rule + "'}")
    assert message in " ".join(issue.message for issue in refused.value.issues)
    assert all(issue.span is not None and issue.span.file.endswith("facts.yaml") for issue in refused.value.issues)
    assert {issue.span.line for issue in refused.value.issues if issue.span is not None} == {6}
