"""Decisions per second and latency over HTTP, each decision durable before its answer, beside a bare service."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from bench import asks
from bench.load import Load, measure
from bench.servers import kept_in, serving
from bench.tables import Result
from bench.timing import Spread, ratios
from ordain.audit.verifier.check import verify

CONNECTIONS = 32
ROUNDS = 5
SECONDS = 1.5
"""For one row in one round."""
BODIES = 200
BASELINE = "bare service: Flask, JSON in, fixed JSON out"
_PERCENTILES = (50, 95, 99)
PROMOTION = 1
"""Decisions on record that nobody sent: the one that made the model live."""


@dataclass(slots=True)
class _Row:
    service: str
    bodies: list[bytes]
    port: int
    loads: list[Load] = field(default_factory=list)

    def measure(self, seconds: float) -> Load:
        """Raises AssertionError when a decision is refused."""
        path = f"/v1/decisions/{self.service}"
        load = measure(self.port, path, self.bodies, connections=CONNECTIONS, seconds=seconds)
        assert not load.failed, f"{load.failed} answers of {path} failed, the first: {load.first_failure}"
        return load

    def rates(self) -> list[float]:
        return [load.answered / load.seconds for load in self.loads]

    def cells(self, baseline: _Row) -> dict[str, object]:
        times = [time for load in self.loads for time in load.milliseconds]
        cuts = statistics.quantiles(times, n=100)
        return {
            "rate": Spread.of(self.rates()),
            **{f"p{cut}": cuts[cut - 1] for cut in _PERCENTILES},
            "ratio": ratios(baseline.rates(), self.rates()),
            "answered": len(times),
        }


def run() -> Result:
    """Trains a model, serves, loads, and then checks that the ledger holds exactly what was acknowledged."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        environment = kept_in(folder) | {"ORDAIN_THREADS": os.environ.get("ORDAIN_THREADS", "4")}
        held_out = train(folder, environment)
        with (
            serving(["ordain", "serve", "--port", "{port}"], environment, folder / "ordain.log") as port,
            serving(["bench.baseline", "127.0.0.1", "{port}"], {}, folder / "baseline.log") as bare_port,
        ):
            rows = _rows(port, bare_port, held_out)
            acknowledged = _load(rows)
        entries = recorded(folder / "ledger.db")
        entries -= PROMOTION
        assert entries == acknowledged, f"{acknowledged:,} decisions were acknowledged, {entries:,} are on record"
        notes = (
            f"{CONNECTIONS} connections kept open, {ROUNDS} interleaved rounds of {SECONDS} s a row; median (first to "
            f"third quartile) of the rounds, percentiles over all answers of all rounds, in milliseconds.",
            "The load comes from the same processors: one Python process (bench/load.py) beside the server. "
            "It takes its share from each row, most from the fastest.",
            "Both: granian, one worker; the bare service with one blocking thread. "
            "Each decision: JSON in, facts, rules, trace, canonical "
            "envelope, sealed payload, SQLite commit flushed to the disk, JSON out.",
            f"Writing 4 KiB with fsync takes {_fsync_microseconds():.0f} us there (median): the disk's part.",
            f"Checked after the run: {entries:,} entries in the ledger, as many as acknowledged; `audit verify` holds.",
        )
        columns = {
            "rate": "answers per second",
            **{f"p{cut}": f"p{cut} ms" for cut in _PERCENTILES},
            "ratio": "bare / this",
            "answered": "answers",
        }
        cells: dict[str, Mapping[str, object]] = {title: row.cells(rows[BASELINE]) for title, row in rows.items()}
        return Result("HTTP with a durable entry per decision", columns, cells, notes)


def train(folder: Path, environment: Mapping[str, str], module: str = "ordain", checkout: Path | None = None) -> Path:
    """A churn model of SYNTHETIC customers, in a process of its own: XGBoost is never loaded in this one.

    It is live, which takes one decision on record, unless an earlier build (`checkout`) made it.
    """
    held_out = folder / "held-out.jsonl"
    command = [sys.executable, "-m", module, "train", "churn", "--customers", "3000", "--held-out", str(held_out)]
    _run([*command, "--seed", "2", "--promote"] if checkout is None else command, environment, checkout)
    return held_out


def make_live(trained: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Lets another installation use the first version of the churn model that was trained in one."""
    keys = Path(environment["ORDAIN_KEYS"])
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("models.key", "models.pub"):
        shutil.copy(Path(trained["ORDAIN_KEYS"]) / name, keys / name)
    _run([sys.executable, "-m", "ordain", "models", "promote", "churn", "1"], environment)


def _run(command: list[str], environment: Mapping[str, str], checkout: Path | None = None) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"no model was made live: {done.stderr.strip()[-2000:]}")


def _rows(port: int, bare_port: int, held_out: Path) -> dict[str, _Row]:
    quotes = asks.price_quotes(BODIES)
    return {
        BASELINE: _Row("price-quote", quotes, bare_port),
        "price-quote": _Row("price-quote", quotes, port),
        "retention, churn risk sent": _Row("retention", asks.retentions(BODIES), port),
        "retention, scored by the churn model": _Row("retention", asks.scored_retentions(held_out, BODIES), port),
        "plan-advice": _Row("plan-advice", asks.plan_advices(BODIES), port),
    }


def _load(rows: Mapping[str, _Row]) -> int:
    """Warms up, then measures in turns. How many decisions Ordain acknowledged, those of the warm-up included."""
    bare, acknowledged = rows[BASELINE], 0
    for number in range(-1, ROUNDS):
        for row in rows.values():
            load = row.measure(SECONDS if number >= 0 else 0.3)
            if number >= 0:
                row.loads.append(load)
            acknowledged += 0 if row is bare else load.answered
    return acknowledged


def recorded(database: Path) -> int:
    """How many decisions the ledger has. Raises AssertionError when verifying it finds anything."""
    evidence = verify(database)
    assert evidence, f"the ledger does not verify: {evidence.findings[0]}"
    return evidence.decisions


def _fsync_microseconds() -> float:
    block, seconds = os.urandom(4096), []
    with tempfile.NamedTemporaryFile(prefix="ordain-bench-") as file:
        for _ in range(50):
            start = perf_counter()
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            seconds.append(perf_counter() - start)
    return statistics.median(seconds) * 1e6
