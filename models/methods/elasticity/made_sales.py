"""SYNTHETIC sales with elasticities that are known: invented, to see whether a method finds them.

Prices follow demand: larger groups are dearer, and in periods of high demand everything is. Least squares without
fixed effects finds elasticities that are too high, often above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ordain.models.methods.arrays import Floats
from ordain.models.methods.elasticity.log_log import Sales

SEGMENTS = (("premium", -0.4), ("family", -0.9), ("budget", -1.6))
"""Names and mean elasticities."""
PRODUCTS = ("basic", "standard", "unlimited")
SPREAD = 0.15
"""Standard deviation of a product's elasticity about its segment's mean."""


@dataclass(frozen=True, slots=True)
class MadeSales:
    """`truth` are the elasticities by group, (groups,); group number = segment * products + product."""

    sales: Sales
    truth: Floats


def made_sales(
    periods: int,
    seed: int,
    noise: float = 0.15,
    segments: Sequence[tuple[str, float]] = SEGMENTS,
    products: Sequence[str] = PRODUCTS,
) -> MadeSales:
    """A row for each group and period. `noise` is the standard deviation of log quantity beside all that is known;
    `segments` are names and mean elasticities, `products` from the smallest to the largest."""
    random = np.random.default_rng(seed)
    groups = len(segments) * len(products)
    mean = np.repeat([elasticity for _, elasticity in segments], len(products))
    truth = np.minimum(mean + random.normal(0.0, SPREAD, groups), -0.05)
    group, period = np.repeat(np.arange(groups), periods), np.tile(np.arange(periods), groups)
    size = np.tile(np.linspace(5.0, 6.6, len(products)), len(segments)) + random.normal(0.0, 0.3, groups)
    season = 0.3 * np.sin(2 * np.pi * np.arange(periods) / 26) + random.normal(0.0, 0.1, periods)
    own = random.normal(0.0, 0.12, len(group))
    price = np.log(300.0) + 0.5 * (size[group] - 5.8) + 0.6 * season[period] + own
    error = random.normal(0.0, noise, len(group))
    quantity = size[group] + 1.5 * season[period] + truth[group] * (price - np.log(300.0)) + error
    return MadeSales(Sales(price, quantity, group, period, groups, periods), truth)
