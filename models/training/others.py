"""What some of a table's features reach together, on rows they have not learned from: what one feature is judged by."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from ordain.models.features.encoder import Encoder, Row
from ordain.models.methods.copies import numbered

FOLDS = 3
ROUNDS = 40
RECIPE = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.2, "subsample": 0.8, "tree_method": "hist"}


class Reached:
    """Chances for each row by trees that learned from two thirds of the other rows. Each set of features once."""

    def __init__(self, encoder: Encoder, rows: Row, labels: NDArray[np.int64], seed: int) -> None:
        """`rows` has shape (n, width), `labels` (n,). Copies of a row are in the same third."""
        self._rows, self._labels, self._seed = rows, labels, seed
        ends = (*encoder.starts[1:], encoder.width)
        self._cells = {
            fact.name: range(start, end) for fact, start, end in zip(encoder.facts, encoder.starts, ends, strict=True)
        }
        group = numbered(rows)
        of_group = (np.bincount(group, weights=labels) * 2 >= np.bincount(group)).astype(np.int64)
        random = np.random.default_rng(seed)
        third = np.empty(len(of_group), dtype=np.intp)
        for label in (0, 1):
            numbers = random.permutation(np.flatnonzero(of_group == label))
            third[numbers] = np.arange(len(numbers)) % FOLDS
        self._tests = [third[group] == number for number in range(FOLDS)]
        self._known: dict[tuple[str, ...], NDArray[np.float64]] = {}

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self._cells)

    def chances(self, features: Collection[str]) -> NDArray[np.float64]:
        """Shape (n,), of the label true. The share of the label for all where there is no feature."""
        names = tuple(name for name in self._cells if name in features)
        if names not in self._known:
            self._known[names] = self._learned(names)
        return self._known[names]

    def _learned(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        found = np.full(len(self._labels), float(self._labels.mean()))
        cells = [cell for name in names for cell in self._cells[name]]
        if not cells:
            return found
        rows = self._rows[:, cells]
        for tests in self._tests:
            learned = xgb.DMatrix(rows[~tests], self._labels[~tests], nthread=1)
            trees = xgb.train({**RECIPE, "seed": self._seed, "nthread": 1}, learned, ROUNDS)
            found[tests] = trees.predict(xgb.DMatrix(rows[tests], nthread=1))
        return found
