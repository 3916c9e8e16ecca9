"""Amounts of a shape that the shipped policies do not have are told as they were answered. See cases/odd_amounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import reading_sample
from reading_sample import Document, Sample, sample

from ordain.audit.explain.explanation import Explanation, explain
from ordain.audit.explain.letter import letter
from ordain.engine.catalog import Catalog, load_catalog, read_texts

CASES = Path(__file__).parents[2] / "cases" / "odd_amounts"
EXACT = Context(prec=100)


@cache
def odd() -> Catalog:
    return load_catalog(read_texts(CASES))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    known = odd()
    policies = tuple(Document("policy", policy.text, policy.name, policy.version) for policy in known.policies())
    documents = (*policies, Document("vocabulary", known.vocabulary.text), Document("services", known.services.text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_sample, "catalog", odd)
        patch.setattr(reading_sample, "documents", lambda: documents)
        with sample(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as opened:
            yield opened


def told(made: Sample, service: str, facts: dict[str, Any]) -> Explanation:
    return explain(made.record(made.decide("C-1", json.dumps(facts), service)), made.reader)


@pytest.mark.parametrize(
    ("service", "facts"),
    [
        ("third", {"base": 100, "orders": 2, "share": 0.1}),
        ("third", {"base": 0.01, "orders": 3, "share": 0.9}),
        ("third", {"base": 999999999999.99, "orders": 900, "share": 0.7}),
        ("third", {"base": 0, "orders": 0, "share": 0}),
        ("points", {"orders": 0}),
        ("points", {"orders": 2}),
        ("points", {"orders": 12}),
    ],
)
def test_lines_add_up_to_the_very_amount_that_was_answered(made: Sample, service: str, facts: dict[str, Any]) -> None:
    data = told(made, service, facts).data
    [amount] = data["amounts"]
    after = Decimal(0)
    for line in amount["lines"]:
        after = EXACT.add(after, Decimal(line["change"]))
        assert after == Decimal(line["after"])
        assert "E" not in line["change"] + line["after"]
    assert after == Decimal(data["outcome"][amount["of"]]["amount"])


def test_nothing_is_an_amount_too(made: Sample) -> None:
    """A sum of rules of which none applied once gave an internal error."""
    assert "| **your credit** | **0.00** |" in letter(told(made, "points", {"orders": 0}))


def test_an_amount_that_several_rules_make_up_names_them_all(made: Sample) -> None:
    text = letter(told(made, "points", {"orders": 12}))
    assert "| You ordered a second time. You ordered for the tenth time. | 25.00 |" in text


def test_no_price_is_told_that_would_not_have_been_given(made: Sample) -> None:
    """With ten percent points more it would be 125, which is denied: then with ten less."""
    data = told(made, "dear", {"base": 100, "share": 0.15}).data
    change = data["what_if"]["price"]
    assert (change["instead"], change["verdict"]) == ("0.05", "permit")
    assert change["outcome"]["price"]["amount"] == "105.00"
