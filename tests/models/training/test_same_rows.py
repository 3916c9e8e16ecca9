"""Two versions measured on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from ordain.engine.errors import DataQualityIssue, OrdainError
from ordain.engine.policy.facts import Score
from ordain.engine.values.types import Value
from ordain.models.training.same_rows import on_same_rows

ROWS: list[dict[str, Value]] = [{"x": Decimal(at)} for at in range(100)]
LABELS = [at >= 50 for at in range(100)]


class Says:
    """A version that says the share of x, or of 100 - x; and cannot score some."""

    def __init__(self, *, upside_down: bool = False, without: Sequence[int] = ()) -> None:
        self._turned, self._without = upside_down, without

    def score_many(self, many: Sequence[Mapping[str, Value]], *, reasons: bool = True) -> list[Score | OrdainError]:
        return [self._one(int(str(row["x"])), row) for row in many]

    def _one(self, x: int, row: Mapping[str, Value]) -> Score | OrdainError:
        if x in self._without:
            return DataQualityIssue("it is odd")
        return Score(Decimal(99 - x if self._turned else x) / 100, (), row)


def test_the_newer_version_comes_first_and_both_have_every_measure() -> None:
    same = on_same_rows(Says(), Says(upside_down=True), ROWS, LABELS)
    assert (same.rows, same.left_out, same.figures["AUC"]) == (100, 0, (1.0, 0.0))
    assert set(same.figures) == {"AUC", "Brier score", "calibration error"}
    assert same.figures["Brier score"][0] < same.figures["Brier score"][1]


def test_rows_that_one_of_them_cannot_score_are_left_out_for_both() -> None:
    same = on_same_rows(Says(without=[1, 2]), Says(without=[2, 99]), ROWS, LABELS)
    assert (same.rows, same.left_out) == (97, 3)


def test_too_few_rows_of_a_label_compare_nothing() -> None:
    with pytest.raises(DataQualityIssue, match="only 10 of 60 rows that both versions score have the label"):
        on_same_rows(Says(), Says(), ROWS[:60], LABELS[:60])
