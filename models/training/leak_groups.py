"""The groups of rows that one feature makes in which there is next to nobody of one label.

A leak seldom says the label outright. It is a cell that is filled in for those who left, a contract of which nothing is
left, a mark between 1 and 2 that nobody gives who stayed. So each feature is looked at by its missing values, by each
frequent value, by what lies below and above each cut, and by numbers that are not whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Mask = NDArray[np.bool_]

TIMES = 10.0
"""A group counts when the odds of the other label in it are so many times lower than they would be expected to be."""
PURE = 0.12
"""And the share of the other label is at most that: a group in which a quarter has it is a strong feature, no leak."""
SURE = 0.95
"""How sure that is: the share in the group is taken at the upper end of its interval (Clopper and Pearson 1934), so
that a small group needs to be pure, and one below some twenty rows is never enough."""
OF_LABEL, OF_NUMBERS, OF_TAIL = 0.05, 0.10, 0.50
"""The share of a label's rows that a group must hold; one of a frequent number; one on one side of a cut. In the tail
of any good measure there is next to nobody of the other label: where two normal curves stand 1.6 deviations apart (AUC
.87) the side that holds 10 % of one label holds 0.2 % of the other. A side that holds half is another thing."""
FREQUENT = 0.01
"""The share of the rows from which on a value is a group of its own."""
VALUES, CUTS = 30, 40
"""How many values, and how many cuts between numbers, are looked at."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that a feature tells apart: `what` in words. `label` is the label that nearly all in it have; `others` of
    its rows have the other one, and its share of those is at most `most`, as sure as SURE."""

    what: str
    rows: Mask
    label: int
    others: int
    most: float

    def overlaps(self, other: Group) -> bool:
        """Whether they are nearly the same rows."""
        both = int((self.rows & other.rows).sum())
        return both >= 0.8 * int((self.rows | other.rows).sum())


def pure(values: NDArray[np.float64], names: Sequence[str] | None, labels: NDArray[np.int64]) -> tuple[Group, ...]:
    """For each label, the largest group that is far purer than all rows are, if there is one.

    `values` has shape (n,), NaN where missing; of a text they are numbers of its `names`.
    """
    shares = (1 - float(labels.mean()), float(labels.mean()))
    totals = (len(labels) - int(labels.sum()), int(labels.sum()))
    found: dict[int, Group] = {}
    for what, rows, least in _parts(values, names):
        size, true = int(rows.sum()), int(labels[rows].sum())
        for label, of_label in ((0, size - true), (1, true)):
            if of_label < least * totals[label] or size - of_label > PURE * size or size == len(labels):
                continue
            most = _most(size - of_label, size)
            far_purer = most <= PURE and odds(most) * TIMES <= odds(shares[1 - label])
            if far_purer and (label not in found or of_label > _size(found[label])):
                found[label] = Group(what, rows, label, size - of_label, most)
    return tuple(found.values())


def odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def _size(group: Group) -> int:
    return int(group.rows.sum()) - group.others


def _most(count: int, size: int) -> float:
    return float(beta.ppf(SURE, count + 1, size - count)) if count < size else 1.0


def _parts(values: NDArray[np.float64], names: Sequence[str] | None) -> Iterator[tuple[str, Mask, float]]:
    """What each group is called, its rows, and the share of a label that it must hold."""
    missing = np.isnan(values)
    if missing.any() and not missing.all():
        yield "is missing", missing, OF_LABEL
        yield "is known", ~missing, OF_LABEL
    known, counts = np.unique(values[~missing], return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:VALUES]
    for value in known[frequent[counts[frequent] >= FREQUENT * len(values)]]:
        called = _called(value, names)
        least = OF_NUMBERS if names is None else OF_LABEL
        yield f"is {called}", values == value, least
        yield f"is known and not {called}", ~missing & (values != value), least
    if names is not None or len(known) < 3:
        return
    whole = values == np.round(values)
    if 0 < int((whole & ~missing).sum()) < len(values) - int(missing.sum()):
        yield "is not a whole number", ~missing & ~whole, OF_LABEL
    cuts = np.unique(np.quantile(values[~missing], np.linspace(0, 1, CUTS + 2)[1:-1], method="lower"))
    for cut in cuts[cuts < known[-1]]:
        yield f"is at most {cut:g}", ~missing & (values <= cut), OF_TAIL
        yield f"is above {cut:g}", ~missing & (values > cut), OF_TAIL


def _called(value: float, names: Sequence[str] | None) -> str:
    return f"{value:g}" if names is None else f"`{names[int(value)][:40]}`"
