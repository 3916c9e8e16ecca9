"""A record that cannot be made whole says so everywhere, tells all that it holds itself, and makes nothing up."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from reading_sample import NOTHING, Sample, sample, scored

from ordain.audit.entry.plan_text import PLAN
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.ledger import restoring
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.actions import Action
from ordain.audit.records.export import Format, export
from ordain.audit.records.masking import MASKED, Role
from ordain.audit.records.query import Condition, Query
from ordain.audit.records.reconcile import Rules, Wrong, reconcile
from ordain.audit.records.replay import Replayer
from ordain.audit.records.search import Looked, search
from ordain.audit.store.rows import DOCUMENT

SCORE = scored(Decimal("0.85"), ("days_since_login", Decimal(60), Decimal("1.2")))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


Lose = Callable[[Sample, pytest.MonkeyPatch], None]


def lost(kind: str) -> Lose:
    """The texts of that kind are gone from the ledger."""

    def lose(made: Sample, patch: pytest.MonkeyPatch) -> None:
        with made.store.transaction() as connection:
            connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.kind == kind))

    return lose


def another_answer(made: Sample, patch: pytest.MonkeyPatch) -> None:
    """This engine is a later one, which makes another answer of the record."""
    patch.setattr(restoring, "_answer", lambda envelope, whole: {})


def another_form(made: Sample, patch: pytest.MonkeyPatch) -> None:
    """This engine is an earlier one, to which the record's form is news."""
    patch.setattr(restoring, "SETTLED_FORMS", (1,))


OPENED: dict[str, tuple[Lose, str]] = {
    "a policy's text is lost": (lost("policy"), "policy"),
    "the vocabulary is lost": (lost("vocabulary"), "policy"),
    "the services are lost": (lost("services"), "policy"),
    "another answer": (another_answer, "engine"),
    "another form": (another_form, "engine"),
}
"""Ways in which a record that opens cannot be made whole, and the part in which its replay differs."""

WAYS = {**OPENED, "the plan's text is lost": (lost(PLAN), "policy")}
"""Without the plan's text not even its private part opens."""

opened = pytest.mark.parametrize("way", OPENED)
each = pytest.mark.parametrize("way", WAYS)


def cut(made: Sample, patch: pytest.MonkeyPatch, way: str, entry_id: UUID) -> Record:
    WAYS[way][0](made, patch)
    record = made.record(entry_id)
    assert record.private is not None
    assert record.private[NOT_RESTORED]
    return record


@opened
def test_scores_are_told_and_only_what_the_texts_hold_is_not(
    made: Sample, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    entry_id = made.decide("C-1", score=SCORE)
    whole = made.record(entry_id).private
    assert whole is not None
    made.reader.past = Past(made.reader.document)  # as a reader has it that has read nothing yet
    known = cut(made, monkeypatch, way, entry_id).private
    assert known is not None
    assert whole.keys() - known.keys() == {
        *("reasons", "obligations", "disclosures", "trace"),
        *("form", "status", "withheld", "missing", "not_known"),
    }
    assert {name: known[name] for name in ("at", "models", "outcome", "subject", "verdict")} == {
        name: whole[name] for name in ("at", "models", "outcome", "subject", "verdict")
    }
    given = {name: fact for name, fact in whole["facts"].items() if fact["source"] != "missing"}
    assert known["facts"] == given


@opened
def test_the_letter_tells_all_facts_and_the_codes_and_not_which_of_them_counted(
    made: Sample, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    record = cut(made, monkeypatch, way, made.decide("C-1", score=SCORE))
    explained = explain(record, made.reader)
    data, text = explained.data, letter(explained)
    why = record.private[NOT_RESTORED] if record.private else ""
    assert data[NOT_RESTORED] == why
    assert {fact["name"]: fact["value"] for fact in data["facts"]}["clv_tier"] == "high"
    assert len(data["facts"]) == len((record.private or {})["facts"])
    assert not {"also_looked_at", "obligations", "disclosures"} & data.keys()
    assert {"code": "retention-offer@1/critical-high-value"} in data["reasons"]
    assert "This record can no longer be told in full: " in text
    assert "action: personal call" in text
    assert "Which of them counted can no longer be told." in text
    assert "**high** (given with the request)" in text
    assert "- `retention-offer@1/critical-high-value`" in text
    assert ("**0.85" if way == "the vocabulary is lost" else "**85 %**") in text  # whose unit nobody knows any more
    assert "60. This raised the estimate." in text
    assert "## What we must do\n\nThis can no longer be told." in text


@opened
def test_a_default_is_not_said_to_have_applied_when_nobody_knows(
    made: Sample, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    text = letter(explain(cut(made, monkeypatch, way, made.decide("C-1", NOTHING)), made.reader))
    assert "Nothing about you counted" not in text
    assert "so what applies otherwise applied" not in text
    assert "**medium** (given with the request)" in text
    assert "### What it was decided from" in text
    assert "The record names none." in text


def test_a_letter_without_its_plans_text_tells_that_nothing_else_is_known(
    made: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = cut(made, monkeypatch, "the plan's text is lost", made.decide("C-1"))
    assert record.private is not None
    assert not {"facts", "models", "outcome", "subject", "at"} & record.private.keys()
    text = letter(explain(record, made.reader))
    assert "the ledger does not hold the text of the plan" in text
    assert "allow this." not in text
    assert "## The result\n\nThis can no longer be told." in text
    assert "The facts can no longer be read" in text
    assert "critical-high-value" not in text, "the codes stand in the plan's text"


@each
def test_replay_tells_the_true_difference_and_no_other(made: Sample, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    record = cut(made, monkeypatch, way, made.decide("C-1", score=SCORE))
    result = Replayer(made.reader).replay(record)
    assert [difference.part for difference in result.differs] == [WAYS[way][1]]


@each
def test_why_a_rule_did_not_fire_is_not_made_up(made: Sample, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    record = cut(made, monkeypatch, way, made.decide("C-1"))
    assert Replayer(made.reader).why_not(record) == []


@each
def test_a_search_counts_what_it_cannot_settle(made: Sample, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    cut(made, monkeypatch, way, made.decide("C-1"))

    def found(**query: Any) -> tuple[int, int]:
        looked = Looked()
        return len(list(search(made.reader, Query(**query), looked=looked))), looked.unreadable

    knows = way in OPENED
    assert found(subject="C-1") == (1, 0)
    assert found(rule="critical-high-value") == ((1, 0) if knows else (0, 1))
    by_policy = (1, 0) if knows else (0, 0)  # which policies a lost plan named nobody knows
    assert found(policy="retention-offer") == found(policy="retention-offer@1") == by_policy
    assert found(policy="retention-offer@2") == found(policy="retention") == (0, 0)
    assert found(decision="offer") == (0, 1)
    assert found(outcome=(Condition("offer.action", "personal call"),)) == ((1, 0) if knows else (0, 1))
    assert found(outcome=(Condition("offer.action", "e-mail"),)) == ((0, 0) if knows else (0, 1))


@each
def test_an_export_has_what_is_known_and_says_why_there_is_no_more(
    made: Sample, monkeypatch: pytest.MonkeyPatch, way: str, tmp_path: Path
) -> None:
    record = cut(made, monkeypatch, way, made.decide("C-1", score=SCORE))
    rows = {}
    for format in (Format.JSONL, Format.CSV):
        for role in Role:
            export([record], made.reader, tmp_path / f"{role}.{format}", format, role, alike=1)
    for role in Role:
        rows[role] = json.loads((tmp_path / f"{role}.jsonl").read_text())
    with (tmp_path / "reviewer.csv").open(encoding="utf-8", newline="") as file:
        [cells] = csv.DictReader(file)
    why = (record.private or {})[NOT_RESTORED]
    assert rows[Role.REVIEWER][NOT_RESTORED] == rows[Role.ANALYST][NOT_RESTORED] == why
    assert NOT_RESTORED not in rows[Role.PUBLIC]
    assert json.loads(cells["other"]) == {NOT_RESTORED: why}
    assert (cells["reasons"], cells["trace"], cells["obligations"]) == ("", "", "")
    assert not {"reasons", "trace", "obligations"} & rows[Role.ANALYST].keys()
    if way in OPENED:
        assert json.loads(cells["model_scores"])[0]["score"] == "0.85"
        assert json.loads(cells["facts"])["clv_tier"]["value"] == "high"
        assert rows[Role.ANALYST]["subject"].startswith("P-")
        assert rows[Role.ANALYST]["facts"]["churn_risk"]["value"] == MASKED
        assert rows[Role.ANALYST]["models"] == []
    else:
        assert (cells["model_scores"], cells["facts"], cells["subject"], cells["outcome"]) == ("", "", "", "")
        assert not {"facts", "outcome", "subject"} & rows[Role.ANALYST].keys()


@each
def test_what_was_done_is_not_held_against_what_is_not_known(
    made: Sample, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    entry_id = made.decide("C-1")
    cut(made, monkeypatch, way, entry_id)
    action = Action(1, entry_id, "C-2", "retention", made.clock.tick(), {"offer.action": "e-mail"})
    found = reconcile([action], made.reader, Rules())
    assert [finding.wrong for finding in found.findings] == ([Wrong.DIFFERS] * 2 if way in OPENED else [])
    assert found.unreadable == (0 if way in OPENED else 1)
