"""Which segment a customer is nearest to, how surely, and by which features: needs numpy alone.

The probability of a segment is that of a mixture of equal round bells of variance `variance` around the centres, the
model of which k-means is the limit (Bishop 2006, "Pattern recognition and machine learning", section 9.3.2). So the
log-odds of the nearest segment over the second one are half a difference of squared distances, and a sum over features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Nearest:
    """For one customer: the segment, its probability (0 to 1), the second segment, and the log-odds of the first over
    the second in parts, one per feature."""

    segment: int
    confidence: float
    second: int
    parts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Centres:
    """`points` (m, width) are places; point i belongs to segment `owners[i]`. `count` is the number of segments.

    A segment has one point, its mean, or several (DBSCAN's core points), of which the nearest counts.
    """

    points: Floats
    owners: Indices
    variance: float

    @property
    def count(self) -> int:
        return int(self.owners.max()) + 1

    def distances(self, places: Floats) -> tuple[Floats, Indices]:
        """Squared distances of `places` (n, width) to the segments, (n, count), and which point each was measured to.

        Summed feature by feature, so that a row's answer does not depend on the rows that it came with.
        """
        squared = np.zeros((len(places), len(self.points)))
        for at in range(places.shape[1]):
            squared += (places[:, at, None] - self.points[None, :, at]) ** 2
        best = np.full((len(places), self.count), np.inf)
        point = np.zeros((len(places), self.count), dtype=np.intp)
        for segment in range(self.count):
            own = np.flatnonzero(self.owners == segment)
            nearest = own[np.argmin(squared[:, own], axis=1)]
            best[:, segment] = squared[np.arange(len(places)), nearest]
            point[:, segment] = nearest
        return best, point

    def segments(self, places: Floats) -> Indices:
        """The nearest segment of each place, (n,); the first of equals."""
        return np.asarray(np.argmin(self.distances(places)[0], axis=1), dtype=np.intp)

    def nearest(self, places: Floats, starts: Sequence[int]) -> list[Nearest]:
        """One answer for each place. Feature i has the cells from `starts[i]` on, up to the next start or the end."""
        distances, points = self.distances(places)
        answers = []
        for place, squared, point in zip(places, distances.tolist(), points, strict=True):
            first, second = sorted(range(self.count), key=squared.__getitem__)[:2]
            to_first = (place - self.points[point[first]]) ** 2
            to_second = (place - self.points[point[second]]) ** 2
            gain = ((to_second - to_first) / (2 * self.variance)).tolist()
            parts = tuple(sum(gain[start:end]) for start, end in pairwise((*starts, len(place))))
            answers.append(Nearest(first, self._share(squared, first), second, parts))
        return answers

    def confidence(self, places: Floats) -> Floats:
        """The probability of the nearest segment of each place, (n,)."""
        rows = self.distances(places)[0].tolist()
        return np.array([self._share(squared, squared.index(min(squared))) for squared in rows])

    def _share(self, squared: list[float], segment: int) -> float:
        return 1.0 / sum(math.exp((squared[segment] - each) / (2 * self.variance)) for each in squared)


def means(places: Floats, labels: Indices) -> Centres:
    """One point for each segment, its mean. `labels` (n,) are 0 to count - 1, each of them given to some row.

    The variance is the mean squared distance per cell that varies (n, width).
    """
    count = int(labels.max()) + 1
    points = np.array([places[labels == segment].mean(axis=0) for segment in range(count)])
    spread = float(((places - points[labels]) ** 2).sum()) / places.size
    return Centres(points, np.arange(count), max(spread, 1e-6))
