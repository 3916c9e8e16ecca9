"""Pages of the console over a large ledger, in this process and without a network.

`python -m bench console [--json FILE]`; the number of entries is `ENTRIES`. They are copies of one real decision about
1,000 SYNTHETIC subjects.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from flask.testing import FlaskClient

from bench.features import database
from bench.ledger import SUBJECTS, copies, sample_entry
from bench.tables import Result
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.api.settings import Settings

ENTRIES, BATCH, ROUNDS = 1_000_000, 500, 11
TARGET = 500.0
"""Milliseconds asked for of a page of a search."""
PAGES = {
    "an empty page: no such address": "/console/nothing",
    "home": "/console",
    "search: the newest": "/console/decisions",
    "search: the oldest": "/console/decisions?order=oldest",
    "search: of a verdict": "/console/decisions?verdict=deny",
    "search: of a policy": "/console/decisions?policy=retention-offer@1",
    "search: a rule that never fired": "/console/decisions?rule=retention-offer@1/elevated-risk",
    "search: of a day": "/console/decisions?since={day}",
    "search: of a customer": "/console/decisions?subject=SYNTHETIC-7",
    "one customer": "/console/people/SYNTHETIC-7",
    "one decision": "/console/decisions/{decision}",
    "evidence": "/console/evidence",
}


def run(entries: int = ENTRIES) -> Result:
    """SQLite; PostgreSQL if a server is there."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        with _filled(folder / "sqlite", f"sqlite:///{folder}/ledger.db", entries) as (use, decision):
            rows |= _measured("SQLite", use, decision)
        try:
            with database() as url, _filled(folder / "postgresql", url, entries) as (use, decision):
                rows |= _measured("PostgreSQL", use, decision)
        except psycopg.OperationalError:
            pass
    columns = {"first": "first, ms", "median": "median, ms", "worst": "slowest, ms", "ratio": "of an empty page"}
    notes = (
        f"{entries:,} entries, copies of one decision of `retention`, about {SUBJECTS:,} SYNTHETIC subjects; each page "
        f"asked for {ROUNDS} times, in one thread, with the template drawn and without a network or a browser.",
        f"Asked for of a page of a search: {TARGET:.0f} ms. A search that finds little ends a page after a while; the "
        "browser asks for the next by itself.",
        "A page that opens what is private writes an entry of that reading, so that time is in it.",
    )
    return Result(f"Pages of the console over {entries:,} entries", columns, rows, notes)


@contextmanager
def _filled(folder: Path, url: str, entries: int) -> Iterator[tuple[Services, str]]:
    folder.mkdir()
    settings = Settings(
        database_url=url,
        policies=Path("policies").absolute(),
        models=folder / "models",
        keys=folder / "keys",
        anchors=(folder / "anchors-1", folder / "anchors-2"),
        time_zone="Asia/Kolkata",
    )
    use = wire(settings)
    try:
        made, last = copies(sample_entry(use)), ""
        for number in range(entries // BATCH):
            last = use.ledger.ledger.append_all(list(islice(made, BATCH)))[0].entry_id
            if number % 200 == 199:
                use.ledger.settle()
        use.ledger.settle()
        yield use, last
    finally:
        use.close()


def _measured(kind: str, use: Services, decision: str) -> dict[str, dict[str, Any]]:
    client, rows = app_for(use).test_client(), {}
    empty = 0.0
    for name, path in PAGES.items():
        at = path.format(decision=decision, day=use.now().date().isoformat())
        times = [_asked(client, at) for _ in range(ROUNDS)]
        empty = empty or median(times)
        rows[f"{kind}, {name}"] = {
            "first": times[0],
            "median": median(times),
            "worst": max(times),
            "ratio": median(times) / empty,
        }
    return rows


def _asked(client: FlaskClient, at: str) -> float:
    """Milliseconds."""
    begun = perf_counter()
    answer = client.get(at, headers={"Accept": "text/html"})
    took = (perf_counter() - begun) * 1000
    assert answer.status_code in (200, 404), (at, answer.data[:300])
    return took
