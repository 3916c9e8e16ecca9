"""Facts that a request leaves out and a store knows, and several outputs of one model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import AT
from policy_cases import HEAD, catalog

from ordain.engine.catalog import Texts
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import (
    CustomerDataIncomplete,
    DataQualityIssue,
    LedgerUnavailable,
    ModelDegradationDetected,
    PolicyError,
)
from ordain.engine.evaluate import Plan
from ordain.engine.fact_store import Kept, OnFile
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Fact, Facts, Reason, Score
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.score_gate import WITHHELD
from ordain.engine.values.types import NUMBER, Value

FACTS = """\
facts:
  usage: {type: number, unit: GB, source: [request, features], meaning: data used}
  tier: {type: text, values: [high, low], optional: true, source: [request, features], meaning: how valuable}
  last_offer_on: {type: date, optional: true, source: [request, ledger], meaning: the day of the last offer}
  risk: {type: number, range: 0..1, precision: 2, source: [request, features, churn], meaning: the risk}
  level: {type: text, values: [high, low], source: churn.risk_level, meaning: the level of the risk}
  leaves_on: {type: date, source: churn.leaves_on, meaning: the day}
  objected: {type: flag, default: false, source: [request, features], meaning: whether the customer objected}
"""
BODY = """\
decides without: [risk, level, leaves_on]
decides:
  action:
    gives: text
    hit policy: first
    rules:
      - {id: none, if: risk = null or level = null or leaves_on = null, then: nothing}
      - {id: usage, if: usage > 5 and tier = null, then: a}
      - {id: last, if: last_offer_on = null, then: b}
    otherwise: c
examples:
  - given: {usage: 6, risk: 0.1, level: low, leaves_on: 2026-01-01}
    expect: {action: a}
"""
SERVICES = """\
services:
  act:
    purpose: A case.
    policies: [sample]
    gives: [action]
    scores: {unless: objected, because: you objected}
"""
CATALOG = catalog({"sample/v1": HEAD.format(kind="decision") + BODY}, SERVICES, FACTS)
PLAN: Plan = CATALOG.pick("act", AT)
NOON = dt.datetime(2026, 11, 30, 10, tzinfo=dt.UTC)
WHOLE: dict[str, object] = {"usage": 3, "tier": "low", "last_offer_on": "2026-01-02", "risk": "0.3", "objected": False}


@dataclass
class Store:
    """A store in memory, which remembers what it was asked."""

    known: Mapping[str, Kept] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)
    broken: bool = False

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> Mapping[str, Kept]:
        self.asked.append(set(names))
        if self.broken:
            raise LedgerUnavailable("the store does not answer")
        return {name: self.known[name] for name in names if name in self.known}


@dataclass
class Churn:
    """A model of three outputs, which remembers what it was asked."""

    name: str = "churn"
    version: str = "3"
    digest: str = "sha256:0"
    reads: tuple[Fact, ...] = (Fact("visits", NUMBER),)
    outputs: tuple[str, ...] = ("risk", "risk_level", "leaves_on")
    asked: list[Mapping[str, Value]] = field(default_factory=list)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked.append(inputs)
        also = {"risk_level": "high", "leaves_on": dt.date(2027, 1, 31)}
        return Score(Decimal("0.876"), (Reason("visits", Decimal(5), Decimal(1), Decimal(3)),), inputs, also)

    def score_many(self, many: Any) -> Any:
        return [self.score(inputs) for inputs in many]


VOCABULARY = CATALOG.vocabulary.extended((Fact("visits", NUMBER),), "the model churn")


def gathered(given: Mapping[str, object], features: Store, ledger: Store | None = None, **models: Any) -> Facts:
    stores = {"features": features, "ledger": ledger or Store()}
    on_file = OnFile(stores, "C-1", NOON)
    return gather(given, PLAN.needs, VOCABULARY, models or {"churn": Churn()}, on_file)


def kept(value: object, stale: bool = False) -> Kept:
    return Kept(value, NOON, stale)


def test_what_the_request_leaves_out_comes_from_the_store_that_the_vocabulary_names() -> None:
    features, ledger = Store({"usage": kept("7")}), Store({"last_offer_on": kept("2026-10-01")})
    found = gathered({"tier": "low", "risk": "0.3", "objected": False, "visits": 1}, features, ledger)
    assert (found.values["usage"], found.values["last_offer_on"]) == (7, dt.date(2026, 10, 1))
    assert found.sources["usage"] == "features as of 2026-11-30T10:00:00+00:00"
    assert found.sources["last_offer_on"] == "ledger as of 2026-11-30T10:00:00+00:00"
    assert found.sources["tier"] == "request"
    assert ledger.asked == [{"last_offer_on"}]


def test_a_stale_value_says_so() -> None:
    found = gathered({**WHOLE, "usage": None, "visits": 1}, Store({"usage": kept("7", stale=True)}))
    assert found.sources["usage"] == "features as of 2026-11-30T10:00:00+00:00, stale"


def test_no_store_is_asked_for_what_the_request_has() -> None:
    features = Store()
    assert gathered({**WHOLE, "visits": 1}, features).values["usage"] == 3
    assert features.asked == []


def test_sources_are_tried_in_order_request_then_store_then_model() -> None:
    known, model = Store({"risk": kept("0.5")}), Churn()
    left = {name: value for name, value in WHOLE.items() if name != "risk"} | {"visits": 1}
    assert gathered({**left, "risk": "0.3"}, known, churn=model).sources["risk"] == "request"
    assert str(gathered(left, known, churn=model).values["risk"]) == "0.50"
    found = gathered(left, Store(), churn=model)
    assert (str(found.values["risk"]), found.sources["risk"]) == ("0.88", "churn@3")


def test_what_no_store_knows_is_missing_as_before() -> None:
    with pytest.raises(CustomerDataIncomplete, match="needs `usage`, which is missing"):
        gathered({**WHOLE, "usage": None, "visits": 1}, Store())
    found = gathered({**WHOLE, "tier": None, "last_offer_on": None, "visits": 1}, Store())
    assert (found.values["tier"], found.sources["tier"], found.sources["last_offer_on"]) == (None, "missing", "missing")


def test_that_there_is_none_is_known_of_a_fact_that_may_be_null() -> None:
    found = gathered({**WHOLE, "last_offer_on": None, "visits": 1}, Store(), Store({"last_offer_on": kept(None)}))
    assert found.values["last_offer_on"] is None
    assert found.sources["last_offer_on"].startswith("ledger as of")
    with pytest.raises(CustomerDataIncomplete):
        gathered({**WHOLE, "usage": None, "visits": 1}, Store({"usage": kept(None)}))


def test_what_a_store_has_wrong_is_told_with_the_store() -> None:
    with pytest.raises(DataQualityIssue, match=r"`usage` \(features as of .*\): the text `\"much\"` is not a number"):
        gathered({**WHOLE, "usage": None, "visits": 1}, Store({"usage": kept("much")}))


def test_a_store_that_cannot_be_read_is_no_customer_without_a_value() -> None:
    with pytest.raises(LedgerUnavailable, match="the store does not answer"):
        gathered({**WHOLE, "tier": None, "visits": 1}, Store(broken=True))


def test_an_input_of_a_model_comes_from_the_store_and_the_record_can_say_so() -> None:
    model = Churn()
    found = gathered({**WHOLE, "risk": None}, Store({"visits": kept("4")}), churn=model)
    assert model.asked == [{"visits": 4}]
    assert found.inputs_from == {"visits": "features as of 2026-11-30T10:00:00+00:00"}
    assert "visits" not in found.values


def test_facts_of_one_model_share_one_score_and_each_has_its_own_output() -> None:
    model = Churn()
    found = gathered({**WHOLE, "risk": None, "visits": 5}, Store(), churn=model)
    assert len(model.asked) == 1
    assert found.values["level"] == "high"
    assert found.values["leaves_on"] == dt.date(2027, 1, 31)
    assert {found.sources[name] for name in ("risk", "level", "leaves_on")} == {"churn@3"}
    assert found.scores["level"][1].value == "high"
    assert [len(found.scores[name][1].reasons) for name in ("risk", "level", "leaves_on")] == [1, 0, 0]


def test_a_further_output_alone_brings_the_reasons_along() -> None:
    found = gathered({**WHOLE, "visits": 5}, Store())
    assert [len(found.scores[name][1].reasons) for name in ("level", "leaves_on")] == [1, 0]


def test_an_output_that_the_model_does_not_give_is_told() -> None:
    @dataclass
    class Poor(Churn):
        outputs: tuple[str, ...] = ()

        def score(self, inputs: Mapping[str, Value]) -> Score:
            return Score(Decimal("0.5"), (), inputs)

    with pytest.raises(ModelDegradationDetected, match="gives no `risk_level`, from which `level` comes"):
        gathered({**WHOLE, "visits": 5}, Store(), churn=Poor())


def test_an_objection_on_file_withholds_the_scores_that_the_request_does_not_speak_of() -> None:
    model, features = Churn(), Store({"objected": kept(True), "risk": kept("0.5")})
    found = gathered({**WHOLE, "objected": None, "visits": 5}, features, churn=model)
    assert [found.sources[name] for name in ("risk", "level", "leaves_on")] == [WITHHELD] * 3
    assert (found.values["objected"], model.asked) == (True, [])
    assert features.asked == [{"objected"}]


def test_where_the_store_cannot_be_read_an_objection_may_be_on_file() -> None:
    model = Churn()
    with pytest.raises(LedgerUnavailable):
        gathered({**WHOLE, "objected": None, "visits": 5}, Store(broken=True), churn=model)
    assert model.asked == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("source: [features, request]", "`risk` comes from features, request"),
        ("source: [request, churn, features]", "`risk` comes from request, churn, features"),
        ("source: [request, features, features]", "`risk` comes from request, features, features"),
        ("source: [request, churn, other]", "`risk` comes from request, churn, other"),
        ("source: [features, policy fees]", "`risk` comes from features, policy fees"),
        ("source: [request, ledger]", "the ledger knows no number `risk`"),
        ("source: [request, features], fallback: 0.2", "no model gives `risk`, so it has no `fallback`"),
        ("source: [request, churn], fallback: 1.2, range: 0..1", "the fallback of `risk`: the number `1.2` is outside"),
        ("source: [request, churn], fallback: high", 'the fallback of `risk`: the text `"high"` is not a number'),
    ],
)
def test_sources_and_fallbacks_that_cannot_be_are_refused(said: str, message: str) -> None:
    text = f"facts:\n  risk: {{type: number, {said}, meaning: the risk}}\n"
    with pytest.raises(PolicyError) as refused:
        load_vocabulary(text.encode(), "facts.yaml")
    assert message in refused.value.message
    assert all(issue.span is not None and issue.span.line == 2 for issue in refused.value.issues)


@dataclass
class Card(Churn):
    reads: tuple[Fact, ...] = ()


@pytest.mark.parametrize(("outputs", "found"), [(("risk", "risk_level", "leaves_on"), []), (("risk", "level"), 2)])
def test_the_check_tells_of_an_output_that_the_model_does_not_have(outputs: tuple[str, ...], found: Any) -> None:
    files = {"policies/sample/v1.yaml": (HEAD.format(kind="decision") + BODY).encode()}
    checked = check_policies(Texts(FACTS.encode(), SERVICES.encode(), files), [Card(outputs=outputs)])
    messages = [issue.message for issue in checked.issues if issue.code == "source"]
    assert len(messages) == (found or 0)
    if found:
        assert messages[0] == "the model `churn` gives no `risk_level`, from which `level` is to come"
