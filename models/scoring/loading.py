"""From a stored version to a model that scores. Nothing imports this file but by its name, because XGBoost takes a
second and 170 MB (see `models.registry.registry`)."""

from __future__ import annotations

import xgboost as xgb

from ordain.models.registry.registry import TREES, Stored, broken
from ordain.models.scoring.xgboost_score import ScoreModel


def score_model(stored: Stored) -> ScoreModel:
    """Raises ModelDegradationDetected when the trees cannot be read, or are not those of the card."""
    try:
        booster = xgb.Booster(model_file=bytearray(stored.trees))
    except xgb.core.XGBoostError:
        what = f"`{TREES}` cannot be read by XGBoost {xgb.__version__}"
        raise broken(stored.name, stored.version, what) from None
    return ScoreModel(stored.card, stored.digest, booster)
