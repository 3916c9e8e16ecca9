"""Durable entries a second, beside a bare INSERT of the same bytes into the same kind of database.

The bare way has the envelope and the sealed payload ready, in one row of one table without an index. The ledger
starts from the entry as a decision leaves it: canonical bytes, encryption, hashes, all tables, group commit. Beside
them stands what the ledger's tables alone cost: its rows, made ready before, written as the ledger writes them.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg

from bench import asks
from bench.tables import Result
from bench.timing import Spread, in_turns, ratios
from ordain.api.ask import read_ask
from ordain.api.decide import decide
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.entry import Prepared, new_id
from ordain.audit.ledger.open_ledger import OpenLedger

SUBJECTS = 1_000
ROUNDS = 9
_ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"


def run() -> Result:
    """SQLite at 1, 10 and 100 entries a commit; PostgreSQL with 1 and 4 writers, if a server is there."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        use = wire(_settings(f"sqlite:///{folder}/ledger.db", folder))
        try:
            sample = sample_entry(use)
            size = _size(use.ledger, sample)
            for batch, total in ((1, 200), (10, 1_000), (100, 4_000)):
                rows[f"SQLite, {batch} a commit"] = _sqlite(use.ledger, sample, folder / "bare.db", batch, total)
        finally:
            use.close()
        for writers in (1, 4):
            if row := _postgresql(folder, writers):
                rows[f"PostgreSQL, {writers} writer{'s' if writers > 1 else ''}, 1 a commit"] = row
    columns = {
        **{"rate": "entries/s", "bare": "bare INSERT/s", "ratio": "of the bare rate"},
        **{"ready": "rows made ready/s", "ready ratio": "of the bare rate, made ready"},
    }
    return Result(
        "Durable entries",
        columns,
        rows,
        (
            f"An entry: a `retention` decision, {size[0]:,} bytes of envelope and {size[1]:,} of sealed payload; "
            f"{SUBJECTS:,} subjects.",
            "Bare: the same bytes in one row of one table without an index. Ratios of the same round, with quartiles.",
            "PostgreSQL: each writer a process of its own; the sequencer and the checkpointer run meanwhile.",
        ),
    )


def sample_entry(use: Services) -> DecisionEntry:
    """The entry of a real decision of `retention`, asked as the HTTP benchmark asks."""
    body = asks.retentions(1)[0]
    return decide(read_ask("retention", body), use).entry


def copies(sample: DecisionEntry, start: int = 0) -> Iterator[DecisionEntry]:
    """Entries like the sample, each with an id, a time and a subject of its own."""
    for number in count(start):
        now = dt.datetime.now(dt.UTC)
        subject = f"SYNTHETIC-{number % SUBJECTS}"
        yield replace(sample, id=new_id(now), time=now, subject=subject)


def _sqlite(opened: OpenLedger, sample: DecisionEntry, file: Path, batch: int, total: int) -> dict[str, Any]:
    ready = _bytes(opened, sample)
    made = copies(sample)
    opened.ledger.append_all([next(made) for _ in range(SUBJECTS)])
    with _bare_sqlite(file) as bare:
        numbers = count()

        def plain() -> None:
            for _ in range(total // batch):
                rows = [(next(numbers), ready) for _ in range(batch)]
                bare.execute("BEGIN IMMEDIATE")
                bare.executemany("INSERT INTO bare VALUES (?, ?)", rows)
                bare.commit()

        ready_rows = deque(_prepared(opened, next(made)) for _ in range(total))

        def sealed() -> None:
            ready_rows.extend(_prepared(opened, next(made)) for _ in range(total))

        def written() -> None:
            for _ in range(total // batch):
                opened.store.write([ready_rows.popleft() for _ in range(batch)], [], ())

        def ours() -> None:
            for _ in range(total // batch):
                if batch == 1:
                    opened.ledger.append(next(made))
                else:
                    opened.ledger.append_all([next(made) for _ in range(batch)])

        ways = {"bare": plain, "ours": ours, "sealed": sealed, "written": written}
        times = in_turns(ways, size=total, rounds=ROUNDS)
    return _row(times["ours"], times["bare"], times["written"])


@contextmanager
def _bare_sqlite(file: Path) -> Iterator[sqlite3.Connection]:
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE bare (number INTEGER PRIMARY KEY, bytes BLOB)")
        yield connection
    finally:
        connection.close()


def _postgresql(folder: Path, writers: int) -> dict[str, Any] | None:
    """None without a server."""
    try:
        with _database() as url:
            ways = (_ledger_writer, _bare_writer, _ready_writer)
            times: list[list[float]] = [[], [], []]
            for _ in range(5):
                for way, of_way in zip(ways, times, strict=True):
                    of_way.append(1e6 / _processes(way, writers, url, folder))
            return _row(*times)
    except psycopg.OperationalError:
        return None


_SECONDS = 2.0
_READY = 12_000
"""More rows than one connection writes in that time."""

Writer = Callable[[str, Path, Any, Any], None]


def _processes(writer: Writer, writers: int, url: str, folder: Path) -> float:
    """Entries a second of so many processes that write at once."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(writers), context.Queue()
    running = [context.Process(target=writer, args=(url, folder, ready, done)) for _ in range(writers)]
    for process in running:
        process.start()
    counted = sum(done.get(timeout=120) for _ in running)
    for process in running:
        process.join(timeout=60)
    return float(counted)


def _bare_writer(url: str, folder: Path, ready: Any, done: Any) -> None:
    use = wire(_settings(url, folder))
    data = _bytes(use.ledger, sample_entry(use))
    use.ledger.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (number uuid PRIMARY KEY, bytes bytea)")
        insert = "INSERT INTO bare VALUES (%s, %s)"
        done.put(_rate(ready, lambda: connection.execute(insert, (uuid4(), data), prepare=True)))


def _ledger_writer(url: str, folder: Path, ready: Any, done: Any) -> None:
    use = wire(_settings(url, folder))
    sample = sample_entry(use)
    made = copies(sample)
    for _ in range(SUBJECTS // 10):
        use.ledger.ledger.append_all([next(made) for _ in range(10)], sample.form.texts)
    last = [perf_counter()]

    def one() -> None:
        use.ledger.ledger.append(next(made))
        if perf_counter() - last[0] > 1.0:  # what the server's own thread does beside
            use.ledger.settle()
            last[0] = perf_counter()

    done.put(_rate(ready, one))
    use.close()


def _ready_writer(url: str, folder: Path, ready: Any, done: Any) -> None:
    use = wire(_settings(url, folder))
    sample, store = sample_entry(use), use.ledger.store
    made = copies(sample)
    for _ in range(SUBJECTS // 10):
        use.ledger.ledger.append_all([next(made) for _ in range(10)], sample.form.texts)
    rows = deque(_prepared(use.ledger, next(made)) for _ in range(_READY))
    done.put(_rate(ready, lambda: store.write([rows.popleft()], [], ())))
    use.close()


def _rate(ready: Any, work: Callable[[], object]) -> float:
    with suppress(Exception):
        work()
    ready.wait(timeout=60)
    start, number = perf_counter(), 0
    while (took := perf_counter() - start) < _SECONDS:
        work()
        number += 1
    return number / took


@contextmanager
def _database() -> Iterator[str]:
    admin = os.environ.get("ORDAIN_TEST_POSTGRES", _ADMIN)
    name = f"ordain_bench_{uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{admin.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _settings(url: str, folder: Path) -> Settings:
    chosen: dict[str, Any] = {
        "database_url": url,
        "policies": Path("policies").absolute(),
        "models": folder / "models",
        "keys": folder / "keys",
        "anchors": tuple(folder / place / url.rpartition("/")[2] for place in ("anchors", "anchors-2")),
        "time_zone": "Asia/Kolkata",
    }
    return Settings(**chosen)


def _prepared(opened: OpenLedger, sample: DecisionEntry) -> Prepared:
    return opened.ledger.prepare(sample)


def _bytes(opened: OpenLedger, sample: DecisionEntry) -> bytes:
    ready = _prepared(opened, sample)
    return ready.envelope + ready.sealed


def _size(opened: OpenLedger, sample: DecisionEntry) -> tuple[int, int]:
    ready = _prepared(opened, sample)
    return len(ready.envelope), len(ready.sealed)


def _row(ours: list[float], bare: list[float], ready: list[float]) -> dict[str, Any]:
    return {
        "rate": Spread.of([1e6 / each for each in ours]),
        "bare": Spread.of([1e6 / each for each in bare]),
        "ratio": ratios(bare, ours),
        "ready": Spread.of([1e6 / each for each in ready]),
        "ready ratio": ratios(bare, ready),
    }


if __name__ == "__main__":
    print(json.dumps(run().data(), indent=1))
