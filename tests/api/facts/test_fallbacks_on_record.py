"""A decision that a fallback made: in the answer, on record, replayed, searched for, explained, and by a server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import CUSTOMER, NOON, RETENTION, body
from batching import NDJSON
from flask.testing import FlaskClient
from served import Server, install_models, ordain_here, settings_in

from ordain.api.ask import make_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.decide import Answer, decide
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.replay import Replayer

UNSCORED = {fact: value for fact, value in RETENTION.items() if fact != "churn_risk"} | CUSTOMER
RULE = "{rule: if tenure_months < 6 then 0.9 else 0.1}"


def with_fallback(policies: Path, fallback: str = RULE) -> Path:
    facts = policies / "facts.yaml"
    text = facts.read_text(encoding="utf-8")
    source = "    source: [request, churn]\n"
    assert text.count(source) == 1
    facts.write_text(text.replace(source, f"{source}    fallback: {fallback}\n"), encoding="utf-8")
    return policies


@pytest.fixture
def use(tmp_path: Path, policies: Path) -> Iterator[Services]:
    """Without any model."""
    wired = wire(settings_in(tmp_path, policies=with_fallback(policies)))
    yield wired
    wired.close()


@pytest.fixture
def client(use: Services) -> FlaskClient:
    return app_for(use).test_client()


def exact(facts: dict[str, object]) -> dict[str, object]:
    """As a request is read: no floats."""
    return {name: Decimal(repr(value)) if isinstance(value, float) else value for name, value in facts.items()}


def decided(use: Services, **more: Any) -> Answer:
    return decide(make_ask("retention", "C-1", exact({**UNSCORED, "tenure_months": 3, **more}), NOON), use)


TOLD = {"fact": "churn_risk", "model": "churn", "why": "not trained"}


def test_the_answer_says_which_fact_is_its_fallback_and_why(use: Services) -> None:
    answer = decided(use).as_json()
    assert (answer["fallbacks"], answer["models"]) == ([TOLD], [])
    assert answer["outcome"]["offer"]["action"] == "personal call"
    sent = decide(make_ask("retention", "C-1", exact(RETENTION), NOON), use).as_json()
    assert "fallbacks" not in sent


def test_the_record_has_what_the_rule_read_and_replays_and_gives_the_same_answer(use: Services) -> None:
    answer = decided(use)
    record = use.ledger.reader.record(answer.entry.id)
    assert record is not None
    assert record.private is not None
    assert record.private["fallbacks"] == [{**TOLD, "inputs": {"tenure_months": "3"}}]
    assert record.private["facts"]["churn_risk"] == {"source": "fallback of churn: not trained", "value": "0.9000"}
    assert Replayer(use.ledger.reader).replay(record)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("inputs", {"tenure_months": "7"}, "`churn_risk` is not its fallback"),
        ("why", "unreadable", "`churn_risk` is not its fallback"),
        ("inputs", {}, "the fallback of `churn_risk` cannot be made again"),
    ],
)
def test_another_rule_than_the_one_on_record_does_not_replay(
    use: Services, part: str, value: Any, message: str
) -> None:
    record = use.ledger.reader.record(decided(use).entry.id)
    assert record is not None
    assert record.private is not None
    record.private["fallbacks"][0][part] = value
    found = Replayer(use.ledger.reader).replay(record)
    assert [difference.part for difference in found.differs] == ["model"]
    assert message in found.differs[0].message


def test_a_fallback_that_is_not_on_record_does_not_replay(use: Services) -> None:
    record = use.ledger.reader.record(decided(use).entry.id)
    assert record is not None
    assert record.private is not None
    del record.private["fallbacks"]
    messages = [difference.message for difference in Replayer(use.ledger.reader).replay(record).differs]
    assert messages == ["the fallback of churn: not trained for `churn_risk` is not on record"]


def test_reviewers_find_such_decisions(use: Services, client: FlaskClient) -> None:
    wanted = str(decided(use).entry.id)
    decide(make_ask("retention", "C-1", exact(RETENTION), NOON), use)
    found = client.get("/v1/audit/search?fell_back=true").get_json()["entries"]
    assert [entry["entry_id"] for entry in found] == [wanted]
    assert client.get("/v1/audit/search?fell_back=maybe").status_code == 400


def test_the_explanation_and_the_letter_say_it_in_plain_words(use: Services) -> None:
    record = use.ledger.reader.record(decided(use).entry.id)
    assert record is not None
    told = explain(record, use.ledger.reader)
    [fallback] = told.data["fallbacks"]
    assert (fallback["fact"], fallback["shown"], fallback["why"]) == (
        "churn_risk",
        "0.9000 (on a scale from 0 to 1)",
        "not trained",
    )
    text = letter(told)
    assert (
        "Our computer model (churn) could not estimate the probability that the customer leaves at that time." in text
    )
    assert "set by a rule, because the model churn could not estimate it" in text


def test_of_many_each_has_its_fallback(use: Services) -> None:
    asks = [make_ask("retention", f"C-{n}", exact({**UNSCORED, "tenure_months": n}), NOON) for n in (3, 8)]
    answers = record_many(decide_many(asks, use), use)
    told = [answer.as_json() for answer in answers if isinstance(answer, Answer)]
    assert [each["fallbacks"] for each in told] == [[TOLD], [TOLD]]
    assert [each["outcome"]["offer"]["action"] for each in told] == ["personal call", "loyalty reward"]


def test_a_command_searches_for_them(tmp_path: Path, use: Services) -> None:
    wanted = str(decided(use).entry.id)
    done = ordain_here(tmp_path, "audit", "search", "--fell-back", "--json", ORDAIN_POLICIES=str(use.settings.policies))
    assert [json.loads(line)["entry_id"] for line in done.stdout.splitlines()] == [wanted]


@pytest.mark.parametrize("harm", ["deleted", "corrupted", "unsigned"])
def test_a_server_whose_model_is_harmed_goes_on_by_the_fallback(
    tmp_path: Path, policies: Path, models: Path, harm: str
) -> None:
    place = install_models(models, tmp_path) / "churn/1"
    chosen = {"ORDAIN_POLICIES": str(with_fallback(policies))}
    asked = {**UNSCORED, "tenure_months": 3}
    with Server(tmp_path, **chosen) as server:
        before = json.loads(server.ask("POST", "/v1/decisions/retention", body(asked, at=NOON)).body)
        assert [score["fact"] for score in before["models"]] == ["churn_risk"]
    if harm == "deleted":
        (place / "model.ubj").unlink()
    elif harm == "unsigned":
        (place / "SIGNATURE").unlink()
    else:
        (place / "model.ubj").write_bytes(b"no trees")
    with Server(tmp_path, **chosen) as server:
        after = json.loads(server.ask("POST", "/v1/decisions/retention", body(asked, at=NOON)).body)
        assert after["fallbacks"] == [{**TOLD, "why": "unreadable"}]
        lines = b"".join(json.dumps({"subject": "C-2", "facts": asked, "at": NOON}).encode() + b"\n" for _ in range(2))
        many = server.ask("POST", "/v1/decisions/retention/batch", lines, NDJSON).body.splitlines()
        assert [json.loads(line)["fallbacks"][0]["why"] for line in many] == ["unreadable"] * 2
        page = server.get("/metrics").body.decode()
        counted = re.findall(
            r'^ordain_score_fallbacks_total\{model="churn",why="unreadable"\} (\S+)$', page, re.MULTILINE
        )
        assert [float(number) for number in counted] == [3.0]
        record = server.get(f"/v1/decisions/{after['decision_id']}/replay").json()
        assert record["replayed"] is True
