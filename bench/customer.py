"""One customer's churn fact, with features read from the store: how long each step takes, in one thread."""

from __future__ import annotations

import datetime as dt
import gc
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from time import perf_counter, thread_time
from typing import Any

import psycopg

from bench.features import database
from bench.tables import Result
from ordain.api.facts.late_store import LateStore
from ordain.api.settings import Settings
from ordain.engine.errors import OrdainError, Span
from ordain.engine.fact_store import OnFile
from ordain.engine.gather import gather
from ordain.engine.needs import Need, Needs
from ordain.engine.policy.facts import FEATURES, Fact, Vocabulary
from ordain.engine.values.types import NUMBER, Limits, Value
from ordain.models.features.encoder import Encoder
from ordain.models.ingest.invented import records
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.specs.churn import CHURN, ChurnScorer
from ordain.models.store.records import Event
from ordain.models.training.train import train_model

CUSTOMERS, ROUNDS, WARM = 300, 10, 1
TARGET = 10.0
"""Milliseconds, 99 of 100, asked for of all of it."""
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
_RISK = Fact("churn_risk", NUMBER, ("churn",), Limits(Decimal(0), Decimal(1)), 4, meaning="the risk")


def run() -> Result:
    """SQLite; PostgreSQL if a server is there."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        registry = Registry(folder / "models", folder / "keys")
        card = train_model(CHURN, None, None, registry, at=NOW, rows=10_000)
        model = registry.load("churn")
        with _store(folder, f"sqlite:///{folder}/features.db") as store:
            rows |= _measured("SQLite", store, model)
        try:
            with database() as url, _store(folder, url) as store:
                rows |= _measured("PostgreSQL", store, model)
        except psycopg.OperationalError:
            pass
    columns = {"p50": "p50, ms", "p99": "p99, ms", "limit": "p99 asked for"}
    columns |= {"busy p50": "processor p50", "busy p99": "processor p99"}
    notes = (
        f"The time on the clock for one of {CUSTOMERS * ROUNDS:,} facts, each step by itself: {CUSTOMERS} SYNTHETIC "
        f"customers with some 35 events each, {len(model.reads)} features, a churn model of "
        f"{card.parameters['trees']} trees (the newest by `ordain train churn`). One thread.",
        "Read: the features, by the store. Kept: asked again at the same moment. Anew: an event has come in since, so "
        "they are worked out from all of the customer's. Row: values read as facts and made into cells.",
        "Score: the trees and what follows from them, without reasons. Reasons: the exact contributions of each "
        "feature, and the largest of them told. Whole: as a decision has it, from the customer's name to the fact.",
        "Processor: of this thread alone, in ms. Other work on the machine hardly changes it; a database's own work, "
        "and waiting for it, are left out.",
    )
    return Result("One customer's churn fact", columns, rows, notes)


@contextmanager
def _store(folder: Path, url: str) -> Iterator[LateStore]:
    settings = Settings(database_url=f"sqlite:///{folder}/ledger.db", features_url=url)
    events, snapshots = records(CUSTOMERS, 0, NOW)
    with LateStore(settings) as store:
        store.opened().put(snapshots)
        for first in range(0, len(events), 500):
            store.opened().add(events[first : first + 500])
        yield store


def _measured(kind: str, store: LateStore, model: ScoreModel) -> dict[str, dict[str, Any]]:
    scorer, encoder = model.scorer, Encoder(model.reads)
    assert isinstance(scorer, ChurnScorer)
    names = [fact.name for fact in model.reads]
    needs = Needs([Need(_RISK, "the benchmark", Span("bench", 1, 1), may_miss=False)])
    vocabulary = Vocabulary({"churn_risk": _RISK})
    subjects = [f"SYNTHETIC-{number:05d}" for number in range(1, CUSTOMERS + 1)]

    def whole(subject: str) -> object:
        on_file = OnFile({FEATURES: store}, subject, NOW)
        return gather({}, needs, vocabulary, {"churn": model}, on_file)

    def read(subject: str) -> Mapping[str, Any]:
        return store.read(subject, names, NOW)

    inputs = {subject: _inputs(model, read(subject)) for subject in subjects}
    kept = {subject: read(subject) for subject in subjects}

    def reasons(subject: str) -> object:
        [part] = scorer.trees.contributions([inputs[subject]])
        assert not isinstance(part, OrdainError)
        return scorer.trees.reasons(inputs[subject], part)

    steps: dict[str, tuple[Callable[[str], object], bool]] = {
        "read, kept": (read, False),
        "read, anew": (read, True),
        "row": (lambda subject: encoder.cells(_inputs(model, kept[subject])), False),
        "score": (lambda subject: scorer.plain_scores([inputs[subject]]), False),
        "reasons": (reasons, False),
        "whole, kept": (whole, False),
        "whole, anew": (whole, True),
    }
    times: dict[str, list[tuple[float, float]]] = {step: [] for step in steps}
    gc.collect()
    for turn in range(-WARM, ROUNDS):
        for step, (way, anew) in steps.items():
            if anew:
                store.opened().add([_login(subject, f"{step}-{turn}") for subject in subjects])
            taken = _taken(way, subjects)
            if turn >= 0:
                times[step] += taken
    return {f"{kind}: {step}": _told(each, step.startswith("whole")) for step, each in times.items()}


def _inputs(model: ScoreModel, kept: Mapping[str, Any]) -> dict[str, Value]:
    return {fact.name: fact.read(kept[fact.name].value) for fact in model.reads}


def _login(subject: str, turn: str) -> Event:
    return Event(f"{subject}-{turn}", subject, "login", NOW, NOW)


def _taken(way: Callable[[str], object], subjects: Sequence[str]) -> list[tuple[float, float]]:
    """Milliseconds of each, on the clock and of this thread's processor time."""
    taken = []
    for subject in subjects:
        start, busy = perf_counter(), thread_time()
        way(subject)
        used, passed = thread_time() - busy, perf_counter() - start
        taken.append((passed * 1e3, used * 1e3))
    return taken


def _told(taken: Sequence[tuple[float, float]], is_whole: bool) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, each in zip(("", "busy "), zip(*taken, strict=True), strict=True):
        hundredths = quantiles(each, n=100, method="inclusive")
        told |= {f"{name}p50": hundredths[49], f"{name}p99": hundredths[98]}
    return told | ({"limit": TARGET} if is_whole else {})
