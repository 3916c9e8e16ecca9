"""Golden FEEL expressions: value and type, or the words of the error."""

from __future__ import annotations

import decimal
from typing import Any

import pytest
from feel_cases import AT, ORIGIN, cases, checked, compiled_formula, decided, scope_of, shown, values_of

from ordain.engine.errors import CalculationFailed, PolicyError
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import check
from ordain.engine.limits import LIMITS

GOLDEN = cases("feel.yaml")
SCOPE = scope_of(GOLDEN["facts"])


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["text"][:60].replace("\n", " "))
def test_an_expression_comes_out_as_written_down(case: dict[str, Any]) -> None:
    wanted = {key: part for key, part in case.items() if key not in ("text", "given")}
    wanted["type" if "value" in wanted else "error"]  # a case that expects nothing is no case
    assert shown(case["text"], SCOPE, values_of(GOLDEN["facts"], case.get("given", {}))) == wanted


def test_no_expression_stands_twice_with_the_same_facts() -> None:
    texts = [(case["text"], str(case.get("given"))) for case in GOLDEN["cases"]]
    assert len(texts) == len(set(texts)) > 120


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_parses_types_and_decides(name: str) -> None:
    found = check(parse.expression(FUNCTIONS[name].example, ORIGIN), {})
    assert not found.issues
    held: dict[str, Any] = {}
    compiled_formula(found, ()).run(held, AT, [])
    assert held["result"] is not None


def test_an_expression_of_the_greatest_length_is_read_and_a_longer_one_refused() -> None:
    longest = '"' + "x" * (LIMITS.expression_characters - 2) + '"'
    assert decided(longest, {}, {})[1] == "x" * (LIMITS.expression_characters - 2)
    with pytest.raises(PolicyError, match=r"an expression may have at most 10,000 characters"):
        checked(longest + " ", {})


@pytest.mark.parametrize(
    "text",
    [
        "(" * LIMITS.expression_levels + "1" + ")" * LIMITS.expression_levels,
        "not(" * (LIMITS.expression_levels // 2) + "true" + ")" * (LIMITS.expression_levels // 2),
        "- " * (LIMITS.expression_levels - 1) + "price",
        "if vip then 1 else " * LIMITS.expression_levels + "2",
        "1" + " + 1" * LIMITS.expression_levels,
        "true" + " and true" * LIMITS.expression_levels,
        "[" * (LIMITS.expression_levels - 1) + "1" + "]" * (LIMITS.expression_levels - 1),
        "(" * 39 + "price in (1, 2)" + ") in (true, false)" * 39,
    ],
    ids=lambda text: text[:24],
)
def test_the_deepest_expression_allowed_is_also_compiled_and_decided(text: str) -> None:
    decided(text, SCOPE, values_of(GOLDEN["facts"], {}))


@pytest.mark.parametrize("text", ["(" * 81 + "1" + ")" * 81, "- " * 3000 + "price", "1" + " + 1" * 2000, "[" * 4000])
def test_too_deep_an_expression_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        checked(text, SCOPE)
    if not text.endswith("["):
        assert (
            caught.value.issues[0].message
            == f"the expression is nested more than {LIMITS.expression_levels} levels deep"
        )
        assert caught.value.issues[0].hint == "name a part of it as a decision of its own"


@pytest.mark.parametrize("text", ['substring("foobar", 1, -1)', 'substring("foobar", 0.5)'])
def test_a_position_before_the_first_or_a_negative_length_is_refused(text: str) -> None:
    with pytest.raises(CalculationFailed):
        decided(text, SCOPE, values_of(GOLDEN["facts"], {}))


def test_the_place_of_a_fault_in_a_later_line_is_that_line() -> None:
    with pytest.raises(PolicyError) as caught:
        checked("1 +\n  prize", SCOPE)
    span = caught.value.issues[0].span
    assert span is not None
    assert (span.line, span.column, span.text) == (2, 3, "prize")


@pytest.mark.parametrize("digits", [1, 9])
def test_the_decimal_context_of_a_thread_changes_no_result(digits: int) -> None:
    for case in GOLDEN["cases"]:
        values = values_of(GOLDEN["facts"], case.get("given", {}))
        plainly = shown(case["text"], SCOPE, values)
        with decimal.localcontext(decimal.Context(prec=digits, rounding=decimal.ROUND_UP)):
            assert shown(case["text"], SCOPE, values) == plainly
