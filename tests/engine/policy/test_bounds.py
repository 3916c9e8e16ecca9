"""Prices between limits: exact at the borders, on the rounding grid, and never across a limit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from feel_cases import AT
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import PricingConstraintViolation
from ordain.engine.examples.run import fired_rules
from ordain.engine.policy.load import load_policy
from ordain.engine.values.types import Value

FACTS = """\
facts:
  proposed: {type: number, unit: INR, meaning: p}
  lowest: {type: number, unit: INR, meaning: l}
  highest: {type: number, unit: INR, meaning: h}
  current: {type: number, unit: INR, meaning: c}
  rival: {type: number, unit: INR, optional: true, meaning: r}
"""
FLOOR, CEILING = "{id: floor, at least: lowest}", "{id: ceiling, at most: highest}"
STEP = "{id: step, within: 10 percent of current}"
GIVEN = {"proposed": "1", "lowest": "1", "highest": "1", "current": "1"}
_COMPILED: dict[tuple[str, ...], CompiledPolicy] = {}


def policy(rounding: str, wins: str, *limits: str) -> CompiledPolicy:
    key = (rounding, wins, *limits)
    if key not in _COMPILED:
        body = "bounds:\n  price:\n    starts from: proposed\n    limits:\n"
        body += "".join(f"      - {limit}\n" for limit in limits)
        body += f"    if limits conflict: {wins}\n" if wins else ""
        body += f"    round: {rounding}\n"
        read = [f"{name}: 1" for name in GIVEN if name in body]
        body += f"examples:\n  - given: {{{', '.join(read)}}}\n    refused: NotTried\n"
        text = (HEAD.format(kind="bounds") + body).encode()
        _COMPILED[key] = compile_policy(load_policy(text, FILE, vocabulary(FACTS)))
    return _COMPILED[key]


def price(compiled: CompiledPolicy, **facts: Any) -> tuple[Decimal, set[str]]:
    """The price and the rules that fired. Raises PricingConstraintViolation."""
    values: dict[str, Value] = {name: Decimal(raw) for name, raw in GIVEN.items()}
    values |= {name: None if raw is None else Decimal(raw) for name, raw in {"rival": None, **facts}.items()}
    steps: list[Any] = []
    compiled.run(values, AT, steps)
    return values["price"], set(fired_rules(steps))


@pytest.mark.parametrize(
    ("proposed", "current", "wanted", "fired"),
    [
        ("550", "500", "550", set()),
        ("550.01", "500", "550", {"step-highest"}),
        ("450", "500", "450", set()),
        ("449.99", "500", "450", {"step-lowest"}),
        ("366.70", "333.37", "366.70", set()),
        ("400", "333.37", "366.70", {"step-highest", "rounded-down"}),
        ("200", "333.36", "300.03", {"step-lowest", "rounded-up"}),
        ("0.11", "0.1", "0.11", set()),
        ("0", "0", "0", set()),
        ("5", "0", "0", {"step-highest"}),
    ],
)
def test_the_ten_percent_border_is_exact(proposed: str, current: str, wanted: str, fired: set[str]) -> None:
    found = price(policy("half up to 0.01", "", STEP), proposed=proposed, current=current)
    assert found == (Decimal(wanted), fired)


@pytest.mark.parametrize(
    ("rounding", "proposed", "wanted"),
    [
        ("half up to 1", "2.5", "3"),
        ("half down to 1", "2.5", "2"),
        ("half even to 1", "2.5", "2"),
        ("half even to 1", "3.5", "4"),
        ("up to 1", "2.1", "3"),
        ("down to 1", "2.9", "2"),
        ("half up to 0.05", "2.025", "2.05"),
        ("half up to 0.05", "2.0249", "2.00"),
        ("half even to 0.05", "2.025", "2.00"),
        ("down to 0.05", "2.0499", "2.00"),
        ("half up to 10", "2455", "2460"),
        ("half up to 25", "2462.5", "2475"),
        ("up to 25", "2450.01", "2475"),
    ],
)
def test_prices_are_rounded_as_the_policy_says(rounding: str, proposed: str, wanted: str) -> None:
    assert price(policy(rounding, "", FLOOR), proposed=proposed, lowest=0)[0] == Decimal(wanted)


def test_without_a_winner_limits_that_cross_give_no_price() -> None:
    with pytest.raises(PricingConstraintViolation, match="the limits ceiling, floor leave no price between them"):
        price(policy("half up to 1", "", FLOOR, CEILING), proposed=5, lowest=10, highest=8)


@pytest.mark.parametrize(("wins", "wanted"), [("floor", 10), ("ceiling", 8), ("[floor, ceiling]", 10)])
def test_the_limit_that_is_named_first_wins_a_conflict(wins: str, wanted: int) -> None:
    assert price(policy("half up to 1", wins, FLOOR, CEILING), proposed=5, lowest=10, highest=8)[0] == wanted


def test_no_multiple_of_the_step_between_the_limits_gives_no_price() -> None:
    with pytest.raises(PricingConstraintViolation, match="no multiple of 10 lies between the limits"):
        price(policy("half up to 10", "", FLOOR, CEILING), proposed=5, lowest=12, highest=18)


def test_a_limit_with_a_condition_counts_only_then() -> None:
    rival = "{id: rival, at most: rival * 1.1, if: rival != null}"
    compiled = policy("half up to 1", "", FLOOR, rival)
    assert price(compiled, proposed=100, lowest=0) == (Decimal(100), set())
    assert price(compiled, proposed=100, lowest=0, rival=50) == (Decimal(55), {"rival"})


MONEY = st.decimals("0", "5000", places=2)
ROUNDINGS = {
    "half up to 0.01": "0.01",
    "half even to 1": "1",
    "down to 0.05": "0.05",
    "up to 10": "10",
    "half down to 5": "5",
}


def nearest(exact: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
    below = exact // step * step
    return below, below if below == exact else below + step


@given(st.sampled_from([*ROUNDINGS]), MONEY, MONEY, MONEY, MONEY)
@settings(max_examples=300, deadline=dt.timedelta(seconds=5))
def test_a_price_keeps_every_limit_lies_on_the_grid_and_next_to_the_clamped_price(
    rounding: str, proposed: Decimal, lowest: Decimal, highest: Decimal, current: Decimal
) -> None:
    low = max(Fraction(lowest), Fraction(current) * 9 / 10)
    high = min(Fraction(highest), Fraction(current) * 11 / 10)
    step = Fraction(ROUNDINGS[rounding])
    exact = min(max(Fraction(proposed), low), high)
    compiled = policy(rounding, "", FLOOR, CEILING, STEP)
    possible = [edge for edge in nearest(exact, step) if low <= edge <= high]
    if low > high or not possible:
        with pytest.raises(PricingConstraintViolation):
            price(compiled, proposed=proposed, lowest=lowest, highest=highest, current=current)
        return
    found = price(compiled, proposed=proposed, lowest=lowest, highest=highest, current=current)[0]
    assert Fraction(found) in possible


@given(st.sampled_from([*ROUNDINGS]), MONEY, MONEY, MONEY, MONEY)
@settings(max_examples=200, deadline=dt.timedelta(seconds=5))
def test_the_strongest_limit_holds_whatever_the_others_ask(
    rounding: str, proposed: Decimal, lowest: Decimal, highest: Decimal, current: Decimal
) -> None:
    compiled = policy(rounding, "[ceiling, step, floor]", FLOOR, CEILING, STEP)
    assume(Fraction(highest) % Fraction(ROUNDINGS[rounding]) == 0 or proposed < highest)
    try:
        found = price(compiled, proposed=proposed, lowest=lowest, highest=highest, current=current)[0]
    except PricingConstraintViolation:
        return
    assert found <= highest
    if Fraction(current) * 9 / 10 <= highest:
        assert Fraction(found) <= Fraction(current) * 11 / 10
