"""Events on their way into the feature store: files through `ordain ingest`, lines through `POST /v1/events`.

SYNTHETIC events, in SQLite and PostgreSQL; beside them the store's own `add` of the same events. A file is taken in by
a process of its own, and its start is counted.
"""

from __future__ import annotations

import csv
import datetime as dt
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any

import psycopg
import pyarrow as pa
from pyarrow import parquet

from bench.features import database
from bench.servers import kept_in, serving
from bench.tables import Result
from ordain.models.limits import LIMITS
from ordain.models.store.records import Event
from ordain.models.store.store import FeatureStore

EVENTS = int(os.environ.get("ORDAIN_BENCH_EVENTS", "200000"))
SUBJECTS = 20_000
LINES = 5_000
"""Of one request."""
_NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_COLUMNS = ("event_id", "subject", "kind", "happened_at", "known_at", "gb", "status", "amount", "topic")

Row = dict[str, Any]


def run() -> Result:
    """SQLite; PostgreSQL if a server is there."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = list(_rows(Random(1)))  # noqa: S311 - test data, nothing secret
        files = _files(folder, events)
        for kind in ("SQLite", "PostgreSQL"):
            try:
                rows |= {f"{kind}: {way}": cells for way, cells in _measured(kind, folder, events, files)}
            except psycopg.OperationalError:
                break
    return Result(
        "Events coming in",
        {"rate": "a second", "processor": "microseconds of the process"},
        rows,
        (
            f"{EVENTS:,} SYNTHETIC events of {SUBJECTS:,} customers, each way into an empty store; once each.",
            f"`add`: {LIMITS.rows_together:,} events in each durable transaction. Files: `ordain ingest`, a process of "
            f"its own from its start to its end. Lines: `POST /v1/events`, {LINES:,} a request, one after the other.",
            "The second column is the processor time of the process that takes them in: other work on the machine does "
            "not change it, and PostgreSQL's own and the disk are left out. The target: 12,000 a second.",
        ),
    )


def _measured(kind: str, folder: Path, events: list[Row], files: list[Path]) -> Iterator[tuple[str, Row]]:
    ways: dict[str, Callable[[str], Row]] = {"the store's `add`": lambda url: _add(url, events)}
    for file in files:
        ways[f"`ordain ingest` of {file.suffix}"] = lambda url, file=file: _ingest(url, file)  # type: ignore[misc]
    ways["`POST /v1/events`"] = lambda url: _post(url, folder, files[1])
    for number, (name, way) in enumerate(ways.items()):
        with ExitStack() as stack:
            of_file = f"sqlite:///{folder}/features-{number}.db"
            yield name, way(of_file if kind == "SQLite" else stack.enter_context(database()))


def _add(url: str, events: list[Row]) -> Row:
    with FeatureStore(url) as store:
        made = [_event(row) for row in events]
        start, before = perf_counter(), process_time()
        rest = iter(made)
        while batch := list(islice(rest, LIMITS.rows_together)):
            store.add(batch)
        return _told(perf_counter() - start, process_time() - before)


def _ingest(url: str, file: Path) -> Row:
    command = [sys.executable, "-m", "ordain", "ingest", str(file), "--json"]
    start = perf_counter()
    running = subprocess.Popen(
        command, env={**os.environ, "ORDAIN_FEATURES_URL": url}, cwd=file.parent, stdout=subprocess.PIPE
    )
    assert running.stdout is not None
    told = json.loads(running.stdout.read())
    _, status, used = os.wait4(running.pid, 0)
    took = perf_counter() - start
    running.returncode = os.waitstatus_to_exitcode(status)
    if told["added"] != EVENTS:
        raise RuntimeError(f"{file.name}: {told}")
    return _told(took, used.ru_utime + used.ru_stime)


def _post(url: str, folder: Path, file: Path) -> Row:
    environment = kept_in(folder / "served") | {"ORDAIN_FEATURES_URL": url}
    added = 0
    with serving(["ordain", "serve", "--port", "{port}"], environment, folder / "server.log") as port:
        lines, connection = iter(file.read_bytes().splitlines()), http.client.HTTPConnection("127.0.0.1", port)
        start = perf_counter()
        while some := list(islice(lines, LINES)):
            headers = {"Content-Type": "application/x-ndjson"}
            connection.request("POST", "/v1/events", b"\n".join(some), headers)
            added += json.loads(connection.getresponse().read())["added"]
        took = perf_counter() - start
        connection.close()
    if added != EVENTS:
        raise RuntimeError(f"{added} were added")
    return {"rate": EVENTS / took}


def _told(seconds: float, processor: float) -> Row:
    return {"rate": EVENTS / seconds, "processor": processor / EVENTS * 1e6}


def _rows(random: Random) -> Iterator[Row]:
    for number in range(EVENTS):
        happened = _NOW - random.randrange(200 * 24) * dt.timedelta(hours=1)
        drawn: list[tuple[str, Row]] = [
            ("usage", {"gb": Decimal(random.randrange(1, 5000)).scaleb(-2)}),
            ("login", {}),
            ("payment", {"status": random.choice(["paid", "failed"]), "amount": Decimal("499.00")}),
            ("ticket", {"topic": random.choice(["speed", "bill", "outage"])}),
        ]
        kind, fields = random.choice(drawn)
        subject = f"customer-{random.randrange(SUBJECTS)}"
        yield {"event_id": f"e{number}", "subject": subject, "kind": kind, "happened_at": happened} | {
            "known_at": happened,
            **fields,
        }


def _event(row: Row) -> Event:
    fields = {name: value for name, value in row.items() if name not in _COLUMNS[:5]}
    return Event(row["event_id"], row["subject"], row["kind"], row["happened_at"], row["known_at"], fields)


def _files(folder: Path, rows: list[Row]) -> list[Path]:
    table, lines, columns = folder / "events.csv", folder / "events.jsonl", folder / "events.parquet"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, default=_plain) + "\n" for row in rows)
    by_column = {name: [row.get(name) for row in rows] for name in _COLUMNS}
    for name in ("gb", "amount"):
        by_column[name] = [None if value is None else float(value) for value in by_column[name]]
    parquet.write_table(pa.table(by_column), columns)
    return [table, lines, columns]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else _text(value)
