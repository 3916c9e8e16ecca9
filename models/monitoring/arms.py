"""What two versions gave that score for different subjects at the same time, and how good each was for its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.monitoring.beside import MEASURES
from ordain.models.monitoring.intervals import wilson


@dataclass(frozen=True, slots=True)
class Arm:
    """`rows` decisions about `subjects`. `mean` is of scores that are numbers, otherwise None.

    Of `outcomes` of them it is known what came true, and it did `came_true` times: the share with its 95 % interval,
    None where nothing is known. `figures` are by name; none where outcomes are too few.
    """

    rows: int
    subjects: int
    mean: float | None
    outcomes: int
    came_true: int
    share: tuple[float, float, float] | None
    figures: dict[str, float]

    def told(self) -> dict[str, object]:
        """The JSON form."""
        share = None if self.share is None else [round(value, 6) for value in self.share]
        return {
            **{"rows": self.rows, "subjects": self.subjects},
            "mean": None if self.mean is None else round(self.mean, 6),
            **{"outcomes": self.outcomes, "came_true": self.came_true, "share": share},
            "figures": {name: round(value, 6) for name, value in self.figures.items()},
        }


def arm(subjects: Sequence[str], scores: Sequence[Value], happened: Sequence[bool | None], *, chances: bool) -> Arm:
    """Of one version: of each decision the subject, the score, and what then came true (None: not known). `chances`
    says that scores are probabilities of that."""
    numbers = bool(scores) and all(not isinstance(each, str | bool) and each is not None for each in scores)
    given = np.array([float(each) for each in scores]) if numbers else None
    known = np.array([each is not None for each in happened], dtype=bool)
    true = np.array([int(each is True) for each in happened])[known]
    hits, outcomes = int(true.sum()), int(known.sum())
    figures: dict[str, float] = {}
    if chances and given is not None and min(hits, outcomes - hits) >= LIMITS.fewest_rows:
        figures = {name: measure(true, given[known], 0.5) for name, measure in MEASURES.items()}
    return Arm(
        len(scores),
        len(set(subjects)),
        None if given is None else float(given.mean()),
        outcomes,
        hits,
        (hits / outcomes, *wilson(hits, outcomes)) if outcomes else None,
        figures,
    )
