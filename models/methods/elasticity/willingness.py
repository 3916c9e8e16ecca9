"""What a constant elasticity says of willingness to pay."""

from __future__ import annotations

import numpy as np

from ordain.models.methods.arrays import Floats

PRICES = 11
"""Prices of a curve."""


def prices(lowest: float, highest: float) -> Floats:
    """Evenly from the lowest price that was seen to the highest, shape (PRICES,): a curve says nothing beyond."""
    return np.linspace(lowest, highest, PRICES)


def share_that_buys(at: Floats, elasticity: float) -> Floats:
    """Of those who buy at the first price, the lowest, the share that still buys at each: shape as `at`, 0 to 1.

    Quantity goes with price to the power of the elasticity, which is below 0. Those who would not buy at the lowest
    price that was seen are in no data, so it is no share of all people.
    """
    share: Floats = np.clip((at / at[0]) ** elasticity, 0.0, 1.0)
    return share
