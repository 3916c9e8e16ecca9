"""Reasons with `{...}`: what was said is on record, and comes back byte for byte, in the answer and in the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import reading_sample
from reading_sample import Document, Sample, sample

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.replay import Replayer
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
def templated() -> Catalog:
    return load_catalog(Texts(FACTS.encode(), SERVICES.encode(), {"policies/sample/v1.yaml": POLICY.encode()}))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    known = templated()
    policies = tuple(Document("policy", policy.text, policy.name, policy.version) for policy in known.policies())
    documents = (*policies, Document("vocabulary", known.vocabulary.text), Document("services", known.services.text))
    monkeypatch.setattr(reading_sample, "catalog", templated)
    monkeypatch.setattr(reading_sample, "documents", lambda: documents)
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


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
