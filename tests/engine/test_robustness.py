"""Whatever comes in, an error of ours comes out, or a value of ours."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from feel_cases import ORIGIN, checked
from hypothesis import example, given, settings
from hypothesis import strategies as st
from policy_cases import HEAD, loaded, vocabulary

from ordain.engine.errors import NotThatType, PolicyError
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import check
from ordain.engine.text.source import parse as parse_yaml
from ordain.engine.values.types import FLAG, NUMBER, TEXT, plain, read

SLOW = dt.timedelta(seconds=5)
PIECES = [
    "1", ".5", "1e5", '"a"', "'", '"', "x", "e-mail", "not", "not(", "(", ")", "[", "]", "..", ",", "-", "+", "**", "/",
    "//", "/*", "*/", "=", "==", "<", ">=", "?", "@", '@"P1D"', "if", "then", "else", "and", "or", "in", "between",
    "null", "true", ".", " ", "\n", "\\", "{", "%", "floor(", "round half up(", "₹", "\x00", "\ud800", "۳",
]  # fmt: skip
TEXT_OF_PIECES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40)
SCOPE = {"x": NUMBER, "e-mail": TEXT}


@given(TEXT_OF_PIECES)
@settings(max_examples=800, deadline=SLOW)
@example("]1..[" * 3)
@example("[" * 2000)
@example("not(" * 2000)
@example("-" * 5000 + "1")
@example("1 in " * 200)
def test_the_parser_and_the_checker_raise_nothing_but_policy_errors(text: str) -> None:
    with contextlib.suppress(PolicyError):
        found = parse.expression(text, ORIGIN, SCOPE)
        assert str(check(found, SCOPE).type)
    with contextlib.suppress(PolicyError):
        test = parse.unary_tests(text, ORIGIN, SCOPE)
        assert test is None or str(check(test, SCOPE, NUMBER).type)


@given(TEXT_OF_PIECES)
@settings(max_examples=300, deadline=SLOW)
def test_a_fault_of_an_expression_points_into_its_text(text: str) -> None:
    try:
        checked(text, SCOPE)
    except PolicyError as error:
        for issue in error.issues:
            assert issue.message
            assert issue.span is not None
            line = text.split("\n")[issue.span.line - 1]
            assert 1 <= issue.span.column <= len(line) + 1


@pytest.mark.parametrize(
    "text", ["- min([])", "min([]).year", "([])[1] * 2", "max([]) + min([])", "(if true then [] else []).a"]
)
def test_an_expression_over_an_empty_list_is_refused_or_compiled_without_a_fault(text: str) -> None:
    from_check = check(parse.expression(text, ORIGIN, SCOPE), SCOPE)
    if not from_check.issues:
        policy = HEAD.format(kind="decision") + "decides:\n  fee: {gives: number, formula: '" + text + "'}\n"
        with pytest.raises(PolicyError, match="CalculationFailed"):
            loaded(policy + "examples:\n  - given: {}\n    expect: {fee: 1}\n")


def test_a_field_of_every_row_of_a_chosen_list_is_compiled() -> None:
    policy = """\
decides:
  rows:
    gives: {fee: number}
    hit policy: collect
    rules:
      - {id: a, then: {fee: 1}}
  fees: {gives: list of number, formula: '(if base + 1 in (1, 2) then rows else rows).fee'}
examples:
  - given: {base: 1}
    expect: {fees: [1]}
"""
    assert loaded(HEAD.format(kind="decision") + policy).gives["fees"].item == NUMBER


YAML_PIECES = [
    "policy: a\n", "kind: decision\n", "version: 1\n", "- ", "a: ", "? ", ": ", "{", "}", "[", "]", "&a ", "*a", "!!x ",
    "|\n  x\n", ">-\n", '"', "'", "\n", "  ", "\t", "#", "---\n", "...\n", "%YAML 1.1\n", "1e9", "~", "<<: ", "\\u",
]  # fmt: skip
YAML_BYTES = (
    st.binary(max_size=60)
    | st.lists(st.sampled_from(YAML_PIECES), max_size=16).map("".join).map(str.encode)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)


@given(YAML_BYTES)
@settings(max_examples=800, deadline=SLOW)
@example(b"[" * 100_000)
@example(b"a: " * 5000)
@example(b'"\\uD800"')
@example(b"\xff\xfea: 1")
@example(b"a: 1e99999999999999999999")
def test_reading_yaml_raises_nothing_but_policy_errors(data: bytes) -> None:
    with contextlib.suppress(PolicyError):
        node = parse_yaml(data, "file.yaml")
        assert node.span.line >= 1


@given(YAML_BYTES)
@settings(max_examples=300, deadline=SLOW)
def test_a_policy_of_random_bytes_is_refused_with_policy_errors(data: bytes) -> None:
    with pytest.raises(PolicyError):
        loaded(data)


FACTS = vocabulary("""\
facts:
  plain: {type: number, meaning: x}
  fine: {type: number, precision: 4, meaning: x}
  part: {type: number, range: "(0..1]", precision: 2, unit: INR, meaning: x}
  word: {type: text, meaning: x}
  tier: {type: text, values: [high, low], meaning: x}
  yes: {type: flag, meaning: x}
  day: {type: date, meaning: x}
  hour: {type: time, meaning: x}
  moment: {type: date and time, meaning: x}
  wait: {type: duration, meaning: x}
  term: {type: months, meaning: x}
  tags: {type: list of text, values: [a, b], meaning: x}
  sizes: {type: list of number, meaning: x}
  offer: {type: context, fields: {action: {type: text, values: [call, mail]}, percent: number}, meaning: x}
""")
NUMBERS = (
    st.decimals(allow_nan=True, allow_infinity=True)
    | st.integers()
    | st.sampled_from(
        [Decimal("1e31"), Decimal("1e-40"), Decimal("-0"), Decimal("1e6000"), 10**40, Decimal("0.004"), Decimal("sNaN")]
    )
)
WORDS = st.text(max_size=12) | st.sampled_from(
    [
        "high",
        "2026-01-31",
        "2026-02-30",
        "08:00:00",
        "24:00:00",
        "2026-01-31T08:00:00Z",
        "P30D",
        "P9999999Y",
        "P1Y",
        "PT",
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["amount", "currency", "action", "percent", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(has_float, value.values()))
    return any(map(has_float, value)) if isinstance(value, tuple | list) else isinstance(value, float)


@given(st.sampled_from(sorted(FACTS)), JSON)
@settings(max_examples=1500, deadline=SLOW)
@example("fine", Decimal("1e31"))
@example("part", {"amount": "0.5", "currency": "INR"})
@example("part", {"amount": "0.5", "currency": []})
@example("offer", {"action": "call", "percent": 1.5})
@example("wait", "P999999999DT99999999999H")
def test_accepting_any_json_gives_a_value_without_floats_or_not_that_type(name: str, raw: Any) -> None:
    try:
        value = FACTS[name].accept(raw)
    except NotThatType:
        return
    assert not has_float(value)
    assert read(FACTS[name].type, plain(value), stored=True) == value


@given(st.decimals("0", "1", places=6))
@settings(max_examples=200, deadline=SLOW)
@example(Decimal("0.004"))
def test_an_accepted_value_lies_in_the_range_after_it_is_rounded(raw: Decimal) -> None:
    fact = FACTS["part"]
    try:
        value = fact.accept(raw)
    except NotThatType:
        return
    assert fact.limits is not None
    assert fact.limits.hold(value)


@pytest.mark.parametrize("raw", [{"action": "shout", "percent": 1}, {"action": "call"}, {"action": None, "percent": 1}])
def test_a_context_with_a_wrong_field_is_not_accepted(raw: dict[str, Any]) -> None:
    with pytest.raises(NotThatType):
        FACTS["offer"].accept(raw)


def test_flags_and_numbers_are_never_taken_for_each_other() -> None:
    for type, raw in ((NUMBER, True), (FLAG, 1), (NUMBER, "one"), (NUMBER, "0x1"), (TEXT, 1), (NUMBER, 1.5)):
        with pytest.raises(NotThatType):
            read(type, raw)


def test_a_duration_of_too_many_months_is_a_failed_calculation_and_no_crash() -> None:
    policy = HEAD.format(kind="decision") + "decides:\n  fee: {gives: months, formula: months(1e5000)}\n"
    with pytest.raises(PolicyError, match="CalculationFailed"):
        loaded(policy + "examples:\n  - given: {}\n    expect: {fee: P1M}\n")
