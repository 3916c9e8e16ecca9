"""Facts that a store or several outputs of a model gave: on record, in the answer, replayed, explained."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import NOON, RETENTION
from served import settings_in

from ordain.api.ask import make_ask
from ordain.api.batch import decide_many
from ordain.api.cli.decision_text import show_decision
from ordain.api.decide import Answer, Decision, decide
from ordain.api.services import Services, vocabulary_with, wire
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.replay import Replayer
from ordain.engine.fact_store import Kept
from ordain.engine.policy.facts import Fact, Reason, Score
from ordain.engine.values.types import NUMBER, Value

SINCE = dt.datetime(2026, 5, 30, 10, tzinfo=dt.UTC)
GIVEN = {name: value for name, value in RETENTION.items() if name not in ("churn_risk", "clv_tier")}


class Store:
    """What is known of C-1, and what was asked."""

    def __init__(self, **known: Kept) -> None:
        self.known, self.asked = known, list[set[str]]()

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> Mapping[str, Kept]:
        self.asked.append(set(names))
        return {name: self.known[name] for name in names if name in self.known and subject == "C-1"}


class Churn:
    """A model of three outputs."""

    name, version, digest = "churn", "4", "sha256:" + "0" * 64
    reads: tuple[Fact, ...] = (Fact("visits", NUMBER, personal=True, meaning="how often the customer came"),)
    outputs = ("risk", "tier", "offered")

    def __init__(self, usual: Value = None) -> None:
        self.asked, self.usual = 0, usual

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked += 1
        reasons = (Reason("visits", inputs["visits"], Decimal("1.5"), self.usual),)
        return Score(Decimal("0.91"), reasons, inputs, {"tier": "high", "offered": dt.date(2025, 1, 1)})

    def score_many(self, many: Any) -> Any:
        return [self.score(inputs) for inputs in many]


@pytest.fixture
def use(tmp_path: Path, policies: Path) -> Iterator[Services]:
    facts = policies / "facts.yaml"
    text = facts.read_text(encoding="utf-8")
    tier = "  clv_tier:\n    type: text\n"
    assert tier in text
    text = text.replace(tier, f"{tier}    source: [request, features, churn.tier]\n")
    last = "  last_offer_on:\n"
    text = text.replace(last, f"{last}    source: [request, churn.offered]\n")
    facts.write_text(text, encoding="utf-8")
    offer = policies / "retention-offer/v1.yaml"
    rules = offer.read_text(encoding="utf-8").replace("without: [churn_risk]", "without: [churn_risk, clv_tier]")
    offer.write_text(rules, encoding="utf-8")
    wired = wire(settings_in(tmp_path, policies=policies))
    yield wired
    wired.close()


def with_parts(use: Services, model: Churn, **known: Kept) -> Services:
    vocabulary = vocabulary_with(use.catalog.vocabulary, [model])
    return replace(use, models={"churn": model}, vocabulary=vocabulary, facts_from={"features": Store(**known)})


def asked(use: Services, **more: object) -> Answer:
    return decide(make_ask("retention", "C-1", {**GIVEN, **more}, NOON), use)


def private(use: Services, answer: Answer) -> dict[str, Any]:
    record = use.ledger.reader.record(answer.entry.id)
    assert record is not None
    assert record.private is not None
    assert Replayer(use.ledger.reader).replay(record)
    return record.private


def test_the_record_says_where_each_fact_and_each_input_of_the_model_came_from(use: Services) -> None:
    parts = with_parts(use, Churn(), clv_tier=Kept("high", SINCE), visits=Kept("7", SINCE, stale=True))
    answer = asked(parts)
    recorded = private(parts, answer)
    assert recorded["facts"]["clv_tier"] == {"source": "features as of 2026-05-30T10:00:00+00:00", "value": "high"}
    score = recorded["models"][0]
    assert (score["fact"], score["inputs"]) == ("churn_risk", {"visits": "7"})
    assert score["from"] == {"visits": "features as of 2026-05-30T10:00:00+00:00, stale"}
    assert "from" not in answer.as_json()["models"][0]


def test_each_output_is_a_score_of_its_own_in_record_and_answer(use: Services) -> None:
    model = Churn()
    parts = with_parts(use, model)
    answer = asked(parts, visits=7)
    told = {score["fact"]: score for score in answer.as_json()["models"]}
    scores = {"last_offer_on": ("2025-01-01", 0), "churn_risk": ("0.91", 1), "clv_tier": ("high", 0)}
    told_scores = {name: (each["score"], len(each["reasons"])) for name, each in told.items()}
    assert told_scores == scores
    assert {(each["model"], each["version"], each["digest"]) for each in told.values()} == {("churn", 4, model.digest)}
    recorded = private(parts, answer)
    assert {score["fact"] for score in recorded["models"]} == scores.keys()
    assert model.asked == 1


def test_a_terminal_shows_scores_of_each_type(use: Services, capsys: pytest.CaptureFixture[str]) -> None:
    show_decision(asked(with_parts(use, Churn()), visits=7).as_json())
    shown = capsys.readouterr().out
    assert "clv_tier high" in shown
    assert "churn_risk 0.9100, most by visits +1.5 (log-odds)" in shown


def test_what_is_usual_is_told_where_the_model_knows_it(use: Services) -> None:
    for usual, more in ((None, {}), (Decimal(3), {"usual": "3"})):
        parts = with_parts(use, Churn(usual))
        answer = asked(parts, visits=7)
        reason = {"feature": "visits", "value": "7", "contribution": "1.5", **more}
        assert answer.as_json()["models"][0]["reasons"] == [reason]
        assert private(parts, answer)["models"][0]["reasons"] == [reason]


def test_the_letter_says_what_was_on_file_and_since_when(use: Services) -> None:
    parts = with_parts(use, Churn(), clv_tier=Kept("high", SINCE, stale=True), visits=Kept(7, SINCE))
    record = use.ledger.reader.record(asked(parts).entry.id)
    assert record is not None
    explained = explain(record, use.ledger.reader)
    [tier] = [fact for fact in explained.data["facts"] if fact["name"] == "clv_tier"]
    assert tier["source"] == "features as of 2026-05-30T10:00:00+00:00, stale"
    [driver] = explained.data["models"][0]["drivers"]
    assert driver["source"] == "features as of 2026-05-30T10:00:00+00:00"
    assert "(from what we had on file on 30 May 2026 at 10:00 (UTC), which was older than it should be)" in letter(
        explained
    )


def test_an_objection_on_file_keeps_the_model_from_being_asked(use: Services) -> None:
    model = Churn()
    parts = with_parts(use, model, marketing_objection=Kept(True, SINCE))
    given = {name: value for name, value in GIVEN.items() if name != "marketing_objection"}
    answer = decide(make_ask("retention", "C-1", {**given, "visits": 7, "clv_tier": "high"}, NOON), parts)
    assert (answer.as_json()["outcome"]["offer"]["action"], model.asked) == ("none", 0)
    recorded = private(parts, answer)["facts"]
    assert recorded["churn_risk"]["source"] == "withheld"
    assert recorded["marketing_objection"]["source"] == "features as of 2026-05-30T10:00:00+00:00"


def test_of_many_each_has_its_own_facts_on_file(use: Services) -> None:
    parts = with_parts(use, Churn(), clv_tier=Kept("low", SINCE), visits=Kept(7, SINCE))
    asks = [
        make_ask("retention", name, {**GIVEN, **more}, NOON) for name, more in (("C-1", {}), ("C-2", {"visits": 1}))
    ]
    came = decide_many(asks, parts)
    tiers = [each.entry.facts.values["clv_tier"] for each in came if isinstance(each, Decision)]
    assert tiers == ["low", "high"]
