"""Two versions that score for different people are told by what came true of each one's own."""

from __future__ import annotations

import pytest

from ordain.models.monitoring.arms import arm


def test_what_came_true_is_a_share_with_its_interval_and_good_scores_have_figures() -> None:
    happened = [True] * 30 + [False] * 70 + [None] * 10
    scores = [0.9] * 30 + [0.1] * 70 + [0.5] * 10
    told = arm([f"C-{number % 55}" for number in range(110)], scores, happened, chances=True)
    assert (told.rows, told.subjects, told.outcomes, told.came_true) == (110, 55, 100, 30)
    assert told.share is not None
    assert told.share == pytest.approx((0.3, 0.2189, 0.3958), abs=1e-4)  # Wilson (1927)
    assert told.figures["AUC"] == pytest.approx(1)
    assert told.figures["Brier score"] == pytest.approx(0.01)
    assert told.told()["mean"] == pytest.approx((27 + 7 + 5) / 110, abs=1e-6)


@pytest.mark.parametrize("scores", [["a", "b"], [], [True, False]])
def test_what_is_no_number_has_no_mean_and_no_figures(scores: list[str | bool]) -> None:
    told = arm(["C-1", "C-2"][: len(scores)], scores, [None] * len(scores), chances=True)
    assert (told.mean, told.share, told.figures) == (None, None, {})
