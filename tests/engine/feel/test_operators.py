"""The operators' meaning, asked directly: arithmetic, properties, and what can be compared."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import NotThatType
from ordain.engine.feel.functions.operators import (
    ARITHMETIC,
    COMPARISON,
    NEGATION,
    OPERATIONS,
    PROPERTIES,
    equal,
    less,
    within,
)
from ordain.engine.values import temporal
from ordain.engine.values.types import FunctionValue, Interval, Kind, Value, kind_of

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "temporal.yaml").read_text(encoding="utf-8"))
ONE, TWO, THREE = Decimal(1), Decimal(2), Decimal(3)


def value_of(written: Any) -> Value:
    """Numbers are numbers, texts temporal values where they are some."""
    if isinstance(written, int | float):
        return Decimal(str(written))
    try:
        return temporal.read_any(written) if isinstance(written, str) else written
    except NotThatType:
        return written


def shown(value: Value) -> Any:
    return value if value is None or isinstance(value, Decimal | str) else temporal.text(value)


@pytest.mark.parametrize("case", CASES["arithmetic"], ids=lambda case: " ".join(map(str, case["do"])))
def test_arithmetic_gives_what_the_case_says(case: dict[str, Any]) -> None:
    left, op, right = value_of(case["do"][0]), case["do"][1], value_of(case["do"][2])
    operation = ARITHMETIC[op, kind_of(left), kind_of(right)]
    if "fault" in case:
        with pytest.raises((ValueError, ArithmeticError), match=case["fault"]):
            operation.python(left, right)
    else:
        result = operation.python(left, right)
        assert shown(result) == shown(value_of(case["gives"]))
        assert kind_of(result) is operation.gives.kind


@pytest.mark.parametrize("case", CASES["properties"], ids=lambda case: case["of"])
def test_a_property_gives_what_the_case_says(case: dict[str, Any]) -> None:
    value = value_of(case["of"])
    for name, expected in case["gives"].items():
        operation = PROPERTIES[kind_of(value)][name]
        result = operation.python(value)
        assert shown(result) == shown(value_of(expected)), name
        assert operation.gives.optional if result is None else kind_of(result) is operation.gives.kind


@pytest.mark.parametrize("case", CASES["comparison"], ids=lambda case: " ".join(case["of"]))
def test_two_values_compare_as_the_case_says(case: dict[str, Any]) -> None:
    one, other = map(value_of, case["of"])
    assert (equal(one, other), less(one, other)) == (case["equal"], case["less"])
    assert equal(other, one) is case["equal"]


def test_the_negative_of_a_duration_is_as_long_the_other_way() -> None:
    for text, negative in (("P1DT2H", "-P1DT2H"), ("-P1Y", "P1Y"), ("PT0.000000001S", "-PT0.000000001S")):
        value = temporal.read_any(text)
        assert temporal.text(NEGATION[kind_of(value)].python(value)) == negative


def test_a_range_has_its_bounds_and_whether_they_are_included_as_properties() -> None:
    parts = PROPERTIES[Kind.RANGE]
    found = {name: parts[name].python(Interval(ONE, None, False, True)) for name in parts}
    assert found == {"start": ONE, "end": None, "start included": True, "end included": False}


def test_null_equals_only_null() -> None:
    assert equal(None, None) is True
    assert equal(None, ONE) is False
    assert equal((), None) is False
    assert less(None, ONE) is None


def test_values_of_different_kinds_and_functions_cannot_be_compared() -> None:
    function, other_function = FunctionValue((), lambda: None), FunctionValue((), lambda: None)
    for one, other in (("1", ONE), (True, ONE), ((), {}), (function, other_function), ((ONE,), ONE)):
        assert equal(one, other) is None
        assert less(one, other) is None


def test_a_function_equals_itself() -> None:
    function = FunctionValue((), lambda: None)
    assert equal(function, function) is True
    assert equal(FunctionValue(("n",), abs, "abs"), FunctionValue(("n",), abs, "abs")) is True
    assert less(function, function) is None


def test_zero_to_the_power_of_zero_is_one() -> None:
    assert ARITHMETIC["**", Kind.NUMBER, Kind.NUMBER].python(Decimal(0), Decimal(0)) == 1


def test_lists_and_contexts_are_equal_when_all_their_parts_are() -> None:
    assert equal((ONE, (TWO,)), (ONE, (Decimal("2.0"),))) is True
    assert equal((ONE,), (ONE, TWO)) is False
    assert equal((ONE, TWO), (TWO, ONE)) is False
    assert equal(("a", ONE), (TWO, TWO)) is False
    assert equal(("a", ONE), (TWO, ONE)) is False
    assert equal({"a": "1"}, {"a": ONE}) is False
    assert equal({"a": ONE, "b": None}, {"b": None, "a": ONE}) is True
    assert equal({"a": ONE}, {"b": ONE}) is False


def test_ranges_are_equal_when_bounds_and_inclusion_are() -> None:
    assert equal(Interval(ONE, TWO), Interval(ONE, TWO)) is True
    assert equal(Interval(ONE, TWO, True), Interval(ONE, TWO)) is False
    assert equal(Interval(ONE, TWO), Interval(ONE, THREE)) is False
    assert equal(Interval(None, TWO, True), Interval(None, TWO, True)) is True
    assert equal(Interval(ONE, TWO), Interval("a", "b")) is False


def test_a_value_lies_in_a_range_unless_a_bound_says_otherwise() -> None:
    assert [within(value, Interval(ONE, THREE, True)) for value in (ONE, TWO, THREE)] == [False, True, True]
    assert [within(value, Interval(None, TWO, True, True)) for value in (ONE, TWO)] == [True, False]
    assert within(ONE, Interval(None, None, True, True)) is True


def test_a_bound_that_is_unknown_leaves_open_only_what_the_other_does_not_decide() -> None:
    assert within(ONE, Interval(None, TWO)) is None
    assert within(THREE, Interval(None, TWO)) is False
    assert within("a", Interval(ONE, TWO)) is None
    assert within(None, Interval(ONE, TWO)) is None


def test_every_comparison_follows_from_equal_and_less() -> None:
    for one, other in ((ONE, TWO), (TWO, ONE), (ONE, Decimal("1.0")), ("a", "b")):
        found = {op: compare(one, other) for op, compare in COMPARISON.items()}
        wanted = {"=": one == other, "!=": one != other, "<": one < other, "<=": one <= other}  # type: ignore[operator]
        assert found == wanted | {">": not wanted["<="], ">=": not wanted["<"]}
    assert {compare(ONE, "a") for compare in COMPARISON.values()} == {None}


def test_a_local_time_is_between_times_of_an_offset_as_the_clock_shows_it() -> None:
    opens, closes, shown = map(temporal.read_time, ("08:00:00", "21:00:00", "20:30:00-07:00"))
    assert COMPARISON["<="](opens, shown) is True
    assert within(shown, Interval(opens, closes)) is True


numbers = st.integers(-3, 3).map(Decimal)


@given(numbers, numbers, numbers, st.booleans(), st.booleans())
def test_within_says_what_the_comparisons_say(
    value: Decimal, low: Decimal, high: Decimal, low_open: bool, high_open: bool
) -> None:
    expected = (low < value if low_open else low <= value) and (value < high if high_open else value <= high)
    assert within(value, Interval(low, high, low_open, high_open)) is expected


def test_each_operation_has_a_name_of_its_own() -> None:
    properties = sum(len(of_kind) for of_kind in PROPERTIES.values())
    assert len(OPERATIONS) == len(ARITHMETIC) + len(NEGATION) + properties
    assert {"number + number", "date - duration", "-number", "date.year", "range.start included"} <= OPERATIONS.keys()
