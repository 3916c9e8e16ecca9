"""Sums of what was seen: as if all values were there, however they came and were joined."""

from __future__ import annotations

import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import DataQualityIssue
from ordain.engine.sequential.sums import Arm, Sums, chance

VALUES = st.lists(st.floats(-1e6, 1e6), max_size=30)


def sums_of(values: list[float]) -> Sums:
    sums = Sums()
    for value in values:
        sums.add(value)
    return sums


@given(VALUES, VALUES)
def test_joined_sums_are_those_of_all_values(one: list[float], other: list[float]) -> None:
    joined, every = sums_of(one) + sums_of(other), one + other
    assert joined.n == len(every)
    if every:
        assert joined.mean == pytest.approx(statistics.fmean(every), abs=1e-6)
    if len(every) > 1:
        assert joined.variance == pytest.approx(statistics.variance(every), rel=1e-9, abs=1e-4)


def test_a_small_spread_around_a_large_mean_is_kept() -> None:
    """Sums of squares alone would lose it."""
    sums = sums_of([1e9 + 1, 1e9 + 2, 1e9 + 3])
    assert sums.variance == pytest.approx(1)


def test_an_arm_counts_customers_and_what_is_known_of_them() -> None:
    morning, evening = Arm(), Arm()
    morning.add({"denied": True, "price": Decimal("99.50")})
    morning.add({"denied": False})
    evening.add({"price": Decimal("100.50"), "churned": 1})
    day = morning + evening
    assert day.customers == 3
    assert {name: (sums.n, sums.mean) for name, sums in day.metrics.items()} == {
        "denied": (2, 0.5),
        "price": (2, 100.0),
        "churned": (1, 1.0),
    }
    assert (morning.customers, evening.customers) == (2, 1), "joining changes neither"


@pytest.mark.parametrize("value", [Decimal("NaN"), float("inf"), Decimal("-1E+120")])
def test_what_cannot_be_averaged_adds_nothing_of_its_customer(value: Decimal | float) -> None:
    arm = Arm()
    with pytest.raises(DataQualityIssue, match="`price` cannot be averaged"):
        arm.add({"denied": 0, "price": value})
    assert arm == Arm()


def test_joining_an_arm_does_not_share_its_sums() -> None:
    one = Arm()
    one.add({"price": 1})
    joined = one + Arm()
    joined.add({"price": 3})
    assert one.metrics["price"].n == 1


def test_the_chance_of_a_customer_of_whom_something_is_known() -> None:
    assert chance(0.25) == 0.25
    assert chance(0.25, at_least=0.05) == pytest.approx(0.2 / 0.95)
    assert chance(0.25, below=0.05) == 1
    assert chance(0.05, at_least=0.25) == 0
