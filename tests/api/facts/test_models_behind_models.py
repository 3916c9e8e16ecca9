"""What a model needs may come from another model, and from the moment that is decided for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import AT
from policy_cases import HEAD, catalog

from ordain.api.facts.decision_time import DecisionTime
from ordain.engine.catalog import protected_score_issues
from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, Issue, ModelDegradationDetected, PolicyError
from ordain.engine.fact_store import OnFile
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Fact, Facts, Score
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.values.types import DATE_TIME, NUMBER, TEXT, Type, Value

FACTS = """\
facts:
  usage: {type: number, meaning: data used}
  age: {type: number, protected: true, meaning: how old the customer is}
  segment: {type: text, source: [request, segments], meaning: the kind of customer}
  hour: {type: date and time, source: [request, time], meaning: the hour}
  day: {type: date, source: time, meaning: the day}
  elasticity: {type: number, source: [request, elasticities], meaning: how demand answers prices}
  demand: {type: number, source: [request, demand], meaning: how much is wanted}
"""
POLICY = """\
decides:
  price: {gives: number, hit policy: first, rules: [{id: a, if: elasticity < 0, then: 1 + demand}], otherwise: 2}
examples:
  - given: {elasticity: 1, demand: 0}
    expect: {price: 2}
"""
SERVICES = "services:\n  quote: {purpose: A case., policies: [sample], gives: [price]}\n"
MIDNIGHT = dt.datetime(2026, 11, 30, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
KINDS = Type(TEXT.kind, values=("budget", "power"))


@dataclass
class Model:
    """A model in memory; `gives` is its score, or what it raises."""

    name: str
    reads: tuple[Fact, ...]
    gives: Any
    version: str = "1"
    digest: str = "sha256:0"
    asked: list[Mapping[str, Value]] = field(default_factory=list)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked.append(inputs)
        if isinstance(self.gives, Exception):
            raise self.gives
        return Score(self.gives, (), inputs)

    def score_many(self, many: Any) -> Any:
        return [self.score(inputs) for inputs in many]


def segments(gives: Any = "budget") -> Model:
    return Model("segments", (Fact("usage", NUMBER),), gives)


def elasticities(*more: Fact) -> Model:
    return Model("elasticities", (Fact("segment", KINDS), *more), Decimal("-0.5"))


def demand(gives: Any = Decimal("0.3")) -> Model:
    return Model("demand", (Fact("hour", DATE_TIME),), gives)


def quoted(given: Mapping[str, object], *models: Model, facts: str = FACTS) -> Facts:
    made = catalog({"sample/v1": HEAD.format(kind="decision") + POLICY}, SERVICES, facts)
    plan = made.pick("quote", AT)
    on_file = OnFile({"time": DecisionTime(made.vocabulary.facts)}, "C-1", MIDNIGHT)
    return gather(given, plan.needs, made.vocabulary, {model.name: model for model in models}, on_file)


def with_fallback(name: str, value: str) -> str:
    lines = FACTS.splitlines()
    return "\n".join(
        line.replace(", meaning", f", fallback: {value}, meaning") if line.startswith(f"  {name}:") else line
        for line in lines
    )


def test_what_one_model_gives_is_asked_of_it_for_another_and_is_a_fact_of_the_decision() -> None:
    other = elasticities()
    found = quoted({"usage": 5}, segments(), other, demand())
    assert other.asked == [{"segment": "budget"}]
    assert (found.values["segment"], found.sources["segment"]) == ("budget", "segments@1")
    assert found.inputs_from["segment"] == "segments@1"
    assert found.scores["segment"][0].name == "segments"
    assert found.sources["elasticity"] == "elasticities@1"


def test_a_request_that_sends_it_needs_no_model_for_it() -> None:
    first, other = segments(), elasticities()
    found = quoted({"segment": "power"}, first, other, demand())
    assert (first.asked, other.asked) == ([], [{"segment": "power"}])
    assert "segment" not in found.values


def test_the_moment_that_is_decided_for_is_a_fact_that_nobody_has_to_send() -> None:
    asked = demand()
    found = quoted({"elasticity": -1}, asked)
    assert asked.asked == [{"hour": MIDNIGHT}]
    assert found.inputs_from["hour"] == "time as of 2026-11-30T00:30:00+05:30"
    sent = demand()
    quoted({"elasticity": -1, "hour": "2026-12-01T08:00:00+05:30"}, sent)
    assert sent.asked[0]["hour"] == dt.datetime(2026, 12, 1, 8, tzinfo=MIDNIGHT.tzinfo)
    facts = load_vocabulary(FACTS.encode(), "facts.yaml").facts
    assert DecisionTime(facts).read("C-1", ["day"], MIDNIGHT)["day"].value == "2026-11-30"


def test_a_fact_of_another_type_cannot_come_from_the_time() -> None:
    wrong = FACTS.replace("type: date, source: time", "type: number, source: time")
    with pytest.raises(PolicyError, match="comes from `time`, the moment that is decided for, and is a number"):
        load_vocabulary(wrong.encode(), "facts.yaml")


def test_what_the_model_behind_lacks_is_told_once() -> None:
    with pytest.raises(CustomerDataIncomplete) as caught:
        quoted({}, segments(), elasticities(), demand())
    assert [issue.message for issue in caught.value.issues] == [
        "the model segments@1 needs `usage` for `segment`, and it is missing"
    ]


def test_where_the_model_behind_is_not_trained_the_request_may_send_what_it_would_give() -> None:
    with pytest.raises(CustomerDataIncomplete, match="the model elasticities@1 needs `segment`, which is missing"):
        quoted({}, elasticities(), demand())


@pytest.mark.parametrize(
    "behind",
    [(), (segments(ModelDegradationDetected("damaged")),), (segments("students"),)],
    ids=["not trained", "failing", "a name that the other model does not know"],
)
def test_a_model_behind_that_cannot_be_used_leads_to_the_fallback_of_the_fact(behind: tuple[Model, ...]) -> None:
    found = quoted({"usage": 5}, *behind, elasticities(), demand(), facts=with_fallback("elasticity", "-0.8"))
    assert str(found.values["elasticity"]) == "-0.8"
    assert found.sources["elasticity"] == "fallback of elasticities: inputs not readable"


def test_without_a_fallback_it_refuses_and_says_which_model() -> None:
    with pytest.raises(ModelDegradationDetected, match="the model elasticities@1 needs `segment`: damaged"):
        quoted({"usage": 5}, segments(ModelDegradationDetected("damaged")), elasticities(), demand())


def test_the_fallback_of_what_stands_behind_is_asked_first() -> None:
    other = elasticities()
    failing = segments(ModelDegradationDetected("damaged"))
    found = quoted({"usage": 5}, failing, other, demand(), facts=with_fallback("segment", "power"))
    assert other.asked == [{"segment": "power"}]
    assert found.sources["segment"] == "fallback of segments: no score"
    assert found.fallbacks["segment"].model == "segments"


def test_models_that_need_each_other_are_refused_and_not_asked_for_ever() -> None:
    circle = Model("segments", (Fact("elasticity", NUMBER),), "budget")
    with pytest.raises(ModelDegradationDetected, match="needs `elasticity`, which cannot be had without it"):
        quoted({}, circle, elasticities(), demand())


def test_a_model_that_cannot_take_what_nobody_sent_falls_back_and_what_was_sent_is_refused() -> None:
    late = DataQualityIssue(Issue("not between 1 and 30 October", fact="hour"))
    facts = with_fallback("demand", "0.5")
    assert quoted({"elasticity": -1}, demand(late), facts=facts).sources["demand"] == "fallback of demand: no score"
    with pytest.raises(DataQualityIssue, match="not between"):
        quoted({"elasticity": -1, "hour": "2026-12-31T08:00:00+05:30"}, demand(late), facts=facts)
    with pytest.raises(DataQualityIssue, match="not between"):
        quoted({"elasticity": -1}, demand(late))


def test_a_protected_fact_does_not_reach_a_price_through_two_models_either() -> None:
    pricing = """\
price:
  price: {formula: 100 * (1 + elasticity), currency: INR, round: half up to 0.01}
examples:
  - given: {elasticity: 0}
    expect: {price: 100}
"""
    made = catalog({"sample/v1": HEAD.format(kind="pricing") + pricing}, SERVICES, FACTS)
    first = Model("segments", (Fact("age", NUMBER),), "budget")
    assert protected_score_issues(made, [segments(), elasticities()]) == []
    [issue] = protected_score_issues(made, [elasticities(), first])
    assert "`age`" in issue.message
