"""Reasons with `{...}`: what was said is on record, and comes back byte for byte, in the answer and in the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import reading_sample
from reading_sample import Document, Sample, sample

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.masking import Mask, Role
from ordain.audit.records.query import Query
from ordain.audit.records.replay import Replayer
from ordain.audit.records.search import search
from ordain.engine.catalog import Catalog, Texts, load_catalog

FACTS = """\
facts:
  price: {type: number, unit: INR, range: 0..100000, meaning: the price}
  name: {type: text, personal: true, meaning: the customer's name}
  gone: {type: number, optional: true, meaning: may be missing}
"""
POLICY = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  fee:
    gives: {amount: {type: number, unit: INR}, note: text}
    hit policy: first
    rules:
      - id: near
        when: {price: "> 5"}
        then: {amount: price * 2, note: "{name} pays {amount}"}
        because: "{amount} is twice {price} for {name}; {gone}."
    otherwise: {amount: 0, note: nothing}
  least: {gives: {type: number, unit: INR}, formula: price / 2, because: "Half of {price} is {least}."}
examples:
  - given: {price: 10, name: Asha}
    expect: {least: 5}
"""
SERVICES = "services:\n  s: {purpose: A case., policies: [sample], gives: [fee, least]}\n"


@cache
def templated(policy: str = POLICY) -> Catalog:
    return load_catalog(Texts(FACTS.encode(), SERVICES.encode(), {"policies/sample/v1.yaml": policy.encode()}))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    with opened_with(POLICY, tmp_path, monkeypatch) as opened:
        yield opened


@contextmanager
def opened_with(policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    known = templated(policy)
    policies = tuple(Document("policy", policy.text, policy.name, policy.version) for policy in known.policies())
    documents = (*policies, Document("vocabulary", known.vocabulary.text), Document("services", known.services.text))
    monkeypatch.setattr(reading_sample, "catalog", lambda: known)
    monkeypatch.setattr(reading_sample, "documents", lambda: documents)
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.mark.parametrize(
    ("days", "told", "said"),
    [
        ("{from: 2026-01-01, until: 2089-12-31}", {}, "in force from 1 January 2026 until 31 December 2089: A case."),
        (
            "{from: 2026-01-01, until: 2089-12-31, then: back}",
            {"then": "back"},
            "for a season, in force from 1 January 2026 until 31 December 2089; "
            "then what decided before it decides again: A case.",
        ),
    ],
)
def test_the_letter_says_on_which_days_a_version_decides_and_whether_it_is_a_season(
    days: str, told: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_with(POLICY.replace("effective: 2026-01-01", f"effective: {days}"), tmp_path, monkeypatch) as made:
        record = made.record(made.decide("C-1", json.dumps({"price": 500, "name": "Asha"}), "s"))
        explained = explain(record, made.reader)
    (policy,) = explained.data["policies"]
    assert policy["effective"] == {"from": "2026-01-01", "until": "2089-12-31", **told}
    assert f"- policy sample, version 1, {said}" in letter(explained)


def test_a_reason_comes_back_as_it_was_said(made: Sample) -> None:
    entry = made.decide("C-1", json.dumps({"price": 500, "name": "Asha"}), "s")
    record = made.record(entry)
    assert record.private is not None
    assert "not_restored" not in record.private
    assert [reason["because"] for reason in record.private["reasons"]] == [
        "1000.00 INR is twice 500.00 INR for Asha; not known.",
        "Half of 500.00 INR is 250.00 INR.",
    ]
    assert record.private["outcome"]["fee"]["note"] == "Asha pays 1000.00 INR"
    told = letter(explain(record, made.reader))
    assert "1000.00 INR is twice 500.00 INR for Asha; not known." in told
    assert "{" not in told
    assert Replayer(made.reader).replay(record)


CALLING = POLICY.replace(
    "decides:\n",
    """\
functions:
  half:
    takes: {part: {type: number, unit: INR}}
    gives: {type: number, unit: INR}
    hit policy: first
    rules:
      - {id: big, when: {part: "> 4"}, then: part / 2, because: "{part} is big for {name}."}
      - {id: small, then: part, because: "{part} is small."}
decides:
""",
    1,
).replace("formula: price / 2", "formula: 'sum(for part in [price, 3] return half(part)) - 3'")


def test_each_call_of_a_table_is_on_record_with_its_rule_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_with(CALLING, tmp_path, monkeypatch) as made:
        record = made.record(made.decide("C-1", json.dumps({"price": 500, "name": "Asha"}), "s"))
        assert record.private is not None
        assert "not_restored" not in record.private
        calls = [step for step in record.private["trace"] if step["decision"] == "half"]
        assert [(step["fired"], step["gives"], step["reads"]) for step in calls] == [
            (["big"], "250.00", ["name", "price"]),
            (["small"], "3", ["name", "price"]),
        ]
        said = [(reason["rule"], reason["because"]) for reason in record.private["reasons"] if "rule" in reason]
        assert said[1:] == [("big", "500.00 INR is big for Asha."), ("small", "3.00 INR is small.")]
        assert Replayer(made.reader).replay(record)
        (found,) = search(made.reader, Query(rule="big"))
        assert found.entry.id == record.entry.id
        told = explain(record, made.reader)
        assert "500.00 INR is big for Asha." in letter(told)


GREETING = POLICY.replace(
    "decides:\n",
    """\
functions:
  greet:
    takes: {who: text}
    gives: text
    rules: [{id: long, if: string length(who) > 3, then: "Dear {who}", because: "{who} is long."}]
    otherwise: Hello
decides:
""",
    1,
).replace(
    'least: {gives: {type: number, unit: INR}, formula: price / 2, because: "Half of {price} is {least}."}',
    "least: {gives: number, formula: string length(greet(name)) - 4}",
)


def test_an_analyst_sees_nothing_of_a_call_whose_arguments_were_made_of_personal_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_with(GREETING, tmp_path, monkeypatch) as made:
        record = made.record(made.decide("C-1", json.dumps({"price": 1, "name": "Asha"}), "s"))
        assert record.private is not None
        assert "Dear Asha" in json.dumps(record.private)
        seen = Mask(Role.ANALYST, made.reader.past).private(record)
    assert "Asha" not in json.dumps(seen)
    (call,) = [step for step in seen["trace"] if step["decision"] == "greet"]
    assert call == {"policy": "sample@1", "decision": "greet", "reads": ["name"], "gives": {"masked": True}}
    assert seen["reasons"] == []
