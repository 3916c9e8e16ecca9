"""A pattern costs work of the decision, counted and never timed; whatever way it is searched, it finds the same."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from feel_cases import AT, ORIGIN, checked, policy_of

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import CalculationFailed, InternalError, Issue
from ordain.engine.feel.patterns import pattern as patterns
from ordain.engine.feel.patterns import searching, xpath
from ordain.engine.feel.patterns.counted import Program
from ordain.engine.feel.patterns.pattern_tree import Bound, bound_of
from ordain.engine.feel.patterns.pattern_tree import tree_of as parsed
from ordain.engine.feel.runtime.work import Work
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Formula
from ordain.engine.values.types import ANY, Value

TOO_MUCH = "the calculation exceeded its work limit"


def compiled(text: str, *, lenient: bool) -> CompiledPolicy:
    found = untyped(parse.expression(text, ORIGIN, lenient=True)) if lenient else checked(text, {})
    return compile_policy(
        replace(policy_of(Formula("result", found, ANY if lenient else found.type, ORIGIN), reads=()), lenient=lenient)
    )


def left_after(text: str, *, lenient: bool = False, work: int = LIMITS.work) -> int:
    return compiled(text, lenient=lenient).decide({}, AT, [], [], work)


def program_of(pattern: patterns.Pattern) -> Program:
    assert pattern._part is not None
    return Program(pattern._part, pattern.groups, pattern._compiled.flags)


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        'matches("ab" + string(i), "(a|b)*c")',
        'replace("ab" + string(i), "(a|b)*c", "x")',
        'split("ab" + string(i), "(a|b)*c")',
        'matches("ab" + string(i), "^[a-z]+$")',
        'matches("ab", "c" + string(i))',
    ],
)
def test_searches_of_one_decision_share_one_limit_of_work(call: str, lenient: bool) -> None:
    text = f"count(for i in 1..300 return {call})"
    assert left_after(text, lenient=lenient) < LIMITS.work
    with pytest.raises(CalculationFailed, match=TOO_MUCH):
        left_after(text, lenient=lenient, work=1_500)


def test_the_work_of_a_search_is_the_same_whenever_it_is_made() -> None:
    policy = compiled('replace("a,b,,c", "(a|b|,)+?c?", "-")', lenient=False)
    assert len({policy.decide({}, AT, []) for _ in range(3)}) == 1
    searching._compiled.cache_clear()
    assert policy.decide({}, AT, []) == policy.decide({}, AT, [])


def test_an_unbounded_pattern_takes_steps_by_the_length_of_the_text_and_no_more() -> None:
    # Going back without remembering would take some 2 ** 16 steps for the first, and twice that for the second.
    pattern = xpath.compiled("^(a|a)*$", "")
    taken = [program_of(pattern).search("a" * length + "b", 0, LIMITS.work)[1] for length in (16, 17)]
    assert taken[0] < 300
    assert taken[1] - taken[0] < 20


def test_a_pattern_with_a_reference_to_a_group_is_given_up_at_the_limit() -> None:
    pattern = xpath.compiled("^(a|a)*\\1b$", "")
    work = Work(200)
    with pytest.raises(CalculationFailed):
        pattern.search("a" * 8, work)
    assert xpath.compiled("(a)\\1", "").search("baab", Work()) is not None


def test_what_is_remembered_of_a_search_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.engine.feel.patterns.counted._MOST_PLACES", 10)
    with pytest.raises(ValueError, match="the text is too long for a pattern that can match in so many ways"):
        xpath.compiled("(a|b)*c", "").search("abababab", Work())


@pytest.mark.parametrize(
    ("pattern", "power"),
    [
        ("^[1-9][0-9]{5}$", 1),
        ("abc", 1),
        ("^[^@]+@", 1),
        ("^[^@]+[a-z]+", 2),
        ("[a-z]+[0-9]+x", 3),
        ("^(a|b)*$", None),
        ("^([a-z]+ )+$", None),
        ("^(a|b)?c$", 1),
    ],
)
def test_a_bound_on_steps_is_known_for_patterns_that_repeat_single_signs(pattern: str, power: int | None) -> None:
    bound = xpath.compiled(pattern, "")._bound
    assert (bound and bound.power) == power


@pytest.mark.parametrize(
    ("one", "following", "apart"),
    [
        ("[^@]", "@", True),
        ("[0-9]", "-", False),
        ("[0-9]", ":", True),
        ("[A-z]", "_", False),
        ("[A-Z]", "a", False),
        ("[^a-z]", "@", False),
        ("[^\\-]", "-", False),
        ("a", "@", False),
    ],
)
def test_signs_are_known_to_be_apart_only_where_that_is_plain(one: str, following: str, apart: bool) -> None:
    # Where they are apart the next part multiplies nothing.
    both = bound_of(parsed(f"^{one}*{following}[b]*c"))
    assert both == (Bound(both.factor, 1) if apart else Bound(both.factor, 2))  # type: ignore[union-attr]


def test_the_counted_search_finds_what_the_package_regex_finds() -> None:
    made = random.Random(12)  # noqa: S311 - no secret
    parts = ["", "(|a)", "a", "b", "[ab]", "[^a]", ".", "\\d", "^", "$", "-", "\\.", "\\n", "[a-c-[b]]"]

    def pattern(levels: int) -> str:
        if not levels or made.random() < 0.35:
            return made.choice(parts)
        shape = made.random()
        if shape < 0.4:
            return pattern(levels - 1) + pattern(levels - 1)
        if shape < 0.6:
            return f"({pattern(levels - 1)}|{pattern(levels - 1)})"
        return f"({made.choice(parts[2:])}{made.choice(parts[2:])})" + made.choice(
            ["*", "+", "?", "{2}", "{1,3}", "*?", "+?"]
        )

    looked_at = 0
    for _ in range(600):
        found = xpath.compiled(pattern(4), made.choice(["", "i", "m", "s", "im"]))
        for _ in range(3):
            text = "".join(made.choice("abcA1-.\n") for _ in range(made.randrange(9)))
            one, (other, _) = found._compiled.search(text), program_of(found).search(text, 0, LIMITS.work)
            assert (one is None) is (other is None)
            if one is not None and other is not None:
                groups = range(found.groups + 1)
                assert (one.span(), [one[n] for n in groups]) == (other.ends[:2], [other[n] for n in groups])
            looked_at += 1
    assert looked_at == 1800


def test_a_search_that_meets_the_clock_decides_nothing_also_in_a_lenient_policy() -> None:
    policy = compiled('if matches("abc", "b") then 1 else 2', lenient=True)

    class Late:
        groups, flags = 0, 0

        def search(self, text: str, **more: Any) -> None:
            return None

        def finditer(self, text: str, **more: Any) -> None:
            raise TimeoutError

    searching._compiled.cache_clear()
    late = patterns.Pattern(Late(), None, Bound(1, 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(searching, "_compiled", lambda pattern, flags: late)
        values: dict[str, Value] = {}
        faults: list[Issue] = []
        with pytest.raises(InternalError, match="which its steps do not explain"):
            policy.decide(values, AT, [], faults)
    assert (values, faults) == ({}, [])


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "string join(for i in 1..90 return {t}, null)",
        "for i in 1..90 return {t} + {t}",
        "for i in 1..90 return upper case({t})",
        'for i in 1..90 return replace({t}, "x", "y")',
        'for i in 1..90 return split({t}, "x")',
        "for i in 1..90 return substring({t}, 2)",
    ],
)
def test_texts_are_counted_by_their_length_wherever_they_are_made(text: str, lenient: bool) -> None:
    short, long = (
        LIMITS.work - left_after(f"count([{text}])".replace("{t}", f'"{"a" * size}"'), lenient=lenient)
        for size in (80, 4_080)
    )
    assert long - short >= 90 * 4_000 // 8


def test_the_policies_of_one_decision_share_its_work() -> None:
    policy = compiled('matches("abc", "b")', lenient=False)
    left = policy.decide({}, AT, [])
    assert policy.decide({}, AT, [], None, left) == LIMITS.work - 2 * (LIMITS.work - left)
    assert isinstance(AT, dt.datetime)
