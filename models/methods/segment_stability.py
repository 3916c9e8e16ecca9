"""Whether segments are there, or only where the dice fell: restarts, bootstrap, and the choice of how many.

The adjusted Rand index of two segmentations (Hubert and Arabie 1985) is 1 where they agree and 0 for chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from ordain.models.limits import LIMITS
from ordain.models.methods.segment_assignment import Centres, Floats, Indices
from ordain.models.methods.segment_clustering import sample

STABLE = 0.8
"""Mean adjusted Rand index over restarts from which a number of segments counts as stable."""
NEAR = 0.95
"""A smaller number of segments is preferred whose silhouette is this share of the best one's."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One number of segments: the silhouette of its best segmentation, and how much restarts agree (ARI)."""

    count: int
    silhouette: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """`agreements` (ARI) of segments found again among drawn rows, one per draw; `kept[s]`, how well segment s is found
    again (mean Jaccard index of its best match: Hennig 2007, "Cluster-wise assessment of cluster stability");
    `confidences` and `same`, for each draw and row: what the model said of the row, and whether the draw agrees."""

    agreements: tuple[float, ...]
    kept: tuple[float, ...]
    confidences: Floats
    same: Floats


def silhouettes(places: Floats, labels: Indices, seed: int) -> Floats:
    """The silhouette of each of at most `segment_pairs` rows (Rousseeuw 1987), from -1 to 1; NaN in one segment."""
    both = sample(np.column_stack([places, labels]), LIMITS.segment_pairs, seed)
    given = both[:, -1].astype(np.intp)
    if not 1 < len(np.unique(given)) < len(given):
        return np.full(len(given), np.nan)
    return np.asarray(silhouette_samples(both[:, :-1], given), dtype=np.float64)


def agreement(many: Sequence[Indices]) -> float:
    """The mean adjusted Rand index over all pairs of segmentations of the same rows."""
    return float(np.mean([adjusted_rand_score(one, other) for one, other in combinations(many, 2)]))


def choose(tried: Sequence[Tried]) -> Tried:
    """The rule: of the stable numbers the best silhouette, and the smallest number that comes to NEAR of it. Where none
    is stable, the one that is most so."""
    stable = [each for each in tried if each.agreement >= STABLE]
    if not stable:
        return max(tried, key=lambda each: (each.agreement, -each.count))
    best = max(each.silhouette for each in stable)
    return next(
        each for each in sorted(stable, key=lambda each: each.count) if each.silhouette >= best * NEAR or best <= 0
    )


def bootstrap(
    places: Floats, centres: Centres, again: Callable[[Floats, int], Centres], draws: int, seed: int
) -> Bootstrap:
    """Finds the segments of `places` again among rows drawn with replacement, and compares on all rows."""
    random = np.random.default_rng(seed)
    labels, confidence = centres.segments(places), centres.confidence(places)
    agreements, kept, same = [], [], []
    for draw in range(draws):
        drawn = places[np.sort(random.integers(0, len(places), len(places)))]
        other = again(drawn, seed + draw + 1).segments(places)
        agreements.append(float(adjusted_rand_score(labels, other)))
        overlap = _jaccard(labels, other, centres.count)
        kept.append(overlap.max(axis=1))
        same.append((overlap.argmax(axis=1)[labels] == other).astype(np.float64))
    means = np.mean(kept, axis=0).tolist()
    return Bootstrap(tuple(agreements), tuple(means), np.tile(confidence, draws), np.concatenate(same))


def _jaccard(labels: Indices, other: Indices, count: int) -> Floats:
    """Shape (count, segments of `other`): rows in both over rows in either."""
    both = np.zeros((count, int(other.max()) + 1))
    np.add.at(both, (labels, other), 1.0)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))
