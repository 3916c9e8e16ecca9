"""Gradient-boosted trees (XGBoost) for a yes or no, stopped when the validation rows gain no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from ordain.models.methods.split import Split

Told = Callable[[int, int, str], None]

ROUNDS = 600
PATIENCE = 30
"""Training stops when the validation log loss has not improved for so many rounds."""

_ALL: dict[str, float | int | str] = {
    "objective": "binary:logistic",
    "eval_metric": "logloss",
    "tree_method": "hist",
    "max_bin": 64,
    "colsample_bynode": 0.5,
}

RECIPES: dict[str, dict[str, float | int | str]] = {
    "shallow": {**_ALL, "max_depth": 2, "eta": 0.15, "min_child_weight": 1.0, "subsample": 0.8},
    "middle": {**_ALL, "max_depth": 4, "eta": 0.1, "min_child_weight": 0.2, "subsample": 1.0},
    "drawn": {**_ALL, "max_depth": 4, "eta": 0.1, "min_child_weight": 1.0, "subsample": 0.8, "colsample_bynode": 0.8},
}
"""The candidates of each training, always the same ones: the budget is fixed."""


@dataclass(frozen=True, slots=True)
class Boosted:
    """The trees up to the round that was best on the validation rows, and the recipe that gave them, by name."""

    booster: xgb.Booster
    recipe: str
    loss: float


def boosted(
    rows: np.ndarray, labels: np.ndarray, parts: Split, seed: int, rounds: int = ROUNDS, told: Told | None = None
) -> Boosted:
    """The candidate with the least log loss on the validation rows. One thread, so that sums have one order.

    `rows` has shape (n, width), float32, `labels` (n,) of 0 and 1. `told` hears of each round, all candidates as one.
    """
    training, validation = (
        xgb.DMatrix(rows[part], labels[part], nthread=1) for part in (parts.training, parts.validation)
    )
    found = []
    for number, (name, recipe) in enumerate(RECIPES.items()):
        callbacks = [_Rounds(number * rounds, len(RECIPES) * rounds, told)] if told else None
        booster = xgb.train(
            {**recipe, "seed": seed, "nthread": 1},
            training,
            rounds,
            evals=[(validation, "validation")],
            early_stopping_rounds=PATIENCE,
            callbacks=callbacks,
            verbose_eval=False,
        )
        found.append(Boosted(booster[: booster.best_iteration + 1], name, float(booster.best_score)))
    return min(found, key=lambda each: each.loss)


class _Rounds(xgb.callback.TrainingCallback):
    def __init__(self, done: int, most: int, told: Told) -> None:
        super().__init__()
        self.done, self.most, self.told = done, most, told

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        loss = float(evals_log["validation"]["logloss"][-1])
        self.told(self.done + epoch + 1, self.most, f"validation log loss {loss:.4f}")
        return False
