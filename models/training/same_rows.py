"""Two versions of a model measured on the same rows, which the newer one has not learned from.

What is compared are probabilities of a label: AUC, Brier score and calibration error. Of other models a card's figures
are compared, where both were measured on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ordain.engine.errors import DataQualityIssue, OrdainError
from ordain.engine.policy.facts import Score
from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.methods.binary_metrics import auc, brier, calibration_error

MEASURES = {"AUC": auc, "Brier score": brier, "calibration error": calibration_error}


class Scores(Protocol):
    """A loaded version."""

    def score_many(self, many: Sequence[Mapping[str, Value]], *, reasons: bool = True) -> list[Score | OrdainError]: ...


@dataclass(frozen=True, slots=True)
class SameRows:
    """`figures` are by name those of the newer version and of the live one; `left_out` are rows that one of them did
    not score."""

    rows: int
    left_out: int
    figures: Mapping[str, tuple[float, float]]


def on_same_rows(newer: Scores, live: Scores, rows: Sequence[Mapping[str, Value]], labels: Sequence[bool]) -> SameRows:
    """Both give a probability first. Raises DataQualityIssue where too few rows of a label are left to measure."""
    pairs = zip(newer.score_many(rows, reasons=False), live.score_many(rows, reasons=False), labels, strict=True)
    kept = [
        (float(one.value), float(other.value), int(label))
        for one, other, label in pairs
        if isinstance(one, Score) and isinstance(other, Score)
    ]
    happened = np.array([label for *_, label in kept], dtype=np.int64)
    if min(happened.sum(), (1 - happened).sum()) < LIMITS.fewest_rows:
        what = f"only {int(happened.sum()):,} of {len(kept):,} rows that both versions score have the label"
        raise DataQualityIssue(what, f"{LIMITS.fewest_rows} of each kind are needed to compare two versions")
    newest, oldest = (np.array([each[at] for each in kept]) for at in (0, 1))
    figures = {
        name: (measure(happened, newest, 0.5), measure(happened, oldest, 0.5)) for name, measure in MEASURES.items()
    }
    return SameRows(len(kept), len(rows) - len(kept), figures)
