"""Training, validation and held-out rows: 70, 15 and 15 percent, with the same share of each label in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ordain.engine.errors import DataQualityIssue
from ordain.models.features.encoder import Row
from ordain.models.limits import LIMITS
from ordain.models.methods.copies import numbered

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers, ascending."""

    training: Indices
    validation: Indices
    held_out: Indices


def split(rows: Row, labels: NDArray[np.int64], seed: int) -> Split:
    """Rows with the same features go to the same part: a copy of a training row would be no test at all.

    Parts are drawn among groups of identical rows, stratified by the group's more frequent label.
    `rows` has shape (n, width), `labels` (n,) of 0 and 1. Raises DataQualityIssue when a label has too few different
    rows for each part to have some.
    """
    group = numbered(rows)
    of_group = (np.bincount(group, weights=labels) * 2 >= np.bincount(group)).astype(np.int64)
    for label, called in ((1, "true"), (0, "false")):
        if (count := int((of_group == label).sum())) < LIMITS.fewest_rows:
            message = f"the label of only {count} different rows is {called}, {LIMITS.fewest_rows} at least are needed"
            hint = "check the label in the mapping, or bring more rows; rows with the same features count as one"
            raise DataQualityIssue(message, hint)
    numbers = np.arange(len(of_group))
    training, rest = train_test_split(numbers, test_size=0.30, stratify=of_group, random_state=seed)
    validation, held_out = train_test_split(rest, test_size=0.50, stratify=of_group[rest], random_state=seed)
    parts = (np.flatnonzero(np.isin(group, part)) for part in (training, validation, held_out))
    return Split(*parts)
