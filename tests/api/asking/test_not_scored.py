"""Who objected is not scored: the model is never asked, and the record, the letter, replay and verification follow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import NOON, RETENTION
from flask.testing import FlaskClient
from served import ordain_here, settings_in

from ordain.api.ask import Ask, read_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.cli.whole_tables.chunk import Chunk, Row
from ordain.api.decide import Answer, Decision, decide
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.engine.errors import OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.score_gate import WITHHELD
from ordain.engine.values.types import Value

UNSCORED = {name: raw for name, raw in RETENTION.items() if name != "churn_risk"}
OBJECTED = {"marketing_objection": True}
BECAUSE = "you objected to direct marketing, and that covers profiling for it"


@dataclass
class Churn:
    """Says how often it was asked."""

    name: str = "churn"
    version: str = "1"
    digest: str = "sha256:" + "0" * 64
    reads: tuple[Fact, ...] = ()
    asked: list[Mapping[str, Value]] = field(default_factory=list)

    def score(self, inputs: Mapping[str, Value]) -> Score:
        self.asked.append(inputs)
        return Score(Decimal("0.85"), (), inputs)

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        return [self.score(inputs) for inputs in many]

    def __hash__(self) -> int:
        return id(self)


@pytest.fixture
def churn() -> Churn:
    return Churn()


@pytest.fixture
def use(tmp_path: Path, churn: Churn) -> Iterator[Services]:
    wired = wire(settings_in(tmp_path))
    yield replace(wired, models={"churn": churn})
    wired.close()


def asked(number: int = 1, **facts: object) -> Ask:
    body = {"subject": f"C-{number}", "facts": {**UNSCORED, **facts}, "at": NOON}
    return read_ask("retention", json.dumps(body).encode())


def test_an_objector_is_decided_about_without_a_score(use: Services, churn: Churn) -> None:
    scored = decide(asked(), use).as_json()
    assert (len(churn.asked), scored["outcome"]["offer"]["action"]) == (1, "personal call")
    for sent in ({}, {"churn_risk": 0.99}):
        answer = decide(asked(**OBJECTED, **sent), use)
        told, facts = answer.as_json(), answer.entry.facts
        assert (told["status"], told["outcome"]["offer"]["action"], told["models"]) == ("decided", "none", [])
        assert [reason["rule"] for reason in told["reasons"]] == ["not-scored"]
        assert (facts.values["churn_risk"], facts.sources["churn_risk"]) == (None, WITHHELD)
        assert b"0.99" not in answer.entry.private(), "what is not read is not kept"
    assert len(churn.asked) == 1


def test_of_several_that_are_scored_together_only_those_who_may_be_are(use: Services, churn: Churn) -> None:
    asks = [asked(number, marketing_objection=number % 2 == 0) for number in range(6)]
    decided = decide_many(asks, use)
    answers = record_many(decided, use)
    offers = [answer.as_json()["outcome"]["offer"]["action"] for answer in answers if isinstance(answer, Answer)]
    assert (len(churn.asked), offers) == (3, ["none", "personal call"] * 3)
    chunk = Chunk([Row(number, ask) for number, ask in enumerate(asks, start=1)], use, "run")
    answered = [json.loads(line) for line in chunk.record().lines.splitlines()]
    assert (len(churn.asked), [len(each["models"]) for each in answered]) == (6, [0, 1] * 3)


def test_a_row_of_a_table_that_was_recorded_before_is_known_again(use: Services) -> None:
    row = asked(**OBJECTED, churn_risk=0.9)
    entry_id = decide(row, use).receipt.entry_id
    again = Chunk([Row(1, row, entry_id)], use, "run").record()
    assert (again.before, json.loads(again.lines)["decision_id"]) == (1, entry_id)


def test_where_it_is_not_known_whether_somebody_objected_a_person_looks(use: Services) -> None:
    facts = {name: raw for name, raw in UNSCORED.items() if name != "marketing_objection"}
    ask = read_ask("retention", json.dumps({"subject": "C-1", "facts": facts, "at": NOON}).encode())
    told = decide(ask, use).as_json()
    assert (told["status"], [each["fact"] for each in told["missing"]]) == ("in_review", ["marketing_objection"])


def test_a_model_is_not_asked_for_a_request_with_other_faults_either(use: Services, churn: Churn) -> None:
    decided = decide_many([asked(**OBJECTED, offers_last_90_days="many"), asked(marketing_objection="perhaps")], use)
    assert [type(each).__name__ for each in decided] == ["DataQualityIssue"] * 2
    assert not isinstance(decided[0], Decision)
    assert churn.asked == []


def test_the_record_the_letter_replay_and_verification_follow(use: Services, tmp_path: Path) -> None:
    client: FlaskClient = app_for(use).test_client()
    decision_id = decide(asked(**OBJECTED), use).receipt.entry_id
    use.ledger.settle()
    record: dict[str, Any] = client.get(f"/v1/decisions/{decision_id}").get_json()
    assert record["facts"]["churn_risk"] == {"source": WITHHELD, "value": None}
    told = client.get(f"/v1/decisions/{decision_id}/explanation").get_json()
    meaning = "the probability that the customer leaves"
    assert told["not_scored"] == [{"fact": "churn_risk", "meaning": meaning, "because": BECAUSE}]
    assert f"We made no estimate of {meaning}, because {BECAUSE}." in told["text"]
    assert f"{meaning}: no estimate was made" in told["text"]
    otherwise = told.get("otherwise") or {}
    assert otherwise.get("fact") not in ("churn_risk", "marketing_objection"), "nobody would have been scored then"
    assert client.get(f"/v1/decisions/{decision_id}/replay").get_json()["agrees"] is True
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    assert ordain_here(tmp_path, "replay", "--all").returncode == 0
