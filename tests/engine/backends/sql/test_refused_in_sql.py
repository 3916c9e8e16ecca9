"""What cannot be said in SQL is refused with its place and what to write instead; nothing is nearly said."""

from __future__ import annotations

import datetime as dt

import pytest
from policies_for_sql import FACTS, GIVEN, SERVICES

from ordain.engine.catalog import plan_of
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
TOP = "policy: sample\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: tests\npurpose: A case.\n"
KNOWN = ", ".join(f"{name}: {value}" for name, value in GIVEN.items())


def said(formula: str, gives: str = "number") -> Statement:
    decides = f"decides:\n  x:\n    gives: {gives}\n    formula: '{formula}'\n"
    text = f"{TOP}{decides}examples:\n  - given: {{{KNOWN}}}\n    refused: NotTried\n"
    plan = plan_of("act", FACTS, SERVICES % b"x", [("sample@1", text.encode())])
    return statement(plan, AT)


def issue(formula: str, gives: str = "number") -> Issue:
    with pytest.raises(PolicyError) as refused:
        said(formula, gives)
    return refused.value.issues[0]


@pytest.mark.parametrize(
    ("formula", "gives", "words", "hint"),
    [
        ("price / 3", "number", "is a quotient that is not rounded", "round it"),
        ("price * price * price * price * price * price * price", "number", "digits, and a number has 34", "a `range`"),
        ("sqrt(price)", "number", "floating point", ""),
        ("count(for tag in tags return tag)", "number", "how many items a list of a column has", "`list contains`"),
        ("upper case(words)", "text", "change letters", "in one case"),
        ('matches(words, "a.c")', "flag", "regular expressions of its own", "`contains`"),
        ("substring(words, -2)", "text", "begins from the end", ""),
        ("string(price * n)", "text", "how many zeros", "round it first"),
        ("sort(tags, function(a, b) a < b)", "list of text", "only the database would know", ""),
        ("time(now()).hour + price ** 2", "number", "its decimals do not end", "x * x"),
    ],
)
def test_it_is_refused_with_a_reason_and_what_to_write(formula: str, gives: str, words: str, hint: str) -> None:
    found = issue(formula, gives)
    assert "cannot be said in SQL: " in found.message
    assert words in found.message
    assert hint in found.hint
    if "service" not in found.message:
        assert found.span is not None
        assert found.span.line > 6


def test_what_the_clock_alone_decides_is_worked_out_beforehand() -> None:
    assert "7" in said("decimal(2026 - today().year, 0) + 7").text
    assert "EXTRACT" not in said("today().year").text.upper()
