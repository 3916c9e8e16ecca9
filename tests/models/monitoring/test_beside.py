"""What is said of a version that is tried beside another one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from ordain.engine.values.types import Value
from ordain.models.monitoring.beside import beside


def test_numbers_are_compared_by_their_means_and_how_far_they_are_apart() -> None:
    pairs: list[tuple[Value, Value]] = [(Decimal("0.1"), Decimal("0.2")), (Decimal("0.3"), Decimal("0.3"))]
    found = beside(pairs, [None, None], chances=True)
    assert (found.rows, found.differ, found.outcomes, found.figures) == (2, 1, 0, {})
    assert (found.live_mean, found.mean) == (pytest.approx(0.2), pytest.approx(0.25))
    assert (found.apart, found.farthest) == (pytest.approx(0.05), pytest.approx(0.1))


def test_texts_are_counted_where_they_differ() -> None:
    found = beside([("low", "high"), ("low", "low")], [None, None], chances=False)
    assert (found.rows, found.differ, found.mean) == (2, 1, None)
    assert beside([], [], chances=True).rows == 0


def test_the_version_that_knew_better_has_the_higher_auc_on_the_same_outcomes() -> None:
    random = np.random.default_rng(3)
    risk = random.random(2_000)
    happened = (random.random(2_000) < risk).tolist()
    guessed = random.random(2_000)
    pairs: list[tuple[Value, Value]] = list(zip(guessed.tolist(), risk.tolist(), strict=True))
    found = beside(pairs, [*happened[:1_500], *[None] * 500], chances=True)
    assert found.outcomes == 1_500
    live, other = found.figures["AUC"]
    assert other > 0.75 > 0.6 > live
    assert found.figures["Brier score"][1] < found.figures["Brier score"][0]
    assert beside(pairs[:20], happened[:20], chances=True).figures == {}  # too few of a kind
