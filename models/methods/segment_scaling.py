"""From a row of cells to a place in which distances mean something: the first half of what assigns a segment.

A number that is skewed and never negative is taken as log(1 + x); then its median is subtracted and it is divided by
its interquartile range / 1.349 (a standard deviation, were it normal), so that a few huge customers do not set the
scale (Huber 1981, "Robust statistics", section 5.1); and what lies further out than CLIP counts as lying there. Two
different texts, and yes and no, are one unit apart. What is missing stands at the usual: the median, the most frequent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind

Floats = NDArray[np.float64]

CLIP = 4.0
"""Units from the median beyond which further out makes no difference."""
SKEWED = 0.5
"""Skewness from which a number is taken as its logarithm, if that makes it less skewed ("moderately skewed": Bulmer
1979, "Principles of statistics", chapter 4)."""
_NORMAL = 1.349
"""Interquartile range of the normal distribution in standard deviations."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """One entry per cell of `models.features.encoder.Encoder`, shape (width,). `usual` stands for what is missing."""

    log: NDArray[np.bool_]
    middle: Floats
    spread: Floats
    usual: Floats

    def places(self, cells: NDArray[np.floating]) -> Floats:
        """Cells (n, width), NaN where missing, to places (n, width) without units, each within -CLIP and CLIP."""
        known = np.where(np.isnan(cells), self.usual, cells.astype(np.float64))
        # Below zero no logarithm was learned: a negative number is taken as none at all.
        logged = np.log1p(np.maximum(known, 0.0))
        scaled = (np.where(self.log, logged, known) - self.middle) / self.spread
        return np.asarray(scaled.clip(-CLIP, CLIP), dtype=np.float64)


def scaling_of(facts: Iterable[Fact], cells: NDArray[np.floating]) -> Scaling:
    """What the rows `cells` (n, width), encoded from `facts`, say of each cell. Raises nothing."""
    log: list[bool] = []
    middle: list[float] = []
    spread: list[float] = []
    usual: list[float] = []
    at = 0
    for fact in facts:
        width = len(fact.type.values) if fact.type.kind is Kind.TEXT else 1
        part = cells[:, at : at + width].astype(np.float64)
        at += width
        part = part[~np.isnan(part[:, 0])]
        if fact.type.kind is Kind.NUMBER:
            logged, centre, scale, typical = _number(part[:, 0])
            log.append(logged)
            middle.append(centre)
            spread.append(scale)
            usual.append(typical)
            continue
        log += [False] * width
        middle += [0.0] * width
        spread += [2.0**0.5 if width > 1 else 1.0] * width
        usual += _most_frequent(part, flag=fact.type.kind is Kind.FLAG)
    return Scaling(np.array(log, dtype=np.bool_), np.array(middle), np.array(spread), np.array(usual))


def skewness(values: Floats) -> float:
    """The third standardised moment; 0 where all values are equal."""
    away = values - values.mean()
    deviation = float(np.sqrt((away**2).mean()))
    return float((away**3).mean()) / deviation**3 if deviation > 0 else 0.0


def _number(values: Floats) -> tuple[bool, float, float, float]:
    """Whether to take the logarithm; median and spread of what is taken; the median as it is."""
    logged = bool(
        values.min() >= 0 and skewness(values) > SKEWED and abs(skewness(np.log1p(values))) < skewness(values)
    )
    taken = np.log1p(values) if logged else values
    low, median, high = np.quantile(taken, (0.25, 0.5, 0.75))
    # Where half of the customers are equal (most bought once), quartiles say nothing, and the deviation stands in.
    spread = (high - low) / _NORMAL or float(taken.std()) or 1.0
    return logged, float(median), float(spread), float(np.median(values))


def _most_frequent(part: Floats, *, flag: bool) -> list[float]:
    counts = part.sum(axis=0)
    if flag:
        return [float(counts[0] * 2 >= len(part))]
    return [float(at == int(np.argmax(counts))) for at in range(part.shape[1])]
