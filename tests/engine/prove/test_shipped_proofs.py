"""What is proved of the shipped policies and services, question by question, as it is on file."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.prove.confirming import decided, may_be_sent
from ordain.engine.prove.proof import Proof
from ordain.engine.prove.proving import questions

ROOT = Path(__file__).parents[3]
ANSWERS = ROOT / "tests" / "cases" / "proofs" / "shipped.txt"
AT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(read_texts(ROOT / "policies"), run_examples=False)


@pytest.fixture(scope="module")
def proofs(catalog: Catalog) -> list[Proof]:
    return [answer() for _, _, answer in questions(catalog, (), AT, 60)]


def test_each_question_about_the_shipped_policies_has_the_answer_on_file(proofs: list[Proof]) -> None:
    """`ORDAIN_WRITE_PROOFS=1` writes the file anew."""
    told = "".join(f"{each.found!s:<12} {each.of}: {each.asked}\n" for each in proofs)
    if os.environ.get("ORDAIN_WRITE_PROOFS"):
        ANSWERS.write_text(told, encoding="utf-8")
    assert told == ANSWERS.read_text(encoding="utf-8")


def test_every_customer_that_is_shown_may_be_sent_and_was_decided(catalog: Catalog, proofs: list[Proof]) -> None:
    shown = [each for each in proofs if each.customer is not None]
    assert shown
    for each in shown:
        assert each.customer is not None
        assert each.said
        assert may_be_sent(catalog.vocabulary, each.customer.facts)
        name = each.of.partition("@")[0]
        of = catalog.versions[name][-1] if "@" in each.of else catalog.pick(name, AT)
        if each.asked.startswith(("every customer", "no customer")) and "@" in each.of:
            assert decided(of, each.customer.facts, each.customer.at).error is not None


def test_what_is_not_covered_says_where_and_why(proofs: list[Proof]) -> None:
    for each in proofs:
        if each.found == "not covered":
            assert "line " in each.why
            assert "column " in each.why
