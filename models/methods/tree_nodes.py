"""Boosted trees as the numbers in XGBoost's JSON, and each leaf by what a row must be like to come to it.

A text dump rounds the numbers, and a threshold widened from float32 to float64 puts some rows on the wrong side: so
thresholds stay float32, and so do the cells that they are compared with. XGBoost goes left where cell < threshold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost as xgb

from ordain.engine.errors import ModelDegradationDetected

_LOWEST, _HIGHEST = np.float32(-np.inf), np.float32(np.inf)


@dataclass(frozen=True, slots=True)
class Node:
    """A leaf has no `left`; then `number` is its value, in log-odds, else the threshold. `cover` is the sum of the
    second derivatives of the training rows that came here."""

    cell: int
    number: np.float32
    missing_left: bool
    cover: float
    left: int | None
    right: int | None


@dataclass(frozen=True, slots=True)
class Test:
    """All that a path asks of one cell: `low <= cell < high`, or missing where `missing`. `share` is the product over
    its splits of the share of the cover that went on along the path."""

    cell: int
    low: np.float32 = _LOWEST
    high: np.float32 = _HIGHEST
    missing: bool = True
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Leaf:
    tests: tuple[Test, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Nodes:
    """Each tree's nodes, the root first; the margin before the first tree, in log-odds; how many cells a row has."""

    trees: tuple[tuple[Node, ...], ...]
    base: float
    width: int

    def leaves(self) -> list[Leaf]:
        """Every leaf of every tree."""
        return [leaf for tree in self.trees for leaf in _leaves(tree, 0, ())]


def nodes_of(booster: xgb.Booster) -> Nodes:
    """Raises ModelDegradationDetected for trees that are not made of plain numeric splits for a yes or no."""
    try:
        learner = json.loads(booster.save_raw("json"))["learner"]
        share = float(learner["learner_model_param"]["base_score"].strip("[]"))
        base = math.log(share / (1 - share))
        trees = tuple(_nodes(tree) for tree in learner["gradient_booster"]["model"]["trees"])
    except (KeyError, ValueError, IndexError, TypeError, ZeroDivisionError):
        raise ModelDegradationDetected("its trees are not of the kind that can be compiled") from None
    return Nodes(trees, base, booster.num_features())


def _nodes(tree: dict[str, Any]) -> tuple[Node, ...]:
    if tree["categories"]:
        raise ValueError("a categorical split")
    keys = ("split_indices", "split_conditions", "default_left", "sum_hessian", "left_children", "right_children")
    return tuple(
        Node(cell, np.float32(number), bool(default), cover, *((left, right) if left != -1 else (None, None)))
        for cell, number, default, cover, left, right in zip(*(tree[key] for key in keys), strict=True)
    )


def _leaves(tree: tuple[Node, ...], at: int, tests: tuple[Test, ...]) -> Iterator[Leaf]:
    node = tree[at]
    if node.left is None or node.right is None:
        yield Leaf(tests, float(node.number))
        return
    for child, is_left in ((node.left, True), (node.right, False)):
        yield from _leaves(tree, child, _asked(tests, node, is_left, tree[child].cover / node.cover))


def _asked(tests: tuple[Test, ...], node: Node, is_left: bool, share: float) -> tuple[Test, ...]:
    """What the path asks once it has gone on from this node."""
    found = next((test for test in tests if test.cell == node.cell), None)
    test = found or Test(node.cell)
    narrowed = replace(
        test,
        low=test.low if is_left else max(test.low, node.number),
        high=min(test.high, node.number) if is_left else test.high,
        missing=test.missing and node.missing_left is is_left,
        share=test.share * share,
    )
    return tuple(narrowed if test is found else test for test in tests) if found else (*tests, narrowed)
