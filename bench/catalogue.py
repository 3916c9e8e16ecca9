"""How long 500 policies take to load, and to load again when little or nothing of them has changed."""

from __future__ import annotations

import gc
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

from bench.many_policies import catalogue
from bench.tables import Result
from ordain.engine.catalog import Texts, load_catalog, read_texts
from ordain.engine.versions import Kept

POLICIES = 500
_RUNS = 5


def run() -> Result:
    """Loads all, and then after each change; again and again, so that what else the machine does falls on all."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name) / "policies"
        catalogue(POLICIES).write(folder)
        texts = read_texts(folder)
    rows: dict[str, dict[str, object]] = {}
    rounds = [_round(texts) for _ in range(_RUNS)]
    for title in _CHANGES:
        seconds, busy, compiled = zip(*(each[title] for each in rounds), strict=True)
        rows[title] = {
            "seconds": statistics.median(seconds),
            "best": min(seconds),
            "busy": statistics.median(busy),
            "compiled": compiled[0],
        }
    columns = {"seconds": "s", "best": "best, s", "busy": "of one processor, s", "compiled": "policies compiled"}
    size = sum(map(len, texts.policies.values())) / 1e6
    facts = texts.vocabulary.count(b"meaning:")
    notes = (
        f"SYNTHETIC: {len(texts.policies)} policies, {size:.1f} MB of YAML, {facts} facts; tables of 20 rules, prices,"
        " bounds, offers and compliance (bench/many_policies.py).",
        f"Read, checked, compiled, examples decided, fitted together; medians of {_RUNS} rounds in turn, one process.",
    )
    return Result(f"Loading {POLICIES} policies", columns, rows, notes)


def _round(texts: Texts) -> dict[str, tuple[float, float, int]]:
    """By row: seconds, those of one processor, and how many policies were compiled."""
    kept = Kept()
    measured = {}
    for title, change in _CHANGES.items():
        measured[title] = _timed(change(texts), kept)
        load_catalog(texts, kept=kept)  # each change is one of the same texts
    return measured


def _timed(texts: Texts, kept: Kept) -> tuple[float, float, int]:
    gc.collect()
    start, busy = perf_counter(), process_time()
    load_catalog(texts, kept=kept)
    return perf_counter() - start, process_time() - busy, len(kept.compiled)


def _one_policy(texts: Texts) -> Texts:
    file, text = next(iter(texts.policies.items()))
    return replace(texts, policies={**texts.policies, file: text + b"# changed\n"})


def _one_fact(texts: Texts) -> Texts:
    return replace(texts, vocabulary=texts.vocabulary.replace(b"tv used last month", b"tv used last week"))


_CHANGES: dict[str, Callable[[Texts], Texts]] = {
    "all": lambda texts: texts,
    "again, one policy changed": _one_policy,
    "again, one fact changed": _one_fact,
    "again, nothing changed": lambda texts: texts,
}
