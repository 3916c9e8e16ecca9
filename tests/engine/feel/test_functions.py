"""The built-in functions as Python sees them: every signature with values, and what must hold for all values."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import CalculationFailed
from ordain.engine.feel.functions import calendars, contexts, conversion, flags, lists, numbers, texts
from ordain.engine.feel.patterns import searching
from ordain.engine.feel.runtime.work import Work
from ordain.engine.feel.signature import Signature
from ordain.engine.limits import LIMITS
from ordain.engine.values import temporal
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import FunctionValue, Interval, Kind, Type, kind_of

CASES = Path(__file__).parents[2] / "cases" / "functions.yaml"
GROUPS = (conversion, flags, texts, numbers, lists, contexts, calendars)
FUNCTIONS = {name: entry for group in GROUPS for name, entry in group.FUNCTIONS.items()}

OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "less": lambda x, y: x < y,
    "greater": lambda x, y: x > y,
    "never": lambda x, y: False,
    "always": lambda x, y: True,
    "first": lambda x, y: x,
    "nothing": lambda x, y: None,
}
OF_VALUES: dict[str, FunctionValue] = {
    "alone": FunctionValue(("x",), lambda x: True),
    **{name: FunctionValue(("x", "y"), python) for name, python in OF_TWO.items()},
}


class Loader(yaml.SafeLoader):
    """Reads the case file with decimals for numbers and tags for what YAML does not know."""


Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: Decimal(node.value))
Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(node.value))
Loader.add_constructor("!at", lambda loader, node: temporal.read_any(node.value))
Loader.add_constructor("!function", lambda loader, node: OF_VALUES[node.value])
Loader.add_constructor("!from", lambda loader, node: Interval(*loader.construct_sequence(node)))


def value(raw: Any) -> Any:
    if isinstance(raw, list):
        return tuple(map(value, raw))
    return {name: value(part) for name, part in raw.items()} if isinstance(raw, dict) else raw


def suits(given: Any, want: Type) -> bool:
    """Whether a value is of the type that a parameter asks for."""
    if given is None or want.kind is Kind.ANY:
        return given is not None or want.optional or bool(want.variable and want.variable != "O")
    if kind_of(given) is not want.kind:
        return False
    return want.kind is not Kind.LIST or all(suits(part, want.item or want) for part in given)


def made(given: Any, want: Type) -> tuple[Any, ...]:
    """The value as a parameter asks for it, in a tuple; an empty one when it does not fit."""
    if given is None:
        return (None,) if want.optional else ()
    forms = (given, (given,), *(given if isinstance(given, tuple) and len(given) == 1 else ()))
    return next(((form,) for form in forms if suits(form, want)), ())


def arranged(signature: Signature, case: dict[str, Any]) -> tuple[Any, ...] | None:
    if "named" not in case:
        return value(case["given"]) if signature.takes(len(case["given"])) else None
    names = [parameter.name for parameter in signature.parameters]
    given = value(case["named"])
    return tuple(given[name] for name in names if name in given) if set(given) <= set(names) else None


def called(name: str, case: dict[str, Any]) -> Any:
    """What the first fitting signature gives."""
    for signature in FUNCTIONS[name].signatures:
        given = arranged(signature, case)
        if given is None:
            continue
        wanted = [signature.parameter(at) for at in range(len(given))]
        fitting = [made(part, want.type) for part, want in zip(given, wanted, strict=True) if want is not None]
        if all(fitting):
            work = (Work(),) if signature.counted else ()
            return signature.python(*work, *(part for (part,) in fitting))
    raise ValueError(f"`{name}` does not take these")


WRITTEN = yaml.load(CASES.read_text(encoding="utf-8"), Loader)  # noqa: S506
CASE_LIST = [(name, case) for name, cases in WRITTEN.items() for case in cases]


def test_every_function_has_six_cases_or_more() -> None:
    assert {name: len(WRITTEN.get(name, ())) for name in FUNCTIONS if len(WRITTEN.get(name, ())) < 6} == {}
    assert set(WRITTEN) == set(FUNCTIONS)


@pytest.mark.parametrize(("name", "case"), CASE_LIST, ids=lambda part: part if isinstance(part, str) else "")
def test_a_function_gives_what_the_specification_says(name: str, case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises((ValueError, ArithmeticError)) as error:
            called(name, case)
        assert case["error"] in str(error.value)
    else:
        found, wanted = called(name, case), value(case["gives"])
        assert found == wanted
        assert kinds(found) == kinds(wanted)


def kinds(found: Any) -> Any:
    if isinstance(found, tuple):
        return [kinds(part) for part in found]
    return {name: kinds(part) for name, part in found.items()} if isinstance(found, dict) else kind_of(found)


NASTY = ["(a+)+b", "(a|aa)+$", "^(a|a?)+$", "(x+x+)+y", "([a-zA-Z]+)*$x", "(a*)*(a*)*(a*)*b"]


@pytest.mark.parametrize("pattern", NASTY)
def test_a_pattern_that_can_match_in_many_ways_costs_no_more_than_a_decision_may(pattern: str) -> None:
    for search in (searching.matches, searching.pieces):
        with contextlib.suppress(ValueError, CalculationFailed):
            search(work := Work(), "a" * 300 + "x" * 30, pattern)
            assert work.left > 0


def test_a_pattern_that_can_match_in_many_ways_is_decided_in_few_steps() -> None:
    work = Work()
    assert searching.matches(work, "a" * 3000 + "x", "(a+)+b") is False
    assert LIMITS.work - work.left < 100_000


@given(st.text("ab\\()[]{}-^$.|?*+1,:pPwdsi ", max_size=12), st.sampled_from(["", "x", "i", "ms", "q"]))
def test_any_text_is_a_pattern_or_refused(pattern: str, flags: str) -> None:
    try:
        found = searching.matches(Work(), "ab1 a", pattern, flags)
    except ValueError:
        return
    assert found in (True, False)


@given(st.text(), st.text(min_size=1), st.text())
def test_a_plain_replacement_is_that_of_python(text: str, part: str, new: str) -> None:
    assert searching.replaced(Work(), text, part, new, "q") == text.replace(part, new)
    assert searching.pieces(Work(), text, part, "q") == tuple(text.split(part))


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=4)


@given(DECIMALS, DECIMALS.filter(bool))
def test_a_remainder_is_smaller_than_the_divisor_and_has_its_sign(dividend: Decimal, divisor: Decimal) -> None:
    rest = called("modulo", {"given": [dividend, divisor]})
    assert rest.copy_abs() < divisor.copy_abs()
    assert not rest or (rest < 0) == (divisor < 0)


@given(DECIMALS, st.integers(-3, 6))
def test_a_number_lies_between_its_floor_and_ceiling(number: Decimal, scale: int) -> None:
    low, high = (called(name, {"given": [number, Decimal(scale)]}) for name in ("floor", "ceiling"))
    assert low <= number <= high
    assert high - low in (0, Decimal(1).scaleb(-scale))


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=2) | st.sampled_from([Decimal("1"), Decimal("1.0"), Decimal("2")]),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=6,
)


@given(st.lists(VALUES).map(tuple))
def test_distinct_values_are_each_in_the_list_once(items: tuple[Any, ...]) -> None:
    found = called("distinct values", {"given": [items]}) if len(items) != 1 else items
    for item in items:
        assert len(called("index of", {"given": [(*found, "and", "more"), item]})) >= 1
    assert len(called("union", {"given": [found, found]})) == len(found)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())))
def test_sorting_keeps_the_order_of_equal_items(pairs: list[tuple[int, int]]) -> None:
    precedes = FunctionValue(("x", "y"), lambda x, y: x[0] < y[0])
    sort = FUNCTIONS["sort"].signatures[0].python
    assert list(sort(tuple(pairs), precedes)) == sorted(pairs, key=lambda pair: pair[0])


def test_distinct_values_of_a_long_list_are_found_without_comparing_all_with_all() -> None:
    """Which would take a quarter of an hour."""
    items = tuple((Decimal(at), {"a": str(at)}) for at in range(40_000))
    assert len(lists.FUNCTIONS["distinct values"].signatures[0].python(items + items)) == 40_000


def test_deeply_nested_lists_are_flattened() -> None:
    nested: tuple[Any, ...] = (Decimal(1),)
    for _ in range(100_000):
        nested = (nested,)
    assert lists.FUNCTIONS["flatten"].signatures[0].python(nested) == (Decimal(1),)


def test_a_context_put_does_not_change_what_it_was_given() -> None:
    given = {"a": {"b": Decimal(1)}}
    put = contexts.FUNCTIONS["context put"].signatures[1].python
    assert put(given, ("a", "b"), Decimal(2)) == {"a": {"b": Decimal(2)}}
    assert given == {"a": {"b": Decimal(1)}}


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(-40, 40))
def test_rounding_to_a_written_scale_is_rounding_to_that_scale(number: Decimal, scale: int) -> None:
    for entry in numbers.FUNCTIONS.values():
        for signature in entry.signatures:
            if signature.prepared is not None:
                here, there = NUMBERS.plus(number), Decimal(scale)
                assert str(signature.prepared(there)(here)) == str(signature.python(here, there))
