"""Estimates of many groups drawn towards what they have in common, each by how little it knows.

    estimate ~ truth of the group, with its standard error;  truth ~ normal(mean, spread)

`spread` is that of Paule and Mandel (1982, "Consensus values and weighting factors"), which needs no distribution; the
drawn estimates are empirical Bayes (Morris 1983, "Parametric empirical Bayes inference", section 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ordain.models.methods.arrays import Flags, Floats

COVERS = 0.95


@dataclass(frozen=True, slots=True)
class Pooled:
    """`mean` of the groups with its standard `error`, and how far their truths lie apart (standard deviation)."""

    mean: float
    error: float
    spread: float
    groups: int

    def interval(self) -> tuple[float, float]:
        """Where the truth of a group lies of which nothing else is known, with probability `COVERS`."""
        reach = self._reach() * float(np.hypot(self.spread, self.error))
        return self.mean - reach, self.mean + reach

    def interval_of_mean(self) -> tuple[float, float]:
        reach = self._reach() * self.error
        return self.mean - reach, self.mean + reach

    def _reach(self) -> float:
        return float(stats.t.ppf((1 + COVERS) / 2, max(self.groups - 1, 1)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """By group: the estimate, its interval, and the weight of the group's own estimate in it, 0 to 1.

    `positive` says that the group's own was not below 0. It is not used then: the mean of all stands in its place, as
    it does where nothing is known of the group; all others are `usable`.
    """

    estimate: Floats
    low: Floats
    high: Floats
    weight: Floats
    positive: Flags
    usable: Flags


def pool(estimate: Floats, error: Floats) -> Pooled:
    """What the groups have in common. Shapes (groups,); NaN are groups that know nothing, of which not all may be."""
    known = ~np.isnan(estimate) & (error > 0)
    values, variance = estimate[known], error[known] ** 2
    if len(values) == 1:
        return Pooled(float(values[0]), float(error[known][0]), 0.0, 1)

    def excess(between: float) -> float:
        weight = 1 / (variance + between)
        mean = (weight @ values) / weight.sum()
        return float(weight @ (values - mean) ** 2 - (len(values) - 1))

    between, most = 0.0, float(np.var(values)) * 10 + 1e-12
    if excess(0.0) > 0:
        while excess(most) > 0:
            most *= 10
        between = float(optimize.brentq(excess, 0.0, most, xtol=1e-12))
    weight = 1 / (variance + between)
    mean = float((weight @ values) / weight.sum())
    # Hartung and Knapp 2001: the error of the mean from how far the groups really lie apart.
    error_of_mean = float(np.sqrt(weight @ (values - mean) ** 2 / (len(values) - 1) / weight.sum()))
    return Pooled(mean, max(error_of_mean, float(weight.sum() ** -0.5)), float(np.sqrt(between)), len(values))


def draw(estimate: Floats, error: Floats, freedom: Floats, common: Pooled) -> Drawn:
    """Each group's estimate drawn to what is common. A group that knows nothing, or says that a dearer product sells
    more, gets the mean and the interval of an unknown group."""
    known = ~np.isnan(estimate) & (error > 0)
    positive = known & (estimate >= 0)
    own = known & ~positive
    variance, between = np.where(known, error, 1.0) ** 2, common.spread**2
    weight = np.where(own, between / (between + variance), 0.0)
    drawn = np.where(own, weight * np.where(own, estimate, 0.0) + (1 - weight) * common.mean, common.mean)
    # The last part is for the weight, which is an estimate itself (Morris 1983, section 5).
    apart = np.where(own, np.where(own, estimate, 0.0) - common.mean, 0.0)
    doubt = 2 / max(common.groups - 3, 1) * (1 - weight) ** 2 * apart**2
    deviation = np.sqrt(weight * variance + (1 - weight) ** 2 * common.error**2 + doubt)
    reach = stats.t.ppf((1 + COVERS) / 2, np.where(known, freedom, 1.0)) * deviation
    unknown = common.interval()
    low, high = np.where(own, drawn - reach, unknown[0]), np.where(own, drawn + reach, unknown[1])
    return Drawn(drawn, low, high, weight, positive, own)
