"""Platt scaling: a model's margin turned into a probability that can be taken at its word.

Chosen over isotonic regression because it is linear in the log-odds: the contributions of the features, scaled
by `slope`, still add up to the calibrated log-odds. Margins are log-odds as the trees give them, unbounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ordain.models.methods.logistic import probability

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated log-odds = slope * margin + intercept."""

    slope: float
    intercept: float

    def probabilities(self, margins: NDArray[np.floating]) -> Floats:
        """Margins of shape (n,) to probabilities of shape (n,), each as `probability` gives it for one."""
        log_odds = self.slope * margins.astype(np.float64) + self.intercept
        return np.array([probability(each) for each in log_odds.tolist()])


AS_TRAINED = Calibration(slope=1.0, intercept=0.0)


def fit(margins: NDArray[np.floating], labels: NDArray[np.int64]) -> Calibration:
    """Platt's fit with his smoothed targets (Platt 1999, "Probabilistic outputs for support vector machines",
    section 2.2), which keep the slope finite when the validation rows are perfectly separated.

    `margins` and `labels` (0 or 1) have shape (n,), of validation rows: the model has learned the training rows by
    heart. Maximum likelihood without a penalty, by scikit-learn's L-BFGS. Raises ValueError for rows of no length or of
    different lengths, and for margins that are not finite.
    """
    positives = int(labels.sum())
    high = (positives + 1) / (positives + 2)
    low = 1 / (len(labels) - positives + 2)
    target = np.where(labels == 1, high, low)
    # A row with target t is one positive of weight t and one negative of weight 1 - t.
    both = np.concatenate([margins, margins]).astype(np.float64).reshape(-1, 1)
    labels = np.repeat([1, 0], len(labels))
    logistic = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    logistic.fit(both, labels, sample_weight=np.concatenate([target, 1 - target]))
    return Calibration(float(logistic.coef_[0, 0]), float(logistic.intercept_[0]))
