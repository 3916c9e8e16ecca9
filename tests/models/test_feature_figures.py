"""What was counted becomes a value: divided once, half to even; months by the calendar."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from ordain.engine.values.types import NUMBER
from ordain.models.features.definition import Aggregation, Definition, micros
from ordain.models.features.figures import rounded, shown


@pytest.mark.parametrize(
    ("above", "below", "digits", "expected"),
    [
        *[(1, 8, 2, "0.12"), (3, 8, 2, "0.38"), (-1, 8, 2, "-0.12"), (-3, 8, 2, "-0.38"), (1, -8, 2, "-0.12")],
        *[(5, 2, 0, "2"), (7, 2, 0, "4"), (2, 3, 6, "0.666667"), (0, 5, 3, "0"), (10, 4, 2, "2.5")],
        (125 * 10**30 + 1, 10**33, 2, "0.13"),  # rounded to 34 digits before, it would be a tie
    ],
)
def test_a_quotient_is_rounded_once_and_a_tie_to_the_even_digit(
    above: int, below: int, digits: int, expected: str
) -> None:
    assert rounded(above, below, digits) == Decimal(expected)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-31T00:00", "2026-02-28T23:59", 0),
        ("2026-01-31T00:00", "2026-03-01T00:00", 1),
        ("2026-01-15T12:00", "2026-02-15T11:59", 0),
        ("2026-01-15T12:00", "2026-02-15T12:00", 1),
        ("2024-02-29T00:00", "2026-02-28T00:00", 23),
        ("2026-03-01T00:00", "2026-01-31T00:00", -1),
        ("2026-03-01T00:00", "2026-03-01T00:00", 0),
    ],
)
def test_a_month_is_over_when_its_day_and_time_have_come_round(start: str, end: str, months: int) -> None:
    feature = Definition("it", "a", Aggregation.MONTHS_SINCE, NUMBER)
    moments = [micros(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)) for text in (start, end)]
    assert shown(feature, moments[0], moments[1]) == months
