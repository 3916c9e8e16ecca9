"""How good a churn model is, on customers that it has not seen.

In all functions `churned` has shape (n,) of 0 and 1, and `risk` shape (n,) of probabilities from 0 to 1, row for row
the same customers. Both labels must occur, as the split sees to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)

from ordain.models.registry.quality import Bin, Metrics

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

BINS = 10


def measure(churned: Labels, risk: Floats, threshold: float) -> Metrics:
    """All figures for the predicted `risk`; a customer counts as predicted to churn from `threshold` on.

    Raises ValueError where only one label occurs.
    """
    predicted = (risk >= threshold).astype(np.int64)
    bins = reliability(churned, risk)
    gaps = sum(each.customers * abs(each.predicted - each.observed) for each in bins)
    return Metrics(
        auc=float(roc_auc_score(churned, risk)),
        f1=float(f1_score(churned, predicted, zero_division=0.0)),
        precision=float(precision_score(churned, predicted, zero_division=0.0)),
        recall=float(recall_score(churned, predicted, zero_division=0.0)),
        accuracy=float(accuracy_score(churned, predicted)),
        brier=float(brier_score_loss(churned, risk)),
        log_loss=float(log_loss(churned, risk)),
        calibration_error=gaps / len(churned),
    )


def reliability(churned: Labels, risk: Floats) -> tuple[Bin, ...]:
    """Predicted against observed churn, from the tenth at least risk to the tenth at most: ten bins or fewer.

    Edges are quantiles of `risk`; customers of equal risk stay together, so that a tenth may be larger than the others
    (a reliability diagram: DeGroot and Fienberg 1983).
    """
    edges = np.unique(np.quantile(risk, np.linspace(0.0, 1.0, BINS + 1)))
    tenth = np.searchsorted(edges[1:-1], risk, side="right")
    parts = (np.flatnonzero(tenth == number) for number in range(max(len(edges) - 1, 1)))
    return tuple(
        Bin(predicted=float(risk[part].mean()), observed=float(churned[part].mean()), customers=len(part))
        for part in parts
        if len(part)
    )


def best_threshold(churned: Labels, risk: Floats) -> float:
    """The risk from which to count a customer as leaving so that F1 is highest; the lowest of equals.

    Looked for among the risks that occur. To be chosen on validation rows, never on those it is measured by.
    """
    precision, recall, thresholds = precision_recall_curve(churned, risk)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return float(thresholds[int(np.argmax(f1[:-1]))])
