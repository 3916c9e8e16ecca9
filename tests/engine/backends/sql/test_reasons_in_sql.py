"""A reason says in SQL, word for word, what it says when Python decides; one that cannot is refused with its place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from one_policy import ROW, both, differs, formula, said, table

from ordain.engine.errors import PolicyError

FILLED: list[tuple[str, str, dict[str, Any]]] = [
    ("It's {price}.", "It's 10.05 INR.", {}),
    ("₹ {price} today", "₹ 10.00 today", {"price": Decimal(10)}),
    ("{balance} left", "-3.50 INR left", {}),
    ("{balance} INR left", "0.00 INR left", {"balance": Decimal(0)}),
    ("{maybe_price} it was", "not known it was", {}),
    ("{maybe_price} it was", "700 JPY it was", {"maybe_price": Decimal(700)}),
    ("{share} off", "85 % off", {}),
    ("{share} % off", "33.33 % off", {"share": Decimal("0.3333")}),
    ("{left} left", "1 month left", {}),
    ("{left} left", "12 months left", {"left": Decimal(12)}),
    ("{n} and {rate}", "-2.5 and 0.000001", {"n": Decimal("-2.50"), "rate": Decimal("0.000001")}),
    ("{n} and {whole}", "0 and 20", {"n": Decimal("0.00"), "whole": Decimal(20)}),
    ("{maybe_n} of {days_left}", "not known of 2", {"days_left": None}),
    ("{f}, {maybe_f}", "no, not known", {}),
    ("{f}, {maybe_f}", "yes, no", {"f": True, "maybe_f": False}),
    ("since {d}", "since 31 January 2024", {}),
    ("since {d.year}, {maybe_d}", "since 2024, 1 December 2025", {"maybe_d": dt.date(2025, 12, 1)}),
    ("{tags} or {maybe_tags}", "a, it's or not known", {"tags": ("a", "it's")}),
    ("[{tags}] or [{maybe_tags}]", "[] or []", {"tags": (), "maybe_tags": ()}),
    ("{tier}/{maybe_t}/{words}", 'high/not known/a"b', {"words": 'a"b'}),
    ("{{so}} it is", "{so} it is", {}),
]


@pytest.mark.parametrize(("because", "expected", "more"), FILLED)
def test_a_reason_is_filled_in(because: str, expected: str, more: dict[str, Any], postgresql: str) -> None:
    decides = table("first", f"{{id: a, when: {{}}, then: 1, because: '{because.replace(chr(39), 2 * chr(39))}'}}")
    for url in ("", postgresql):
        python, sql = both(decides, row={**ROW, **more}, url=url)
        assert python.reasons == sql.reasons == (expected,)


def test_a_formula_tells_of_what_it_gives() -> None:
    decides = formula("price * 0.5 - 20") + "    because: 'Half of {price} less 20 is {x}.'\n"
    python, sql = both(decides)
    assert python.reasons == sql.reasons == ("Half of 10.05 INR less 20 is -14.975.",)


def test_what_must_hold_says_why_it_does_not() -> None:
    held = "must hold:\n  - {id: held, that: 'price < n', because: 'It costs {price}, not {maybe_n}.'}\n"
    python, sql = both(formula("1") + held)
    assert python.broken == sql.broken == "`held` does not hold: It costs 10.05 INR, not not known."
    assert differs(formula("1") + held.replace("{price}", "it").replace("{maybe_n}", "more")) == []


def test_the_outputs_of_a_rule_may_stand_in_its_reason() -> None:
    decides = (
        "  x:\n    gives: {amount: {type: number, unit: INR}, why: text}\n    hit policy: collect\n    rules:\n"
        "      - {id: a, when: {f: 'false'}, then: {amount: price * 2, why: '= tier'}, because: '{amount} as {why}'}\n"
        "  y:\n    gives: number\n    formula: count(x)\n"
    )
    python, sql = both(decides, "y")
    assert python.reasons == sql.reasons == ("20.10 INR as high",)


def test_a_reason_with_what_has_no_text_is_refused_with_its_place_unless_reasons_are_left_out() -> None:
    decides = (
        "  part:\n    gives: number\n    formula: 'price / 3'\n"
        + table("first", "{id: a, when: {part: '> 2'}, then: 1, because: 'A third is {part}.'}", gives="number")
        + "    otherwise: 0\n"
    )
    with pytest.raises(PolicyError) as refused:
        said(decides)
    (issue,) = refused.value.issues
    assert "in the reason `A third is {part}.`" in issue.message
    assert "a quotient that is not rounded" in issue.message
    assert issue.hint.endswith("or leave the rules and reasons out: --plain")
    assert issue.span is not None
    assert "part" in issue.span.text
    assert issue.span.line == 15
    assert said(decides, explained=False).text


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery"])
def test_where_a_database_may_write_a_number_otherwise_its_reason_is_refused(dialect: str) -> None:
    decides = table("first", "{id: a, when: {}, then: 1, because: 'It costs {price}.'}")
    with pytest.raises(PolicyError, match="may write a number with other digits"):
        said(decides, dialect=dialect)
