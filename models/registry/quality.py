"""The figures on a model's card: how good it is on customers that it has not seen (see `models.training.metrics`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Metrics(BaseModel):
    """`calibration_error` is the expected calibration error over tenths of the customers: the mean distance of
    predicted and observed churn (Nixon et al. 2019, "Measuring calibration in deep learning", adaptive form)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    auc: float
    f1: float
    precision: float
    recall: float
    accuracy: float
    brier: float
    log_loss: float
    calibration_error: float


class Bin(BaseModel):
    """A tenth of the customers, by risk: mean predicted risk, share that churned, how many they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    predicted: float
    observed: float
    customers: int
