"""How good a probability of a yes or no is, on rows that it has not seen.

In all functions `labels` has shape (n,) of 0 and 1, and `chances` shape (n,) of probabilities from 0 to 1, row for row
the same. Both labels must occur, as the split sees to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve, roc_curve

from ordain.models.spec import Figure, Plot, Series

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Measure = Callable[[Labels, Floats, float], float]

BINS = 10
POINTS = 60
"""How many points of a curve a card keeps."""
DRAWS = 200
"""Bootstrap samples for an interval."""


@dataclass(frozen=True, slots=True)
class Bin:
    """A tenth of the rows, by chance: mean prediction, share of true labels, how many rows."""

    predicted: float
    observed: float
    rows: int


def calibration_error(labels: Labels, chances: Floats, _: float = 0.5) -> float:
    """The expected calibration error over tenths of the rows: the mean distance of predicted and observed share
    (Nixon et al. 2019, "Measuring calibration in deep learning", adaptive form)."""
    bins = reliability(labels, chances)
    return sum(each.rows * abs(each.predicted - each.observed) for each in bins) / len(labels)


def auc(labels: Labels, chances: Floats, _: float = 0.5) -> float:
    """The chance that a true row has the higher of two predictions (Mann and Whitney 1947); equal ones count half."""
    positives = int(labels.sum())
    ranks = rankdata(chances)[labels == 1].sum() - positives * (positives + 1) / 2
    return float(ranks / (positives * (len(labels) - positives)))


def precision(labels: Labels, chances: Floats, threshold: float) -> float:
    """0 where nothing is predicted true."""
    predicted = chances >= threshold
    return float(labels[predicted].mean()) if predicted.any() else 0.0


def recall(labels: Labels, chances: Floats, threshold: float) -> float:
    return float((chances >= threshold)[labels == 1].mean())


def f1(labels: Labels, chances: Floats, threshold: float) -> float:
    right, found = precision(labels, chances, threshold), recall(labels, chances, threshold)
    return 2 * right * found / (right + found) if right + found else 0.0


def accuracy(labels: Labels, chances: Floats, threshold: float) -> float:
    return float(((chances >= threshold) == (labels == 1)).mean())


def brier(labels: Labels, chances: Floats, _: float = 0.5) -> float:
    return float(((chances - labels) ** 2).mean())


def log_loss(labels: Labels, chances: Floats, _: float = 0.5) -> float:
    """Natural logarithm; a chance of 0 or 1 counts as 2.2e-16 from it."""
    least = np.finfo(np.float64).eps
    told = np.where(labels == 1, chances, 1 - chances).clip(least, 1 - least)
    return float(-np.log(told).mean())


MEASURES: dict[str, tuple[Measure, str, str]] = {
    "AUC": (auc, "higher", "1 is best, 0.5 is chance"),
    "F1": (f1, "higher", "1 is best; at the card's threshold"),
    "precision": (precision, "higher", "of those predicted true, which were"),
    "recall": (recall, "higher", "of those that were true, which were predicted"),
    "accuracy": (accuracy, "higher", "1 is best"),
    "Brier score": (brier, "lower", "0 is best"),
    "log loss": (log_loss, "lower", "0 is best"),
    "calibration error": (calibration_error, "lower", "0 is best"),
}
"""By name: the measure of labels, chances and threshold, what is better, and how to read it."""


def figures(
    labels: Labels, chances: Floats, threshold: float, baseline: Floats, baseline_threshold: float, seed: int
) -> tuple[Figure, ...]:
    """Every measure, with its 95 % bootstrap interval (percentiles of DRAWS samples of rows, Efron and Tibshirani 1993)
    and beside it the baseline's. A row counts as predicted true from its threshold on.

    Raises ValueError where only one label occurs.
    """
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    for _ in range(DRAWS):
        drawn = random.integers(0, len(labels), len(labels))
        if 0 < labels[drawn].sum() < len(drawn):
            for name, (measure, _better, _meaning) in MEASURES.items():
                found[name].append(measure(labels[drawn], chances[drawn], threshold))
    told = []
    for name, (measure, better, meaning) in MEASURES.items():
        low, high = (float(np.quantile(found[name], at)) for at in (0.025, 0.975)) if found[name] else (None, None)
        value = measure(labels, chances, threshold)
        told.append(Figure(name, value, meaning, better, low, high, measure(labels, baseline, baseline_threshold)))
    return tuple(told)


def plots(labels: Labels, chances: Floats) -> tuple[Plot, ...]:
    """Reliability, ROC and precision against recall."""
    bins = reliability(labels, chances)
    predicted, observed = tuple(each.predicted for each in bins), tuple(each.observed for each in bins)
    false, true, _ = roc_curve(labels, chances)
    rights, founds, _ = precision_recall_curve(labels, chances)
    return (
        Plot(
            "reliability",
            "Predicted and observed, by tenth",
            "line",
            "predicted",
            "observed",
            (Series("observed", predicted, observed), Series("perfect", (0.0, 1.0), (0.0, 1.0))),
        ),
        Plot("roc", "ROC curve", "line", "false alarms", "found", (_thinned("model", false, true),)),
        Plot(
            "precision-recall",
            "Precision and recall",
            "line",
            "found",
            "right",
            (_thinned("model", founds, rights),),
        ),
    )


def reliability(labels: Labels, chances: Floats) -> tuple[Bin, ...]:
    """Predicted against observed, from the tenth of least chance to that of most: ten bins or fewer.

    Edges are quantiles of `chances`; rows of equal chance stay together, so that a tenth may be larger than the others
    (a reliability diagram: DeGroot and Fienberg 1983).
    """
    edges = np.unique(np.quantile(chances, np.linspace(0.0, 1.0, BINS + 1)))
    tenth = np.searchsorted(edges[1:-1], chances, side="right")
    parts = (np.flatnonzero(tenth == number) for number in range(max(len(edges) - 1, 1)))
    return tuple(Bin(float(chances[part].mean()), float(labels[part].mean()), len(part)) for part in parts if len(part))


def best_threshold(labels: Labels, chances: Floats) -> float:
    """The chance from which to predict true so that F1 is highest; the lowest of equals.

    Looked for among the chances that occur. To be chosen on validation rows, never on those it is measured by.
    """
    rights, founds, thresholds = precision_recall_curve(labels, chances)
    total = rights + founds
    f1s = np.divide(2 * rights * founds, total, out=np.zeros_like(total), where=total > 0)
    return float(thresholds[int(np.argmax(f1s[:-1]))])


def _thinned(name: str, xs: Floats, ys: Floats) -> Series:
    at = np.unique(np.linspace(0, len(xs) - 1, min(POINTS, len(xs))).round().astype(int))
    return Series(name, tuple(xs[at].tolist()), tuple(ys[at].tolist()))
