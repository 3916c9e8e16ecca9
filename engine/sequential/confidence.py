"""A difference of two means, with bounds that hold at every look, however often one looks and whenever one stops.

The bounds are an asymptotic confidence sequence: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform
central limit theory and asymptotic confidence sequences", The Annals of Statistics 52(6), arXiv:2103.06476, section
2.3: the running sum of a sample is close to a Brownian motion, so a boundary that the motion ever crosses with chance
`alpha` at the most serves for the sum too, with the standard deviation estimated. The boundary is the one-sided normal
mixture of Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence
sequences", The Annals of Statistics 49(2), arXiv:1810.08240, section 3.2, in its closed form, which is never narrower
than the exact one.

Three things are ours, and are held by simulation (`bench/guardrails.py`, docs/guardrails.md):

- The share of the new version grows, and what is measured drifts. So each cohort is compared with itself, and the
  differences are added with the weights of Mantel and Haenszel (1959), m = n1 n0 / (n1 + n0). Within a cohort the sum
  m (mean1 - mean0) grows as a random walk does, whatever the share; `m` is its time.
- The variance of a cohort is that of the arm which varies more. Where few values are yes, or prices are skewed, mean
  and variance of a small arm err together: an arm that has seen no large value yet looks low, and sure of it.
- Before each arm has a number of values there are no bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ordain.engine.sequential.sums import Sums


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms over all cohorts: values and means of both, the difference (challenger less champion, which was perhaps
    multiplied before), the standard deviation of one value, and `weight`, the sum's time: near the number of values
    of the smaller arm. The means are weighted as the differences are, so that they differ by the difference."""

    champion_n: int
    champion: float
    challenger_n: int
    challenger: float
    difference: float
    deviation: float
    weight: float


def compared(cohorts: Iterable[tuple[Sums, Sums]], factor: float = 1.0) -> Comparison | None:
    """The challenger's mean less `factor` times the champion's; `cohorts` are the sums of champion and challenger.

    A cohort counts once both have two values; None if none has.
    """
    numbers = [0, 0]
    weight = low = high = variance = 0.0
    for champion, challenger in cohorts:
        if champion.n < 2 or challenger.n < 2:
            continue
        part = champion.n * challenger.n / (champion.n + challenger.n)
        numbers[0] += champion.n
        numbers[1] += challenger.n
        weight += part
        low += part * champion.mean
        high += part * challenger.mean
        variance += part * max(factor * factor * champion.variance, challenger.variance)
    if not weight:
        return None
    low, high = low / weight, high / weight
    return Comparison(numbers[0], low, numbers[1], high, high - factor * low, math.sqrt(variance / weight), weight)


def precision(tight_at: float, alpha: float) -> float:
    """The mixture's precision with which the bounds are tightest once the weight is `tight_at`. It is fixed for ever
    once the first value has come: to choose it by what was seen would void the bounds.

    The approximate optimum of two-sided bounds at twice `alpha`, as in the authors' package (`best_rho2_approx` of
    drconfseq). Bounds at ten times that weight are 8 percent wider than they could be, at a tenth of it 32 percent.
    """
    twice = -2 * math.log(2 * alpha)
    return tight_at / (twice + math.log(twice + 1))


def radius(comparison: Comparison, precise: float, alpha: float) -> float:
    """How far the true difference is from the one that was seen at the most: on one side at any look, but with chance
    `alpha`; on either side but with twice that."""
    time = comparison.weight + precise
    root = math.sqrt(time / precise)
    boundary = math.sqrt(2 * time * math.log1p(root / (2 * alpha)))
    return comparison.deviation * boundary / comparison.weight
