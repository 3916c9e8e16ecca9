"""What the card of a model of purchases draws: predicted beside observed, on the time that was held out."""

from __future__ import annotations

import numpy as np

from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.spec import Plot, Series

TOGETHER = 7
"""Repeat purchases from which on customers are counted together."""
TENTHS = 10


def plots(
    frequency: Floats, expected: Floats, count: Floats, expected_amount: Floats, spent: Floats
) -> tuple[Plot, ...]:
    """All of shape (n,), row for row the same customers."""
    return by_frequency(frequency, expected, count), by_tenth(expected_amount, spent)


def by_frequency(frequency: Floats, expected: Floats, count: Floats) -> Plot:
    """Mean purchases by how many repeats there were before (figure 3 of Fader, Hardie and Lee 2005)."""
    group = np.minimum(frequency, TOGETHER).astype(np.int64)
    there = np.unique(group).tolist()
    xs = tuple(f"{each}+" if each == TOGETHER else str(each) for each in there)
    series = tuple(
        Series(name, xs, tuple(float(of[group == each].mean()) for each in there))
        for name, of in (("observed", count), ("predicted", expected))
    )
    title = "Purchases in the time held out"
    return Plot("purchases-by-frequency", title, "line", "repeat purchases before", "mean per customer", series)


def by_tenth(predicted: Floats, observed: Floats) -> Plot:
    """Mean amounts from the tenth of customers of least predicted value to that of most."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if len(part)]
    xs = tuple(str(number) for number in range(1, len(parts) + 1))
    series = tuple(
        Series(name, xs, tuple(float(of[part].mean()) for part in parts))
        for name, of in (("observed", observed), ("predicted", predicted))
    )
    title = "Amounts predicted and observed"
    return Plot("amounts-by-tenth", title, "bars", "tenth of customers, by predicted amount", "mean amount", series)
