"""The process that `trial` begins: trees come by standard input, what is wrong with them goes to standard output."""

from __future__ import annotations

import sys

import numpy as np
import xgboost as xgb


def fault_in(trees: bytes, width: int, rounds: int) -> str:
    """Loads them and scores once. "" or what is wrong."""
    try:
        booster = xgb.Booster(model_file=bytearray(trees))
        if booster.num_features() != width or booster.num_boosted_rounds() != rounds:
            return "its trees are not those that its card describes"
        booster.set_param({"nthread": 1})
        rows = np.zeros((1, width), dtype=np.float32)
        booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True, validate_features=False)
    except (xgb.core.XGBoostError, ValueError):
        return f"`model.ubj` cannot be read by XGBoost {xgb.__version__}"
    return ""


if __name__ == "__main__":
    wrong = fault_in(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(wrong)
    sys.exit(1 if wrong else 0)
