"""Whether a model is still as good as its card says, once outcomes are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ordain.engine.errors import DataQualityIssue, counted
from ordain.models.limits import LIMITS
from ordain.models.methods.binary_metrics import reliability
from ordain.models.monitoring.finding import Finding, Verdict, judged
from ordain.models.monitoring.thresholds import THRESHOLDS, Thresholds

_WIDE = 1.96
"""Standard errors of half a 95 % interval."""


def performance(
    outcomes: Sequence[bool], risks: Sequence[float], card: Mapping[str, float], thresholds: Thresholds = THRESHOLDS
) -> tuple[Finding, ...]:
    """AUC and expected calibration error of the probabilities `risks` (0 to 1) for what then happened.

    `card` are the figures of the model's card by name (`auc`, `calibration_error`); what it lacks is not compared.
    Raises DataQualityIssue for rows of different lengths and probabilities out of 0 to 1.
    """
    happened, risk = np.array(outcomes, dtype=np.int64), np.array(risks, dtype=np.float64)
    if happened.shape != risk.shape:
        raise DataQualityIssue(f"there are {len(happened):,} outcomes and {len(risk):,} scores", "one of each per row")
    if not ((risk >= 0) & (risk <= 1)).all():
        raise DataQualityIssue("a score is no probability", "from 0 to 1")
    rarer = int(min(happened.sum(), len(happened) - happened.sum()))
    if rarer < LIMITS.fewest_rows:
        told = f"only {counted(rarer, 'outcome')} of the rarer kind, {LIMITS.fewest_rows} are needed to measure"
        return (Finding("auc", "outcomes", math.nan, 0.0, Verdict.NONE, told),)
    auc = float(roc_auc_score(happened, risk))
    error = auc_error(auc, int(happened.sum()), int((1 - happened).sum()))
    found = [_calibration(happened, risk, card.get("calibration_error"), thresholds)]
    if "auc" in card:
        low, high = auc - _WIDE * error, min(auc + _WIDE * error, 1.0)
        found.insert(0, dropped("auc", card["auc"], auc, better="higher", low=low, high=high, thresholds=thresholds))
    return tuple(found)


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """The standard error of an AUC (Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve")."""
    of_positives, of_negatives = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc)
    spread += (positives - 1) * (of_positives - auc**2) + (negatives - 1) * (of_negatives - auc**2)
    return math.sqrt(max(spread, 0.0) / (positives * negatives))


def dropped(
    name: str,
    card: float,
    now: float,
    *,
    better: str,
    low: float | None = None,
    high: float | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> Finding:
    """A figure of now against the card's: major when it became worse by `thresholds.drop` of the card's and its 95 %
    interval leaves the card's figure out, moderate when it became worse by so much and the interval does not.

    For any figure of any model (`models.spec.Figure`); `better` is "higher" or "lower". Without an interval a
    drop is major. `value` is the drop as a share of the card's figure; negative is a gain.
    """
    drop = (card - now if better == "higher" else now - card) / abs(card) if card else 0.0
    sentence = f"`{name}` is {now:.3f}, on the card {card:.3f}"
    if drop < thresholds.drop:
        return Finding("drop", name, drop, thresholds.drop, Verdict.NONE, sentence)
    end = high if better == "higher" else low
    surely = end is None or (end < card if better == "higher" else end > card)
    range_ = "" if low is None or high is None else f" (95 % interval {low:.3f} to {high:.3f})"
    said = f"{sentence}: worse by {drop:.1%}{range_}" + ("" if surely else ", which may be chance")
    verdict = Verdict.MAJOR if surely else Verdict.MODERATE
    return Finding("drop", name, drop, thresholds.drop, verdict, said, "train again, or promote an earlier version")


def _calibration(
    happened: NDArray[np.int64], risk: NDArray[np.float64], card: float | None, thresholds: Thresholds
) -> Finding:
    bins = reliability(happened, risk)
    error = sum(each.rows * abs(each.predicted - each.observed) for each in bins) / len(happened)
    by_chance = _calibration_by_chance([(each.rows, each.predicted) for each in bins])
    verdict, threshold = judged(error, thresholds.calibration)
    on_card = "" if card is None else f", on the card {card:.3f}"
    sentence = f"probabilities are off by {error:.3f} on the average{on_card}"
    if verdict is not Verdict.NONE and error < by_chance:
        sentence += f", which so few rows reach by chance (up to {by_chance:.3f})"
        return Finding("calibration", "scores", error, by_chance, Verdict.NONE, sentence)
    advice = "" if verdict is Verdict.NONE else "calibrate again on newer rows"
    return Finding("calibration", "scores", error, threshold, verdict, sentence, advice)


def _calibration_by_chance(bins: Sequence[tuple[int, float]]) -> float:
    """What a perfectly calibrated model shows: folded normals, one a bin, their mean plus 2.6 deviations.

    Of 300 draws of 100 to 2,000 rows each some 1 % pass it; the sum leans, so 2.33 deviations are too few.
    """
    total = sum(rows for rows, _ in bins)
    spreads = [(rows / total) * math.sqrt(risk * (1 - risk) / rows) for rows, risk in bins]
    mean = sum(spreads) * math.sqrt(2 / math.pi)
    return mean + 2.6 * math.sqrt(sum(each**2 for each in spreads) * (1 - 2 / math.pi))
