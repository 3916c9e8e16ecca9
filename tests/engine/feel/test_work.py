"""What a decision may do at the most: a text that would run for hours or fill the memory ends with an error of ours."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from feel_cases import AT, ORIGIN, checked, policy_of

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import CalculationFailed, Issue
from ordain.engine.feel.runtime.nulls import Nulls
from ordain.engine.feel.runtime.work import parts
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import Checked, untyped
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Formula
from ordain.engine.values.types import ANY, Type, Value

TOO_MUCH = "the calculation exceeded its work limit"
GROWN = "{f: function(x, n) if n = 0 then x else f(%s, n - 1), r: %s}.r"
NESTED = "{a: [1, 1, 1, 1, 1, 1, 1, 1], " + ", ".join(
    f"{b}: [{', '.join(a * 8)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def run(found: Checked, type: Type, *, lenient: bool) -> tuple[Value, list[Issue]]:
    policy = policy_of(Formula("result", found, type, ORIGIN), reads=())
    values: dict[str, Value] = {}
    faults: list[Issue] = []
    compile_policy(replace(policy, lenient=lenient)).run(values, AT, [], faults)
    return values["result"], faults


def run_lenient(text: str) -> tuple[Value, list[str]]:
    value, faults = run(untyped(parse.expression(text, ORIGIN, lenient=True)), ANY, lenient=True)
    return value, [issue.message for issue in faults]


@pytest.fixture
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the limit: what goes beyond it does so in a tenth of a second instead of two."""
    monkeypatch.setattr(CompiledPolicy.decide, "__defaults__", (None, LIMITS.work // 20))


def test_a_loop_that_would_take_a_week_is_given_up() -> None:
    with pytest.raises(CalculationFailed, match=TOO_MUCH):
        run_lenient("for x in 1..1000000 return for y in 1..1000000 return 1")


@pytest.mark.usefixtures("little_work")
@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "for x in 1..1000000 return for y in 1..1000000 return 1",
        "some a in 1..100000, b in 1..100000, c in [] satisfies true",
        "every x in 1..1000000 satisfies some y in 1..1000000 satisfies true",
        "{a: for i in 1..1000000 return i, b: for i in 1..1000000 return i in a}.b",
        "{a: for i in 1..1000000 return i, b: for i in 1..1000000 return a[item > i]}.b",
        "{a: for i in 1..1000000 return {x: i}, b: for i in 1..1000000 return a.x}.b",
        "{a: for i in 1..1000 return i, b: for i in 1..1000000 return count(concatenate(a, a))}.b",
        "for i in 1..100000 return count(partial)",
    ],
)
def test_loops_that_would_not_end_are_given_up_with_their_place(text: str, lenient: bool) -> None:
    found = untyped(parse.expression(text, ORIGIN, lenient=True)) if lenient else checked(text, {})
    with pytest.raises(CalculationFailed, match=f"`result` cannot be calculated: {TOO_MUCH}") as raised:
        run(found, ANY if lenient else found.type, lenient=lenient)
    assert raised.value.issues[0].span == ORIGIN


@pytest.mark.usefixtures("little_work")
def test_a_function_that_calls_itself_twice_each_time_is_given_up() -> None:
    with pytest.raises(CalculationFailed, match=TOO_MUCH):
        run_lenient("{f: function(n) if n = 0 then 1 else f(n - 1) + f(n - 1), r: f(60)}.r")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GROWN % ("x + x", 'f("a", 40)'), "a text has at most 1,000,000 characters"),
        (GROWN % ("string join([x, x])", 'f("a", 40)'), "a text has at most 1,000,000 characters"),
        (GROWN % ('replace(x, "a", "aaaaaaaaa")', 'f("a", 40)'), "a text has at most 1,000,000 characters"),
        (GROWN % ("concatenate(x, x)", "f([1], 40)"), "a value has at most 2,000,000 parts"),
        (GROWN % ("[x, x]", "f([1], 40)"), "a value has at most 2,000,000 parts"),
        (GROWN % ("[x, x]", "string(f([1], 40))"), "a value has at most 2,000,000 parts"),
        (GROWN % ("[x, x]", "f([1], 40) = f([1], 40)"), "a value has at most 2,000,000 parts"),
        (GROWN % ("[x]", "f([1], 150)"), "a value is nested at most 100 levels deep"),
        ('distinct values(for i in 1..20000 return @"10:00:00Z" + i * @"PT1S")', "too many different times"),
    ],
)
def test_a_value_that_grows_without_end_is_null_with_the_reason(text: str, why: str) -> None:
    value, reasons = run_lenient(text)
    assert value is None or value == ""
    assert any(why in reason for reason in reasons)


@pytest.mark.parametrize("text", [NESTED + "}.i", NESTED + ", z: flatten(i)}.z", NESTED + ", z: [i] = [i]}.z"])
def test_a_strict_value_that_grows_without_end_is_an_error(text: str) -> None:
    found = checked(text, {})
    with pytest.raises(CalculationFailed, match="a value has at most 2,000,000 parts"):
        run(found, found.type, lenient=False)


def test_a_loop_of_a_million_rounds_with_a_short_body_is_within_the_limits() -> None:
    assert run_lenient("count(for x in 1..1000000 return x * x + 1)") == (1_000_000, [])


def test_the_parts_of_a_value_are_its_items_and_theirs() -> None:
    assert parts((1, (2, 3), {"a": (4,)})) == 8
    assert parts("a" * 6_400) == 101


def test_a_list_that_is_gone_through_again_costs_as_much_again() -> None:
    work, items, others = Nulls(), tuple("abcdefg"), tuple("abcdefghijk")
    left = [work.left]
    for value in (items, items, others, items):
        assert work.sized(value) is value
        left.append(work.left)
    assert [before - after for before, after in itertools.pairwise(left)] == [2, 2, 3, 2]
