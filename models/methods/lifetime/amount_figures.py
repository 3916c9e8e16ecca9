"""How good predictions of amounts or counts are, on customers or times that took no part, beside a baseline's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.spec import Figure

DRAWS = 1000
"""Of the bootstrap: customers drawn anew, with putting back (Efron and Tibshirani 1993, chapter 13)."""

_MEANINGS = {
    "rmse": ("root mean squared error of {what}", "lower"),
    "correlation": ("correlation of predicted and observed {what}", "higher"),
    "sum_ratio": ("sum of the predicted {what}, divided by that of the observed; 1 is best", ""),
    "mae": ("mean absolute error of {what}; says little, see the notes", "lower"),
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another way to predict, which the model has to beat: for everybody a name, and what it predicts."""

    name: str
    predicted: Floats


def measures(predicted: Floats, observed: Floats) -> dict[str, float]:
    """`rmse`, `correlation`, `sum_ratio` and `mae` of two arrays of shape (n,), n at least 1.

    The correlation is 0 where one of them is the same for everybody; the ratio is 0 where nothing was observed.
    """
    apart = predicted - observed
    from_mean = predicted - predicted.mean(), observed - observed.mean()
    spread = float(np.sqrt((from_mean[0] ** 2).mean() * (from_mean[1] ** 2).mean()))
    least = 1e-12 * max(float(np.abs(predicted).max()), 1e-300) * max(float(np.abs(observed).max()), 1e-300)
    total = float(observed.sum())
    return {
        "rmse": float(np.sqrt((apart**2).mean())),
        "correlation": float((from_mean[0] * from_mean[1]).mean()) / spread if spread > least else 0.0,
        "sum_ratio": float(predicted.sum()) / total if total else 0.0,
        "mae": float(np.abs(apart).mean()),
    }


def stronger(baselines: tuple[Baseline, ...], observed: Floats) -> Baseline:
    """The one of least squared error on the observed themselves: the harder to beat."""
    return min(baselines, key=lambda each: measures(each.predicted, observed)["rmse"])


def not_beaten(figure: Figure, baseline: Baseline) -> str | None:
    """What to say where the model's error is not below the baseline's; None where it is."""
    if figure.baseline is None or figure.value < figure.baseline:
        return None
    return (
        f"The model does NOT beat its baseline, {baseline.name}, by {figure.meaning}: {figure.value:.2f} against "
        f"{figure.baseline:.2f}."
    )


def of_nothing(model: Figure, observed: Floats, what: str) -> str:
    """Why not to judge by the mean absolute error, the figure `model`: what predicting 0 for everybody has of it."""
    return (
        f"Predicting 0 for everybody has a mean absolute error of {float(np.abs(observed).mean()):.3f} {what}, the "
        f"model {model.value:.3f}: judge by root mean squared error, correlation and sum ratio instead."
    )


def figures(
    predicted: Floats, observed: Floats, baseline: Baseline, what: str, seed: int, prefix: str = ""
) -> tuple[Figure, ...]:
    """The measures with 95 % intervals of the percentile bootstrap over customers, and the baseline's beside.

    `what` names what is predicted, for people; `prefix` stands before the figures' names.
    """
    own, other = measures(predicted, observed), measures(baseline.predicted, observed)
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in own}
    for _ in range(DRAWS):
        rows = random.integers(0, len(observed), len(observed))
        for name, value in measures(predicted[rows], observed[rows]).items():
            drawn[name].append(value)
    made = []
    for name, value in own.items():
        meaning, better = _MEANINGS[name]
        low, high = (float(each) for each in np.quantile(drawn[name], (0.025, 0.975)))
        said = meaning.format(what=what)
        made.append(Figure(prefix + name, value, said, better, low, high, other[name]))
    return tuple(made)
