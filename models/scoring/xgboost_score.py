"""A trained model as a source of facts: a calibrated score with its reasons.

The margin is the sum of the trees' SHAP contributions (exact TreeSHAP, Lundberg et al. 2020, "From local
explanations to global understanding with explainable AI for trees"), so one call of XGBoost gives both the
score and the reasons. The sum agrees with `Booster.predict(output_margin=True)` to 1e-5 in log-odds: both add
32-bit floats, in a different order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import xgboost as xgb

from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.types import Value
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.registry.card import Card
from ordain.models.scoring.logistic import probability

DIGITS = 4
"""Digits after the point of a reason's contribution, in log-odds."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """`base` and the features' contributions, in the order of `reads`; `log_odds`, calibrated, is their sum."""

    base: float
    features: tuple[float, ...]
    log_odds: float


class ScoreModel:
    """One version of a model, ready to score. Safe to share between threads: nothing changes once it is made."""

    def __init__(self, card: Card, digest: str, booster: xgb.Booster) -> None:
        """`digest` is that of the card's bytes. Raises ModelDegradationDetected when card and trees differ."""
        self.card = card
        self.name = card.name
        self.version = str(card.version)
        self.digest = digest
        self.reads: tuple[Fact, ...] = card.facts
        self._names = tuple(fact.name for fact in self.reads)
        self._encoder = Encoder(self.reads)
        self._starts = (*self._encoder.starts, self._encoder.width)
        self._booster = booster
        if booster.num_features() != self._encoder.width or booster.num_boosted_rounds() != card.trees:
            raise ModelDegradationDetected(*_broken(self, "its trees are not those that its card describes"))
        # One row is too little work to share: threads would only wait for each other.
        booster.set_param({"nthread": 1})
        # The first prediction configures the booster, which is not safe between threads; later ones only read.
        self._one(np.zeros((1, self._encoder.width), dtype=np.float32))

    def score(self, inputs: Mapping[str, Value]) -> Score:
        """The probability of churn and what moved it most, the largest contribution first.

        Raises CustomerDataIncomplete or DataQualityIssue for inputs that are not as `reads` declares them, and
        ModelDegradationDetected when the model gives no finite score.
        """
        return self._score(inputs, self.contributions(inputs))

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """What `score` gives or raises for each, in one call of XGBoost."""
        rows: list[list[float]] = []
        scores: list[Score | OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._encoder.cells(inputs))
                scores.append(None)
            except OrdainError as error:
                scores.append(error)
        parts = iter(self._contributions(np.array(rows, dtype=np.float32)) if rows else ())
        return [
            self._of_part(inputs, next(parts)) if score is None else score
            for inputs, score in zip(many, scores, strict=True)
        ]

    def _of_part(self, inputs: Mapping[str, Value], part: Contributions | OrdainError) -> Score | OrdainError:
        return part if isinstance(part, OrdainError) else self._score(inputs, part)

    def _score(self, inputs: Mapping[str, Value], parts: Contributions) -> Score:
        used = {name: inputs.get(name) for name in self._names}
        order = sorted(zip(parts.features, self._names, strict=True), key=_strength, reverse=True)
        reasons = []
        for part, name in order[: LIMITS.reasons]:
            contribution = round_to(Decimal(repr(part)), DIGITS)
            if contribution:
                reasons.append(Reason(name, used[name], contribution))
        return Score(Decimal(repr(probability(parts.log_odds))), tuple(reasons), used)

    def contributions(self, inputs: Mapping[str, Value]) -> Contributions:
        """The calibrated log-odds in parts. Raises as `score`."""
        return self._one(self._encoder.row(inputs))

    def _one(self, row: np.ndarray) -> Contributions:
        [parts] = self._contributions(row)
        if isinstance(parts, OrdainError):
            raise parts
        return parts

    def _contributions(self, rows: np.ndarray) -> list[Contributions | OrdainError]:
        """One for each row; an error for one without a finite score. Raises ModelDegradationDetected."""
        try:
            # Of XGBoost's calls only this one gives contributions; a DMatrix of one row is some 110 us of its cost.
            matrix = xgb.DMatrix(rows, nthread=1)
            table = self._booster.predict(matrix, pred_contribs=True, validate_features=False).tolist()
        except (xgb.core.XGBoostError, ValueError) as error:
            raise ModelDegradationDetected(*_broken(self, f"it cannot score: {str(error)[:200]}")) from None
        return [self._parts(cells) for cells in table]

    def _parts(self, cells: list[float]) -> Contributions | OrdainError:
        slope, starts = self.card.slope, self._starts
        features = tuple(slope * sum(cells[start:end]) for start, end in pairwise(starts))
        base = slope * cells[-1] + self.card.intercept
        if not math.isfinite(log_odds := base + sum(features)):
            return ModelDegradationDetected(*_broken(self, "its score is not a finite number"))
        return Contributions(base, features, log_odds)


def _strength(part: tuple[float, str]) -> float:
    return abs(part[0])


def _broken(model: ScoreModel, what: str) -> tuple[str, str]:
    return f"model `{model.name}` version {model.version}: {what}", f"run: ordain train {model.name}"
