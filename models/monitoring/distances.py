"""How far two distributions are apart: the population stability index and the Kolmogorov-Smirnov distance, of counts.

Counts stand bin by bin, so that a reference need not keep anybody's row. Bins of numbers are in ascending order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, kstwobign

SMOOTHING = 0.5
"""Added to each bin's count before shares are taken: an empty bin would make the index infinite."""


def psi(reference: Sequence[int], current: Sequence[int]) -> float:
    """The sum over bins of (q - p) * ln(q / p), p and q the smoothed shares of the reference and of now.

    0 is no difference. As many counts in both, one at least; Lewis 1994, "An introduction to credit scoring".
    """
    p, q = _shares(reference), _shares(current)
    return float(((q - p) * np.log(q / p)).sum())


def psi_by_chance(reference: Sequence[int], current: Sequence[int], chance: float) -> float:
    """The index that samples of these sizes pass by chance alone, with probability `chance`, when nothing changed.

    It is then near chi squared of one less than the bins degrees, times 1/n + 1/m (Yurdakul and Naranjo 2020,
    "Statistical properties of the population stability index"). Infinite without rows.
    """
    n, m = sum(reference), sum(current)
    if not n or not m:
        return float("inf")
    used = sum(1 for one, other in zip(reference, current, strict=True) if one or other)
    return float(chi2.isf(chance, max(used - 1, 1)) * (1 / n + 1 / m))


def ks(reference: Sequence[int], current: Sequence[int]) -> float:
    """The largest distance of the two cumulative shares at the bins' edges, 0 to 1: of the values themselves it may
    be larger, by the share of one bin at the most. NaN without rows on either side."""
    n, m = sum(reference), sum(current)
    if not n or not m:
        return float("nan")
    away = np.cumsum(reference) / n - np.cumsum(current) / m
    return float(np.abs(away).max())


def ks_by_chance(n: int, m: int, chance: float) -> float:
    """The distance that samples of n and m rows pass by chance alone, with probability `chance` (Smirnov 1948)."""
    if not n or not m:
        return float("inf")
    return float(kstwobign.isf(chance) * np.sqrt((n + m) / (n * m)))


def _shares(counts: Sequence[int]) -> NDArray[np.float64]:
    smoothed = np.asarray(counts, dtype=np.float64) + SMOOTHING
    return np.asarray(smoothed / smoothed.sum())
