"""Units, limits and offsets: golden findings of expressions, cells and policies, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from policy_cases import described

from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.errors import Issue, Level, PolicyError, Span
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import check
from ordain.engine.feel.typing.number_limits import apart, within
from ordain.engine.feel.typing.units import unit_of
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.text.source import Node
from ordain.engine.values.types import NUMBER, Limits

GOLDEN: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "cases" / "units.yaml").read_text("utf-8"))
FACTS = load_vocabulary(GOLDEN["vocabulary"].encode(), "facts.yaml")
HEAD = "policy: sample\nversion: 1\neffective: 2026-01-01\nowner: tests\npurpose: A case.\n"


def node(text: str) -> Node:
    return Node(text, Span("case", 1, 1, text), text)


def drafted(text: str, column: str = "") -> tuple[Draft, str]:
    """An expression, or a cell below `column`, checked; with the unit of what the expression gives."""
    draft = Draft(FACTS)
    if column:
        heading = draft.formula(node(column))
        assert heading is not None
        draft.cell(node(text), heading.type, column)
        return draft, ""
    found = draft.formula(node(text))
    return draft, found.type.unit if found is not None else ""


def loaded(text: str) -> tuple[Policy | None, list[Issue]]:
    try:
        policy = load_policy((HEAD + text).encode(), "sample.yaml", FACTS)
    except PolicyError as error:
        return None, list(error.issues)
    return policy, list(policy.warnings)


@pytest.mark.parametrize("case", GOLDEN["expressions"], ids=lambda case: f"{case['text']} | {case.get('column', '')}")
def test_an_expression_gives_its_unit_and_its_findings(case: dict[str, Any]) -> None:
    draft, unit = drafted(case["text"], case.get("column", ""))
    found = described([*draft.issues, *draft.warnings])
    assert found == [{"hint": "", "under": case["text"], **finding} for finding in case.get("findings", [])]
    if "unit" in case:
        assert unit == case["unit"]


@pytest.mark.parametrize("case", GOLDEN["policies"], ids=lambda case: case["case"])
def test_a_policy_gives_its_findings_and_its_units(case: dict[str, Any]) -> None:
    policy, issues = loaded(case["text"])
    assert described(issues) == case.get("findings", [])
    if "gives" in case:
        assert policy is not None
        assert {name: of.unit for name, of in policy.gives.items()} == case["gives"]


def test_a_warning_does_not_keep_a_policy_from_loading_and_is_said_once() -> None:
    text = "kind: decision\ndecides:\n  a: {gives: flag, formula: churn_risk > 80}\n"
    policy, issues = loaded(text + "examples: [{given: {churn_risk: 0.5}, expect: {a: false}}]\n")
    assert policy is not None
    assert [issue.level for issue in issues] == [Level.WARNING]
    assert issues[0].span is not None
    assert (issues[0].span.line, issues[0].span.column) == (8, 29)


def test_the_shipped_policies_have_no_warnings() -> None:
    catalog = load_catalog(read_texts(Path(__file__).parents[3] / "policies"))
    warned = [issue for versions in catalog.versions.values() for each in versions for issue in each.policy.warnings]
    assert warned == []


UNITS = st.sampled_from(["", "INR", "EUR", "percent", "fraction", "probability", "months", "days", "GB", "apples"])


@given(UNITS, UNITS, st.sampled_from(["+", "-", "<", "=", ">="]))
def test_a_finding_of_two_facts_depends_on_their_units_alone_and_not_on_their_order(a: str, b: str, op: str) -> None:
    scope = {"a": replace(NUMBER, unit=a), "b": replace(NUMBER, unit=b)}
    texts = (f"a {op} b", f"b {op} a")
    found = [check(parse.expression(text, Span("case", 1, 1, text), scope), scope).issues for text in texts]
    alike = not a or not b or unit_of(scope["a"]) == unit_of(scope["b"])
    assert [bool(issues) for issues in found] == [not alike] * 2


@given(UNITS, st.sampled_from(["a + 1", "2 * a", "a / 4", "-a", "abs(a)", "max(a, 3)", "sum([a, a])", "a - a"]))
def test_a_number_without_unit_fits_any(unit: str, text: str) -> None:
    scope = {"a": replace(NUMBER, unit=unit)}
    checked = check(parse.expression(text, Span("case", 1, 1, text), scope), scope)
    assert checked.issues == checked.warnings == ()
    assert checked.type.unit == unit


ENDS = st.one_of(st.none(), st.integers(-3, 3).map(Decimal))
RANGES = st.builds(Limits, ENDS, ENDS, st.booleans(), st.booleans())


@given(RANGES, RANGES)
def test_ranges_that_are_apart_share_no_number_and_one_within_the_other_lies_in_it(one: Limits, other: Limits) -> None:
    grid = [Decimal(step) / 4 for step in range(-20, 21)]
    held = [number for number in grid if one.hold(number)]
    if apart(one, other):
        assert not any(other.hold(number) for number in held)
    if within(one, other):
        assert all(other.hold(number) for number in held)


@given(st.integers(-8, 8).map(lambda step: Decimal(step) / 4), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]))
def test_a_test_that_is_said_to_hold_never_or_always_does_so_for_all_numbers_in_range(value: Decimal, op: str) -> None:
    scope = {"share": replace(NUMBER, limits=Limits(Decimal(0), Decimal(1)))}
    text = f"share {op} {value:f}"
    warnings = check(parse.expression(text, Span("case", 1, 1, text), scope), scope).warnings
    holds = {
        "<": lambda share: share < value,
        "<=": lambda share: share <= value,
        ">": lambda share: share > value,
        ">=": lambda share: share >= value,
        "=": lambda share: share == value,
        "!=": lambda share: share != value,
    }[op]
    answers = {holds(Decimal(step) / 100) for step in range(101)}
    if warnings:
        assert answers == {f"`{text}` is always true" in warnings[0].message}
    elif len(answers) == 1:
        assert answers == {True}
        assert 0 <= value <= 1
