"""Boosted trees with a yes or no at their end, asked: a calibrated probability with its reasons.

The margin is the sum of the trees' SHAP contributions (exact TreeSHAP, Lundberg et al. 2020, "From local
explanations to global understanding with explainable AI for trees"), so one call of XGBoost gives both the
probability and the reasons. The sum agrees with `Booster.predict(output_margin=True)` to 1e-5 in log-odds: both add
32-bit floats, in a different order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import xgboost as xgb

from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, round_to
from ordain.engine.values.types import Value
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.calibration import Calibration

TREES = "model.ubj"
FARTHEST = 1e15
"""Log-odds; what is beyond is no score, and NaN neither."""
DIGITS = 4
"""Digits after the point of a reason's contribution, in log-odds."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """`base` and the features' contributions, in the order of `reads`; `log_odds`, calibrated, is their sum."""

    base: float
    features: tuple[float, ...]
    log_odds: float


class Trees:
    """Loaded trees. Safe to share between threads: nothing changes once they are made."""

    def __init__(
        self,
        booster: xgb.Booster,
        reads: tuple[Fact, ...],
        rounds: int,
        calibration: Calibration,
        usual: Mapping[str, Value],
    ) -> None:
        """`usual` are the values that most have, for the reasons.

        Raises ModelDegradationDetected when the trees are not over `reads`, or not so many.
        """
        self.reads, self.usual = reads, usual
        self._names = tuple(fact.name for fact in reads)
        self._encoder = Encoder(reads)
        self._starts = (*self._encoder.starts, self._encoder.width)
        self._booster = booster
        self._calibration = calibration
        if booster.num_features() != self._encoder.width or booster.num_boosted_rounds() != rounds:
            raise ModelDegradationDetected("its trees are not those that its card describes")
        # One row is too little work to share: threads would only wait for each other.
        booster.set_param({"nthread": 1})
        # The first prediction configures the booster, which is not safe between threads; later ones only read.
        self._contributions(np.zeros((1, self._encoder.width), dtype=np.float32))

    @classmethod
    def read(
        cls,
        trees: bytes,
        reads: tuple[Fact, ...],
        rounds: int,
        calibration: Calibration,
        usual: Mapping[str, Value],
    ) -> Trees:
        """Those in XGBoost's own format. Raises ModelDegradationDetected."""
        try:
            booster = xgb.Booster(model_file=bytearray(trees))
        except xgb.core.XGBoostError:
            raise ModelDegradationDetected(f"`{TREES}` cannot be read by XGBoost {xgb.__version__}") from None
        return cls(booster, reads, rounds, calibration, usual)

    def contributions(self, many: Sequence[Mapping[str, Value]]) -> list[Contributions | OrdainError]:
        """The calibrated log-odds in parts, of each; an error for inputs that are not as `reads` declares them, and
        where there is no finite score. One call of XGBoost."""
        rows: list[list[float]] = []
        found: list[Contributions | OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._encoder.cells(inputs))
                found.append(None)
            except OrdainError as error:
                found.append(error)
        parts = iter(self._contributions(np.array(rows, dtype=np.float32)) if rows else ())
        return [next(parts) if each is None else each for each in found]

    def reasons(self, inputs: Mapping[str, Value], parts: Contributions) -> tuple[Reason, ...]:
        """What moved it most, the largest contribution first."""
        order = sorted(zip(parts.features, self._names, strict=True), key=_strength, reverse=True)
        reasons = []
        for part, name in order[: LIMITS.reasons]:
            contribution = round_to(Decimal(repr(part)), DIGITS)
            if contribution:
                reasons.append(Reason(name, inputs.get(name), contribution, self.usual.get(name)))
        return tuple(reasons)

    def _contributions(self, rows: np.ndarray) -> list[Contributions | OrdainError]:
        """One for each row; an error for one without a finite score. Raises ModelDegradationDetected."""
        try:
            # Of XGBoost's calls only this one gives contributions; a DMatrix of one row is some 110 us of its cost.
            matrix = xgb.DMatrix(rows, nthread=1)
            table = self._booster.predict(matrix, pred_contribs=True, validate_features=False).tolist()
        except (xgb.core.XGBoostError, ValueError) as error:
            raise ModelDegradationDetected(f"it cannot score: {str(error)[:200]}") from None
        return [self._parts(cells) for cells in table]

    def _parts(self, cells: list[float]) -> Contributions | OrdainError:
        slope, starts = self._calibration.slope, self._starts
        features = tuple(slope * sum(cells[start:end]) for start, end in pairwise(starts))
        base = slope * cells[-1] + self._calibration.intercept
        if not abs(log_odds := base + sum(features)) < FARTHEST:
            return ModelDegradationDetected("its score is not a finite number")
        return Contributions(base, features, log_odds)


def _strength(part: tuple[float, str]) -> float:
    return abs(part[0])
