"""Price elasticities by the log-log model with fixed effects.

    log quantity = group + period + elasticity of the group * log price + error

A group is one segment's demand for one product. Its fixed effect takes up what makes it larger and dearer than others
at all times, the period's what moves all groups at once: both would pass for an answer to the price in plain least
squares. What moves one group in one period and its price with it (a promotion, a stock-out) is not taken up.

Variances are clustered by period (Liang and Zeger 1986; small-sample factor as in Cameron and Miller 2015, "A
practitioner's guide to cluster-robust inference", section VI.B): rows of a period may err together in any way.
Clusters of groups would not do for slopes of groups, whose own scores add up to nought. Errors that last over periods
are not covered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ordain.models.methods.arrays import Flags, Floats, Integers

_TOLERANCE = 1e-9
"""Of singular values beside the largest, below which a direction holds nothing."""
PERIODS_NEEDED = 4
"""Of a group, from which on it has an elasticity of its own."""


@dataclass(frozen=True, slots=True)
class Sales:
    """One row for each sale or sum of sales: logs of price and quantity, numbers of group and period; shape (n,)."""

    price: Floats
    quantity: Floats
    group: Integers
    period: Integers
    groups: int
    periods: int

    def part(self, which: Flags) -> Sales:
        group, period = self.group[which], self.period[which]
        return Sales(self.price[which], self.quantity[which], group, period, self.groups, self.periods)


@dataclass(frozen=True, slots=True)
class Slopes:
    """Elasticities with standard errors and degrees of freedom, each of shape (slopes,).

    NaN where the prices of a group do not tell one. `intercept` (groups,) and `effect` (periods,) complete the model;
    NaN in them is a group or period without rows.
    """

    slope: Floats
    error: Floats
    freedom: Floats
    intercept: Floats
    effect: Floats

    def expected(self, sales: Sales) -> Floats:
        """Log quantities, shape (n,)."""
        slope = self.slope if len(self.slope) == 1 else self.slope[sales.group]
        found: Floats = self.intercept[sales.group] + self.effect[sales.period] + slope * sales.price
        return found


def by_group(sales: Sales) -> Slopes:
    """One elasticity for each group."""
    return _fit(sales, sales.group, sales.groups)


def pooled(sales: Sales) -> Slopes:
    """One elasticity for all groups, with the same fixed effects."""
    return _fit(sales, np.zeros_like(sales.group), 1)


def plain(sales: Sales) -> float:
    """Least squares of log quantity on log price alone: wrong wherever prices follow demand, and told for that."""
    price = sales.price - sales.price.mean()
    total = float(price @ price)
    return float(price @ sales.quantity) / total if total > 0 else float("nan")


def _fit(sales: Sales, of: Integers, slopes: int) -> Slopes:
    """Least squares by the normal equations; `of` is the slope that each row has."""
    count, groups = len(sales.price), sales.groups
    # Prices beside their group's mean: the same slopes, and equations that are better conditioned.
    centre = _means(sales.price, sales.group, groups)
    price = sales.price - centre[sales.group]
    rows = np.arange(count)
    columns = np.concatenate([of, slopes + sales.group, slopes + groups + sales.period])
    values = np.concatenate([price, np.ones(2 * count)])
    width = slopes + groups + sales.periods
    design = sparse.csr_matrix((values, (np.tile(rows, 3), columns)), shape=(count, width))
    inner = (design.T @ design).toarray()
    inverse, rank = _inverse(inner)
    coefficients = inverse @ (design.T @ sales.quantity)
    residual = sales.quantity - design @ coefficients
    told = np.abs(np.diag(inverse @ inner)[:slopes] - 1) < 1e-6
    variance, seen = _clustered(design, inverse, residual, sales, of, slopes, rank)
    told &= seen >= (PERIODS_NEEDED if slopes > 1 else 2)
    slope = np.where(told, coefficients[:slopes], np.nan)
    known = slope if slopes > 1 else np.full(groups, slope[0])
    intercept = coefficients[slopes : slopes + groups] - np.where(np.isnan(known), 0.0, known) * centre
    intercept[np.bincount(sales.group, minlength=groups) == 0] = np.nan
    effect = coefficients[slopes + groups :].copy()
    effect[np.bincount(sales.period, minlength=sales.periods) == 0] = np.nan
    error = np.where(told, np.sqrt(variance), np.nan)
    return Slopes(slope, error, np.where(told, seen - 2.0, np.nan).clip(1.0), intercept, effect)


def _clustered(
    design: sparse.csr_matrix,
    inverse: Floats,
    residual: Floats,
    sales: Sales,
    of: Integers,
    slopes: int,
    rank: int,
) -> tuple[Floats, Floats]:
    """Variances of the slopes, and the periods that each was seen in."""
    count = len(residual)
    cluster = sparse.csr_matrix((residual, (sales.period, np.arange(count))), shape=(sales.periods, count))
    scores = (cluster @ design).toarray() @ inverse[:, :slopes]
    pairs = np.unique(np.column_stack([of, sales.period]), axis=0)
    seen = np.bincount(pairs[:, 0], minlength=slopes).astype(np.float64)
    factor = np.divide(seen, seen - 1, out=np.ones(slopes), where=seen > 1) * (count - 1) / max(count - rank, 1)
    variance: Floats = factor * (scores**2).sum(axis=0)
    return variance, seen


def _inverse(inner: Floats) -> tuple[Floats, int]:
    """The pseudoinverse of a symmetric matrix, and its rank. Columns of no rows, and one that the fixed effects have
    in common, make it singular."""
    values, vectors = np.linalg.eigh(inner)
    kept = values > _TOLERANCE * values[-1]
    part = vectors[:, kept]
    return (part / values[kept]) @ part.T, int(kept.sum())


def _means(values: Floats, of: Integers, count: int) -> Floats:
    total, number = np.bincount(of, values, count), np.bincount(of, minlength=count)
    mean: Floats = np.divide(total, number, out=np.zeros(count), where=number > 0)
    return mean
