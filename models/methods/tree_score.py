"""Boosted trees with a yes or no at their end, asked: a calibrated probability with its reasons.

The margin is the sum of the trees' SHAP contributions (exact TreeSHAP, Lundberg et al. 2020, "From local
explanations to global understanding with explainable AI for trees"), looked up in tables that are made when the trees
are loaded (`compiled_reasons`). Without reasons the leaves alone are added (`compiled_trees`): the same log-odds, to
1e-9, a third of the time. Both agree with XGBoost's own to 1e-5, which adds 32-bit floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

import numpy as np
import xgboost as xgb

from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, round_to
from ordain.engine.values.types import Value
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.calibration import Calibration
from ordain.models.methods.compiled_reasons import CompiledReasons
from ordain.models.methods.compiled_trees import CompiledTrees
from ordain.models.methods.tree_nodes import nodes_of

T = TypeVar("T")

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
        nodes = nodes_of(booster)
        self._compiled = CompiledTrees.of(nodes)
        self._looked_up = CompiledReasons.of(nodes)
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
        where there is no finite score."""
        return self._each(many, self._contributions)

    def log_odds(self, many: Sequence[Mapping[str, Value]]) -> list[float | OrdainError]:
        """What `contributions` adds up to, without the parts."""
        return self._each(many, self._log_odds)

    def _each(
        self, many: Sequence[Mapping[str, Value]], ask: Callable[[np.ndarray], list[T | OrdainError]]
    ) -> list[T | OrdainError]:
        """`ask` gets the rows of those that can be encoded, all at once."""
        rows: list[list[float]] = []
        found: list[OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._encoder.cells(inputs))
                found.append(None)
            except OrdainError as error:
                found.append(error)
        parts = iter(ask(np.array(rows, dtype=np.float32)) if rows else ())
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
        if self._looked_up is not None:
            base, ask = self._looked_up.base, self._looked_up.contributions
            return [self._parts([*ask(row).tolist(), base]) for row in rows]
        try:
            # Of XGBoost's calls only this one gives contributions; a DMatrix of one row is some 110 us of its cost.
            matrix = xgb.DMatrix(rows, nthread=1)
            table = self._booster.predict(matrix, pred_contribs=True, validate_features=False).tolist()
        except (xgb.core.XGBoostError, ValueError) as error:
            raise ModelDegradationDetected(f"it cannot score: {str(error)[:200]}") from None
        return [self._parts(cells) for cells in table]

    def _log_odds(self, rows: np.ndarray) -> list[float | OrdainError]:
        slope, intercept = self._calibration.slope, self._calibration.intercept
        one = len(rows) == 1  # the same to the last bit, without what many rows need
        margins = [self._compiled.margin(rows[0])] if one else self._compiled.margins(rows).tolist()
        found = (slope * margin + intercept for margin in margins)
        return [each if abs(each) < FARTHEST else _not_finite() for each in found]

    def _parts(self, cells: list[float]) -> Contributions | OrdainError:
        slope, starts = self._calibration.slope, self._starts
        features = tuple(slope * sum(cells[start:end]) for start, end in pairwise(starts))
        base = slope * cells[-1] + self._calibration.intercept
        if not abs(log_odds := base + sum(features)) < FARTHEST:
            return _not_finite()
        return Contributions(base, features, log_odds)


def _not_finite() -> OrdainError:
    return ModelDegradationDetected("its score is not a finite number")


def _strength(part: tuple[float, str]) -> float:
    return abs(part[0])
