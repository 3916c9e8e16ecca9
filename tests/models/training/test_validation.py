"""What decides about training, in words, before it begins."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import injected
import numpy as np

from ordain.engine.values.types import NUMBER
from ordain.models.data.table import Table
from ordain.models.limits import LIMITS
from ordain.models.methods.copies import copies_in, numbered
from ordain.models.training.validation import validation


def test_a_clean_table_is_told_by_its_rows_and_labels_alone(table: Table) -> None:
    share = table.labels.mean()
    assert validation(table) == (
        f"3,000 rows, 6 features; the label is true in {table.labels.sum()} rows ({share:.1%})",
    )


def test_missing_values_constant_features_and_numbers_far_out_are_named(table: Table) -> None:
    some = [None if at < 30 else Decimal(at) for at in range(len(table))]
    slips = [Decimal(99_999) if at == 7 else Decimal(at % 50) for at in range(len(table))]
    spoiled = injected.with_feature(table, NUMBER, some, "gone")
    spoiled = injected.with_feature(spoiled, NUMBER, [Decimal(1)] * len(table), "same")
    told = validation(injected.with_feature(spoiled, NUMBER, slips, "slips"))
    assert "`gone` is missing in 30 rows (1.0%)" in told
    assert "`same` is the same in all rows: it says nothing" in told
    assert "`slips` has 1 number far from half of all (12 to 37), the farthest 99999" in told
    assert len(told) == 4


def test_many_findings_of_a_kind_are_counted(table: Table) -> None:
    for at in range(LIMITS.listed + 3):
        table = injected.with_feature(table, NUMBER, [Decimal(1)] * len(table), f"same_{at}")
    assert "and so of 3 other features" in validation(table)


def test_copies_are_counted_with_those_of_both_labels(table: Table) -> None:
    once = injected.taken(table, range(100))
    twice = injected.taken(once, [*range(100), *range(10)])
    labels = tuple(not value if at == 100 else value for at, value in enumerate(twice.roles["label"]))
    told = validation(replace(twice, roles={"label": labels}))
    assert told[1].startswith("10 rows have the same features as an earlier one, 1 of them among rows of both labels")


def test_a_table_without_a_label_or_without_features_is_told_too(table: Table) -> None:
    assert validation(replace(table, roles={}))[0] == "3,000 rows, 6 features"
    assert validation(replace(table, roles={}, facts=(), rows=({},) * 3)) == ("3 rows, 0 features",)


def test_rows_of_few_values_repeat_for_both_labels_and_are_not_taken_for_copied_ones() -> None:
    random = np.random.default_rng(0)
    rows = random.integers(0, 3, (2000, 4)).astype(np.float32)
    labels = (random.random(2000) < 0.2).astype(np.int64)
    assert copies_in(numbered(rows), labels).copied is None


def test_the_label_that_was_drawn_again_is_named_be_it_the_true_or_the_false_one(table: Table) -> None:
    more = injected.oversampled(table, np.random.default_rng(0))
    rows = np.array([[float(value) for value in row.values()] for row in more.rows], dtype=np.float32)
    assert copies_in(numbered(rows), more.labels).copied == 1
    assert copies_in(numbered(rows), 1 - more.labels).copied == 0
