"""Prices exactly on a cap: Ordain, floats and zen-engine against exact fractions, to the cent and to the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from random import Random
from typing import Any

import click

from bench import zen_peer
from bench.decision import AT
from bench.tables import Result
from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.gather import gather

CUSTOMERS = 10_000
ORDAIN = "Ordain: kind bounds"
_VOCABULARY = b"""facts:
  current_price: {type: number, unit: INR, range: 0..100000, precision: 2, meaning: the price per month today}
  proposed_price: {type: number, unit: INR, range: 0..200000, precision: 2, meaning: the price that somebody proposes}
"""
_SERVICES = b"services:\n  cap: {purpose: One cap., policies: [cap], gives: [price]}\n"
_POLICY = b"""policy: cap
version: 1
kind: bounds
effective: 2026-01-01
owner: benchmark
purpose: A price moves by at most 10 percent at a time, and is rounded to the cent.

bounds:
  price:
    starts from: proposed_price
    limits:
      - {id: step, within: 10 percent of current_price, because: At most 10 percent at a time.}
    round: half up to 0.01

examples:
  - given: {current_price: 10.05, proposed_price: 11.06}
    expect: {price: 11.05, fired: [step-highest, rounded-down]}
"""
_ZEN = {
    "low": "current_price - current_price * 10 / 100",
    "high": "current_price + current_price * 10 / 100",
    "bounded": "min([max([proposed_price, $.low]), $.high])",
    "nearest": "floor($.bounded * 100 + 0.5) / 100",
    "too_high": "$.nearest > $.high",
    "too_low": "$.nearest < $.low",
    "price": "$.too_high ? floor($.bounded * 100) / 100 : $.too_low ? ceil($.bounded * 100) / 100 : $.nearest",
    "below": "proposed_price < $.low",
    "above": "proposed_price > $.high",
}

Answer = tuple[Decimal, tuple[str, ...]]
"""The price and the ids of the rules that moved it."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Prices in rupees, with two digits after the point."""

    current: Decimal
    proposed: Decimal

    def facts(self) -> dict[str, object]:
        return {"current_price": self.current, "proposed_price": self.proposed}


def customers(count: int, seed: int) -> list[Customer]:
    """SYNTHETIC. The proposal is the cap or the floor itself, rounded half up to the cent, or a cent beside it."""
    random = Random(seed)  # noqa: S311 - test data, nothing secret
    drawn = []
    for number in range(count):
        cents = random.randrange(1_000, 1_000_000)
        tenths = (9, 11)[number % 2]
        proposed = (cents * tenths + 5) // 10 + (-1, 0, 1)[number // 2 % 3]
        drawn.append(Customer(Decimal(cents).scaleb(-2), Decimal(proposed).scaleb(-2)))
    return drawn


def exactly(customer: Customer) -> Answer:
    """The same policy in fractions: no digit is lost anywhere."""
    current, proposed = Fraction(customer.current), Fraction(customer.proposed)
    low, high = current * 9 / 10, current * 11 / 10
    bounded = min(max(proposed, low), high)
    cents = math.floor(bounded * 100 + Fraction(1, 2))
    too_high, too_low = Fraction(cents, 100) > high, Fraction(cents, 100) < low
    if too_high:
        cents = math.floor(bounded * 100)
    elif too_low:
        cents = math.ceil(bounded * 100)
    return Decimal(cents).scaleb(-2), _reasons(proposed < low, proposed > high, too_high, too_low)


def in_floats(nearest: Callable[[float], float]) -> Callable[[Customer], Answer]:
    """The same policy in floats, with a way of rounding to the cent."""

    def price(customer: Customer) -> Answer:
        current, proposed = float(customer.current), float(customer.proposed)
        low, high = current - current * 10 / 100, current + current * 10 / 100
        bounded = min(max(proposed, low), high)
        price = nearest(bounded)
        too_high, too_low = price > high, price < low
        if too_high:
            price = math.floor(bounded * 100) / 100
        elif too_low:
            price = math.ceil(bounded * 100) / 100
        return Decimal(str(price)), _reasons(proposed < low, proposed > high, too_high, too_low)

    return price


def _reasons(below: bool, above: bool, too_high: bool, too_low: bool) -> tuple[str, ...]:
    said = {"step-lowest": below, "step-highest": above, "rounded-down": too_high, "rounded-up": too_low}
    return tuple(name for name, holds in said.items() if holds)


def _ordain() -> Callable[[Customer], Answer]:
    catalog = load_catalog(Texts(_VOCABULARY, _SERVICES, {"policies/cap/v1.yaml": _POLICY}))
    plan = catalog.pick("cap", AT)

    def price(customer: Customer) -> Answer:
        outcome = plan.evaluate(gather(customer.facts(), plan.needs, catalog.vocabulary, {}), AT)
        return outcome.values["price"], tuple(reason["rule"] for reason in outcome.reasons() if "rule" in reason)

    return price


def _zen() -> Callable[[Customer], Answer]:
    expressions = [{"id": key, "key": key, "value": value} for key, value in _ZEN.items()]
    content = {"passThrough": False, "expressions": expressions}
    node = {"id": "cap", "name": "cap", "type": "expressionNode", "content": content}
    evaluate = zen_peer.ways_of(zen_peer.chain([node]))["static loader, evaluate(key)"]

    def price(customer: Customer) -> Answer:
        given = {name: float(str(value)) for name, value in customer.facts().items()}
        said: Mapping[str, Any] = evaluate(given, {"trace": False})["result"]
        reasons = _reasons(said["below"], said["above"], said["too_high"], said["too_low"])
        return Decimal(str(said["price"])), reasons

    return price


def run() -> Result:
    """Raises ClickException, which ends the program with 1, when Ordain's price or reason is not the exact one."""
    asked = customers(CUSTOMERS, seed=1)
    expected = [exactly(customer) for customer in asked]
    ways = {
        ORDAIN: _ordain(),
        "floats: floor(100 x + 0.5) / 100": in_floats(lambda price: math.floor(price * 100 + 0.5) / 100),
        "floats: round(x, 2)": in_floats(lambda price: round(price, 2)),
        "zen-engine, given floats": _zen(),
    }
    rows = {name: _differences(way, asked, expected) for name, way in ways.items()}
    ordain = rows[ORDAIN]
    if ordain["cents"] or ordain["reasons"]:
        counted = f"{ordain['cents']} prices and {ordain['reasons']} reasons of {CUSTOMERS:,}"
        raise click.ClickException(f"Ordain does not decide exactly: {counted} differ, first {ordain['first']}")
    columns = {"cents": "prices off", "reasons": "reasons off", "first": "first of them"}
    kinds = ", ".join(f"{name} {sum(name in why for _, why in expected):,}" for name in _NAMES)
    notes = (
        f"{CUSTOMERS:,} synthetic customers whose proposed price is the cap of 10 percent up or down, rounded half up "
        "to the cent, or a cent beside it. Exact: the same policy in fractions.",
        f"What fired, exactly: {kinds}.",
        "A price is off when it differs by a cent or more, a reason when other rules are said to have fired.",
        f"zen-engine {version('zen-engine')}: the same formulas in its language; it takes floats from Python and "
        "calculates in decimals of 28 digits itself.",
    )
    return Result("Money exactly on a cap", columns, rows, notes)


_NAMES = _reasons(True, True, True, True)


def _differences(
    way: Callable[[Customer], Answer], asked: Sequence[Customer], expected: Sequence[Answer]
) -> dict[str, object]:
    cents = reasons = 0
    first = ""
    for customer, (price, why) in zip(asked, expected, strict=True):
        answer, said = way(customer)
        cents += answer != price
        reasons += set(said) != set(why)
        if not first and (answer != price or set(said) != set(why)):
            first = f"{customer.current} to {customer.proposed}: {answer}, exactly {price}"
    return {"cents": cents, "reasons": reasons, "first": first}
