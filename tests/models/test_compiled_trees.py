"""Trees as arrays, beside XGBoost itself: the same leaf for every row, the same contributions."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.errors import ModelDegradationDetected
from ordain.models.methods.compiled_reasons import DEEPEST, CompiledReasons
from ordain.models.methods.compiled_trees import BLOCK, CompiledTrees
from ordain.models.methods.tree_nodes import nodes_of

WIDTH = 6


def _rows(seed: int, count: int, missing: float = 0.1) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, WIDTH)).astype(np.float32)
    rows[:, 0] = random.integers(0, 4, count)
    rows[random.random(rows.shape) < missing] = np.nan
    return rows


def _trees(seed: int, missing: float = 0.1, **how: float) -> xgb.Booster:
    random, rows = np.random.default_rng(seed), _rows(seed, 600, missing)
    labels = (np.nansum(rows[:, :3], axis=1) + random.normal(size=600) > 1).astype(int)
    recipe = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.3, "seed": seed, "nthread": 1, **how}
    return xgb.train(recipe, xgb.DMatrix(rows, labels, nthread=1), 25)


def _at_thresholds(booster: xgb.Booster, seed: int, count: int) -> np.ndarray:
    """Rows of which each cell is a threshold of that cell, or the next float32 below or above it, or missing."""
    rows, random = _rows(seed + 1, count), np.random.default_rng(seed)
    for cell in range(WIDTH):
        numbers = [node.number for tree in nodes_of(booster).trees for node in tree if node.left and node.cell == cell]
        if numbers:
            drawn = random.choice(np.array(numbers, dtype=np.float32), count)
            beside = np.stack(
                [np.nextafter(drawn, np.float32(-np.inf)), drawn, np.nextafter(drawn, np.float32(np.inf))]
            )
            rows[:, cell] = np.where(
                np.isnan(rows[:, cell]), np.nan, beside[random.integers(0, 3, count), np.arange(count)]
            )
    return rows


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.sampled_from([0.0, 0.1, 0.6]), bins=st.sampled_from([4, 64, 256]))
def test_every_row_comes_to_the_leaf_that_xgboost_finds_at_thresholds_and_with_missing_cells(
    seed: int, missing: float, bins: int
) -> None:
    booster = _trees(seed, missing, max_bin=bins)
    rows = np.concatenate([_rows(seed, 200), _at_thresholds(booster, seed, 200)])
    trees = CompiledTrees.of(nodes_of(booster))
    theirs = booster.predict(xgb.DMatrix(rows, nthread=1), pred_leaf=True).astype(int)
    assert np.array([trees.numbers.take(trees.ends(row)) for row in rows]).tolist() == theirs.tolist()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 5), missing=st.sampled_from([0.0, 0.3]))
def test_contributions_are_those_of_xgboost_and_add_up_to_the_margin(seed: int, depth: int, missing: float) -> None:
    booster = _trees(seed, missing, max_depth=depth)
    rows = np.concatenate([_rows(seed, 60), _at_thresholds(booster, seed, 60)])
    reasons, trees = CompiledReasons.of(nodes_of(booster)), CompiledTrees.of(nodes_of(booster))
    assert reasons is not None
    theirs = booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True)
    ours = np.array([reasons.contributions(row) for row in rows])
    assert np.allclose(ours, theirs[:, :-1], atol=1e-5)
    assert reasons.base == pytest.approx(theirs[0, -1], abs=1e-5)
    assert np.allclose(ours.sum(axis=1) + reasons.base, [trees.margin(row) for row in rows], atol=1e-9)
    assert np.allclose(
        [trees.margin(row) for row in rows], booster.predict(xgb.DMatrix(rows), output_margin=True), atol=1e-5
    )


def test_many_rows_get_what_each_gets_alone_to_the_last_bit() -> None:
    trees = CompiledTrees.of(nodes_of(_trees(1)))
    rows = _rows(2, 2 * BLOCK + 3)
    assert trees.margins(rows).tolist() == [trees.margin(row) for row in rows]
    assert trees.margins(rows[:0]).shape == (0,)


def test_trees_that_are_single_leaves_say_the_same_of_everybody() -> None:
    booster = _trees(0, gamma=1e6)
    rows = _rows(3, 5)
    trees, reasons = CompiledTrees.of(nodes_of(booster)), CompiledReasons.of(nodes_of(booster))
    assert trees.depth == 0
    assert trees.margins(rows) == pytest.approx(booster.predict(xgb.DMatrix(rows), output_margin=True), abs=1e-5)
    assert reasons is not None
    assert reasons.contributions(rows[0]).tolist() == [0.0] * WIDTH


def test_paths_with_too_many_features_are_left_to_xgboost() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(4000, 12)).astype(np.float32)
    labels = (rows.sum(axis=1) > 0).astype(int)
    deep = xgb.train({"objective": "binary:logistic", "max_depth": 9}, xgb.DMatrix(rows, labels, nthread=1), 3)
    assert DEEPEST < 9
    assert CompiledReasons.of(nodes_of(deep)) is None


def test_trees_with_splits_by_category_are_refused() -> None:
    rows = np.array([[float(at % 3)] for at in range(60)], dtype=np.float32)
    labels = [int(at % 3 == 1) for at in range(60)]
    matrix = xgb.DMatrix(rows, labels, feature_types=["c"], enable_categorical=True, nthread=1)
    booster = xgb.train({"objective": "binary:logistic", "max_cat_to_onehot": 1}, matrix, 2)
    with pytest.raises(ModelDegradationDetected, match="not of the kind that can be compiled"):
        CompiledTrees.of(nodes_of(booster))
