"""The feature store: events in, features out, and rows to train on, in SQLite and PostgreSQL, one thread.

Each round adds new events to the same store, so its tables grow while it is measured, and reads customers whose events
have just come in (worked out anew), and then again (kept).
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from random import Random
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import psycopg

from bench.tables import Result
from bench.timing import Spread
from ordain.models.store.bulk import refresh, rows_as_of
from ordain.models.store.records import Event, Snapshot
from ordain.models.store.store import FeatureStore

SUBJECTS = 2_000
BATCH = 500
EVENTS = 10_000
"""Of one round."""
ROUNDS = 5
READ = 1_000
"""Subjects read in one round."""
_ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"
_NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)


def run() -> Result:
    """SQLite; PostgreSQL if a server is there."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        rows |= _measured("SQLite", f"sqlite:///{folder}/features.db")
    try:
        with database() as url:
            rows |= _measured("PostgreSQL", url)
    except psycopg.OperationalError:
        pass
    columns = {"rate": "a second", "processor": "microseconds of this process"}
    count = len(_features())
    return Result(
        "Features",
        columns,
        rows,
        (
            f"SYNTHETIC events of {SUBJECTS:,} customers over 200 days, {BATCH} in each durable transaction; at the "
            f"end {EVENTS * (ROUNDS + 1) // SUBJECTS} events a customer.",
            f"A customer: all {count} shipped features in one reading. Anew: after new events, worked out from all of "
            f"the customer's. Kept: at the same moment again. A feature: {count} to a kept customer.",
            f"A training row: {count} features of a customer at a moment of its own, by DuckDB, which uses all "
            "processors; fetching the records is counted. Refreshed: the same for all, at one moment, and kept.",
            "One thread. The targets: 12,000 events in and 10,000 feature reads a second. The second column is this "
            "process's processor time: other work on the machine does not change it, and PostgreSQL's own and the "
            "disk are left out.",
        ),
    )


def _features() -> Sequence[str]:
    with tempfile.TemporaryDirectory() as folder, FeatureStore(f"sqlite:///{folder}/none.db") as store:
        return tuple(store.definitions.features)


def _measured(kind: str, url: str) -> dict[str, Any]:
    random = Random(1)  # noqa: S311 - test data, nothing secret
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with FeatureStore(url) as store:
        names = list(store.definitions.features)
        store.put([_snapshot(f"customer-{number}") for number in range(SUBJECTS)])
        for part in range(-1, ROUNDS):
            batches = list(_batches(random, part))
            points = [(f"customer-{n % SUBJECTS}", _NOW - random.randrange(90) * _DAY) for n in range(2 * SUBJECTS)]
            ways: dict[str, tuple[int, Callable[[], object]]] = {
                "events in": (EVENTS, partial(_add, store, batches)),
                "customers read, anew": (READ, lambda: _read(store, names)),
                "customers read, kept": (READ, lambda: _read(store, names)),
                "features read, kept, of whole customers": (READ * len(names), lambda: _read(store, names)),
                "features read, kept, one by one": (READ, lambda: _read(store, ["usage_gb"])),
                "training rows": (len(points), partial(rows_as_of, store, points, names)),
                "customers refreshed": (SUBJECTS, lambda: refresh(store, _NOW)),
            }
            for name, (size, way) in ways.items():
                start, before = perf_counter(), process_time()
                way()
                if part >= 0:  # one round before them warms up
                    rates.setdefault(name, []).append(size / (perf_counter() - start))
                    costs.setdefault(name, []).append((process_time() - before) / size * 1e6)
    return {f"{kind}: {name}": {"rate": Spread.of(rates[name]), "processor": Spread.of(costs[name])} for name in rates}


def _add(store: FeatureStore, batches: Sequence[Sequence[Event]]) -> None:
    for batch in batches:
        store.add(batch)


def _read(store: FeatureStore, names: Sequence[str]) -> None:
    for number in range(READ):
        store.read(f"customer-{number}", names, _NOW)


def _batches(random: Random, part: int) -> Iterator[list[Event]]:
    for first in range(0, EVENTS, BATCH):
        yield [_event(random, f"{part}-{number}") for number in range(first, first + BATCH)]


def _event(random: Random, id: str) -> Event:
    happened = _NOW - random.randrange(200 * 24) * dt.timedelta(hours=1)
    drawn: list[tuple[str, dict[str, Any]]] = [
        ("usage", {"gb": Decimal(random.randrange(1, 5000)).scaleb(-2)}),
        ("usage", {"gb": Decimal(random.randrange(1, 500)).scaleb(-1)}),
        ("login", {}),
        ("payment", {"status": random.choice(["paid", "paid", "failed"]), "amount": Decimal("499.00")}),
        ("ticket", {"topic": random.choice(["speed", "bill", "outage"])}),
    ]
    kind, fields = random.choice(drawn)
    return Event(id, f"customer-{random.randrange(SUBJECTS)}", kind, happened, happened, fields)


def _snapshot(subject: str) -> Snapshot:
    fields = {"plan": "premium", "plan_gb": Decimal(500), "current_price": Decimal("499.00")}
    dates = {"customer_since": dt.date(2021, 3, 1), "contract_start": dt.date(2025, 3, 1)}
    return Snapshot(subject, "crm", _NOW - 201 * _DAY, _NOW - 201 * _DAY, {**fields, **dates})


@contextmanager
def database() -> Iterator[str]:
    """A new database in PostgreSQL, dropped at the end. Raises OperationalError where no server is."""
    admin = os.environ.get("ORDAIN_TEST_POSTGRES", _ADMIN)
    name = f"ordain_bench_{uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{admin.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
