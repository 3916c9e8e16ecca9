"""Three ways to find segments among places: k-means, Ward's hierarchy and DBSCAN. All end as `Centres`.

- k-means (Lloyd 1982; k-means++ of Arthur and Vassilvitskii 2007), the best of several starts.
- Ward (1963): the tree is cut into k; a segment's centre is its mean.
- DBSCAN (Ester et al. 1996): as many segments as there are dense regions; a segment is its core points, of which the
  nearest counts. What DBSCAN calls noise is put to the nearest, too.

Ward and DBSCAN compare all pairs, so a sample of the rows is taken. One thread: sums have one order then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import DBSCAN, KMeans
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has no types

from ordain.engine.errors import DataQualityIssue
from ordain.models.limits import LIMITS
from ordain.models.methods.segment_assignment import Centres, Floats, Indices, means

STARTS = 10
"""Starts of a k-means whose best is kept."""
DENSE = 0.9
"""DBSCAN's radius is that within which this share of the rows have enough neighbours."""


@dataclass(frozen=True, slots=True)
class Found:
    """Segments, and how many of the rows that they were found among belong to none (DBSCAN's noise)."""

    centres: Centres
    noise: int = 0
    seen: int = 0
    radius: float = 0.0


def kmeans(places: Floats, count: int, seed: int, starts: int = STARTS) -> Centres:
    """`count` segments of `places` (n, width), which has as many different rows at least."""
    with threadpool_limits(1):
        fitted = KMeans(count, n_init=starts, random_state=seed).fit(places)
    return by_size(places, fitted.labels_.astype(np.intp))


def ward_tree(places: Floats, seed: int) -> tuple[Floats, NDArray[np.float64]]:
    """The rows that were looked at and the tree over them, as `scipy.cluster.hierarchy.linkage` gives it."""
    seen = sample(places, LIMITS.segment_pairs, seed)
    return seen, np.asarray(linkage(seen, "ward"))


def ward(tree: tuple[Floats, NDArray[np.float64]], count: int) -> Centres:
    seen, merged = tree
    return by_size(seen, fcluster(merged, count, "maxclust").astype(np.intp) - 1)


def dbscan(places: Floats, seed: int, radius: float | None = None) -> Found:
    """Raises DataQualityIssue where fewer than two regions are dense.

    A point is core with 2 * width neighbours within `radius` (Sander et al. 1998, section 4.2), which is by default
    the DENSE quantile of the distance to the neighbour of that number.
    """
    seen = sample(places, LIMITS.segment_pairs, seed)
    neighbours = max(2 * seen.shape[1], 4)
    if radius is None:
        finder = NearestNeighbors(n_neighbors=min(neighbours, len(seen))).fit(seen)
        radius = float(np.quantile(finder.kneighbors(seen)[0][:, -1], DENSE)) or 1e-6
    fitted = DBSCAN(eps=radius, min_samples=neighbours).fit(seen)
    labels, core = fitted.labels_, fitted.core_sample_indices_
    if labels.max() < 1:
        message = f"DBSCAN finds {labels.max() + 1} dense regions among the customers, two at least are needed"
        raise DataQualityIssue(message, "take k-means or Ward, or give a smaller `radius`")
    order = np.argsort(-np.bincount(labels[labels >= 0]), kind="stable")
    points, owners = [], []
    for segment, label in enumerate(order):
        own = sample(seen[core[labels[core] == label]], LIMITS.segment_cores, seed)
        points.append(own)
        owners += [segment] * len(own)
    centres = Centres(np.concatenate(points), np.array(owners, dtype=np.intp), (radius / 2) ** 2)
    return Found(centres, int((labels < 0).sum()), len(seen), radius)


def by_size(places: Floats, labels: Indices) -> Centres:
    """The means of the segments, the largest first: a clustering's own numbers mean nothing."""
    order = np.argsort(-np.bincount(labels), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return means(places, rank[labels])


def sample(places: Floats, most: int, seed: int) -> Floats:
    """At most so many rows, in their order."""
    if len(places) <= most:
        return places
    chosen = np.random.default_rng(seed).choice(len(places), most, replace=False)
    return np.asarray(places[np.sort(chosen)])
