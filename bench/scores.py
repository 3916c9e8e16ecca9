"""What one score costs: 200 trees of depth 4, one thread, with and without reasons, and whole tables beside XGBoost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time

import numpy as np
import xgboost as xgb

from bench.tables import Result
from bench.timing import Spread, ratios
from ordain.engine.errors import OrdainError
from ordain.engine.policy.facts import Fact
from ordain.engine.values.decimals import number
from ordain.engine.values.types import NUMBER, Value
from ordain.models.features.encoder import Encoder
from ordain.models.methods.calibration import Calibration
from ordain.models.methods.compiled_reasons import CompiledReasons
from ordain.models.methods.compiled_trees import CompiledTrees
from ordain.models.methods.tree_nodes import nodes_of
from ordain.models.methods.tree_score import Trees

WIDTH, TREES, DEPTH = 20, 200, 4
MANY, TABLE, ROUNDS = 200, 20_000, 15
_TABLE = f"a table of {TABLE:,} rows"


def run() -> Result:
    """Each way over the same SYNTHETIC rows, in turns."""
    rows = np.random.default_rng(0).normal(size=(TABLE, WIDTH)).round(3).astype(np.float32)
    rows[np.random.default_rng(1).random(rows.shape) < 0.05] = np.nan
    booster = _trees(rows)
    facts = tuple(Fact(f"feature_{at}", NUMBER, optional=True) for at in range(WIDTH))
    trees = Trees(booster, facts, TREES, Calibration(1.1, -0.1), {})
    asks = [
        {fact.name: None if np.isnan(cell) else number(f"{cell:.3f}") for fact, cell in zip(facts, row, strict=True)}
        for row in rows[:MANY]
    ]
    compiled, reasons = CompiledTrees.of(nodes_of(booster)), CompiledReasons.of(nodes_of(booster))
    assert reasons is not None
    encoder = Encoder(facts)
    single: dict[str, Callable[[], object]] = {
        "facts to cells": lambda: [encoder.cells(ask) for ask in asks],
        "margin": lambda: [compiled.margin(row) for row in rows[:MANY]],
        "margin and exact contributions": lambda: [reasons.contributions(row) for row in rows[:MANY]],
        "facts to log-odds": lambda: [trees.log_odds([ask]) for ask in asks],
        "facts to log-odds and reasons": lambda: [_with_reasons(trees, ask) for ask in asks],
        "XGBoost: inplace_predict of one row": lambda: [_margins(booster, row[None]) for row in rows[:MANY]],
        "XGBoost: pred_contribs of one row": lambda: [_contributions(booster, row[None]) for row in rows[:MANY]],
    }
    whole: dict[str, Callable[[], object]] = {
        f"{_TABLE}: margins": lambda: compiled.margins(rows),
        f"{_TABLE}, XGBoost: inplace_predict": lambda: _margins(booster, rows),
    }
    found = {name: {"took": Spread.of(each)} for name, each in _in_turns(single, MANY).items()}
    times = _in_turns(whole, TABLE)
    ours, theirs = times.values()
    found |= {name: {"took": Spread.of(each)} for name, each in times.items()}
    speed = ratios(theirs, ours)
    notes = (
        f"Microseconds of processor time for one row; {TREES} trees of depth {DEPTH}, {WIDTH} numbers of which 5 % are "
        f"missing, one thread. Median of {ROUNDS} rounds (first to third quartile).",
        f"Rows per second of the table: {speed.median:.2f} of XGBoost's ({speed.low:.2f} to {speed.high:.2f}).",
    )
    return Result("One score", {"took": "microseconds"}, found, notes)


def _in_turns(ways: Mapping[str, Callable[[], object]], size: int) -> dict[str, list[float]]:
    """Microseconds of this thread's processor time for one of `size` rows, by way; one round before them warms up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            start = thread_time()
            way()
            if turn:
                times[name].append((thread_time() - start) / size * 1e6)
    return times


def _trees(rows: np.ndarray) -> xgb.Booster:
    labels = (np.nansum(rows[:, :5], axis=1) + np.random.default_rng(2).normal(size=len(rows)) > 1).astype(int)
    recipe = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "nthread": 1}
    return xgb.train(recipe, xgb.DMatrix(rows, labels, nthread=1), TREES)


def _with_reasons(trees: Trees, ask: Mapping[str, Value]) -> object:
    [parts] = trees.contributions([ask])
    return parts if isinstance(parts, OrdainError) else trees.reasons(ask, parts)


def _margins(booster: xgb.Booster, rows: np.ndarray) -> object:
    return booster.inplace_predict(rows, predict_type="margin")


def _contributions(booster: xgb.Booster, rows: np.ndarray) -> object:
    return booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True, validate_features=False)
