"""What a card draws of trees: which features move the chances most, and how many are at which level of risk."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from ordain.models.features.encoder import Encoder, Row
from ordain.models.spec import Plot, Series

DRAWN = 15
"""Features; the others move little."""


def strengths(booster: xgb.Booster, encoder: Encoder, rows: Row, slope: float) -> Plot:
    """The mean absolute contribution of each feature on `rows`, shape (n, width), in calibrated log-odds, the strongest
    first (exact TreeSHAP, Lundberg et al. 2020)."""
    cells = booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True)[:, :-1].astype(np.float64)
    bounds = (*encoder.starts, encoder.width)
    means = [abs(slope) * float(np.abs(cells[:, start:end].sum(axis=1)).mean()) for start, end in pairwise(bounds)]
    order = sorted(range(len(means)), key=lambda at: -means[at])[:DRAWN]
    names, values = tuple(encoder.facts[at].name for at in order), tuple(means[at] for at in order)
    what = "mean absolute contribution, log-odds"
    return Plot(
        "contributions", "What moves the risk most", "bars", "feature", what, (Series("feature", names, values),)
    )


def levels(labels: NDArray[np.int64], chances: NDArray[np.float64], begins: Sequence[tuple[float, str]]) -> Plot:
    """For each level of risk its share of the rows, and how many of its rows have the label. `begins` says from which
    chance on each level begins, the highest first; `labels` and `chances` have shape (n,)."""
    least = np.array([each for each, _ in begins])
    of_level = (chances[:, None] < least).sum(axis=1)
    names = tuple(name for _, name in begins)
    parts = [of_level == at for at in range(len(begins))]
    shares = tuple(float(part.mean()) for part in parts)
    gone = tuple(float(labels[part].mean()) if part.any() else 0.0 for part in parts)
    series = (Series("share of customers", names, shares), Series("of them left", names, gone))
    return Plot("levels", "Customers by level of risk", "bars", "level", "share", series)
