"""A version that is tried beside another one: what both gave for the same rows, and which was better, by what came
true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.methods.binary_metrics import auc, brier

MEASURES = {"AUC": auc, "Brier score": brier}


@dataclass(frozen=True, slots=True)
class Beside:
    """Of `rows`, which both scored, how many `differ`. Of numbers the means, how far apart they are in the mean, and at
    most; None of other values. `figures` are by name the live version's and the other's, for `outcomes` rows; none
    where outcomes are too few."""

    rows: int
    differ: int
    live_mean: float | None
    mean: float | None
    apart: float | None
    farthest: float | None
    outcomes: int
    figures: dict[str, tuple[float, float]]

    def told(self) -> dict[str, object]:
        """The JSON form."""
        numbers = {name: getattr(self, name) for name in ("live_mean", "mean", "apart", "farthest")}
        return {
            **{"rows": self.rows, "differ": self.differ},
            **{name: None if value is None else round(value, 6) for name, value in numbers.items()},
            "outcomes": self.outcomes,
            "figures": {name: [round(value, 6) for value in pair] for name, pair in self.figures.items()},
        }


def beside(pairs: Sequence[tuple[Value, Value]], happened: Sequence[bool | None], *, chances: bool) -> Beside:
    """`pairs` are what the live version and the other gave, `happened` what then came true (None: not known). `chances`
    says that both are probabilities of that."""
    differ = sum(one != other for one, other in pairs)
    numbers = bool(pairs) and all(
        not isinstance(each, str | bool) and each is not None for pair in pairs for each in pair
    )
    if not numbers:
        return Beside(len(pairs), differ, None, None, None, None, 0, {})
    both = np.array([[float(each) for each in pair] for pair in pairs])
    away = np.abs(both[:, 0] - both[:, 1])
    means = (float(both[:, 0].mean()), float(both[:, 1].mean()), float(away.mean()), float(away.max()))
    known = np.array([each is not None for each in happened], dtype=bool)
    figures: dict[str, tuple[float, float]] = {}
    if chances and known.any():
        true = np.array([int(each is True) for each in happened])[known]
        if min(true.sum(), (1 - true).sum()) >= LIMITS.fewest_rows:
            one, other = both[known, 0], both[known, 1]
            figures = {name: (measure(true, one, 0.5), measure(true, other, 0.5)) for name, measure in MEASURES.items()}
    return Beside(len(pairs), differ, *means, int(known.sum()), figures)
