"""One process that decides against two, for which a third writes, over HTTP."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import asks
from bench.load import Load, measure
from bench.servers import serving
from bench.tables import Result
from bench.timing import Spread, ratios
from ordain.audit.verifier.check import verify

CONNECTIONS = (32, 64, 128)
ROUNDS = int(os.environ.get("ORDAIN_BENCH_ROUNDS", "5"))
SECONDS = 2.0
BODIES = 200
PATH = "/v1/decisions/price-quote"
_SERVE = ["ordain", "serve", "--port", "{port}", "--workers"]
WAYS = {
    "1 worker": [*_SERVE, "1"],
    "2 workers, one writer": [*_SERVE, "2"],
}
BASELINE = next(iter(WAYS))
_PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class _Row:
    port: int
    connections: int
    loads: list[Load] = field(default_factory=list)

    def rates(self) -> list[float]:
        return [load.answered / load.seconds for load in self.loads]

    def cells(self, baseline: _Row) -> dict[str, object]:
        times = [time for load in self.loads for time in load.milliseconds]
        cuts = statistics.quantiles(times, n=100)
        return {
            "rate": Spread.of(self.rates()),
            "ratio": ratios(self.rates(), baseline.rates()),
            **{f"p{cut}": cuts[cut - 1] for cut in _PERCENTILES},
            "worst": max(times),
            "failed": sum(load.failed for load in self.loads),
        }


def run() -> Result:
    """Serves each way on a ledger of its own, loads them in turns, and checks what is on record."""
    bodies = asks.price_quotes(BODIES)
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folders = {way: Path(name) / str(number) for number, way in enumerate(WAYS)}
        acknowledged = dict.fromkeys(WAYS, 0)
        with ExitStack() as stack:
            ports = {way: stack.enter_context(_served(way, folder)) for way, folder in folders.items()}
            rows = {(way, many): _Row(ports[way], many) for many in CONNECTIONS for way in WAYS}
            order = list(rows.items())
            for number in range(-1, ROUNDS):
                turn = number % len(order)
                for (way, many), row in order[turn:] + order[:turn]:
                    load = measure(
                        row.port, PATH, bodies, connections=many, seconds=SECONDS if number >= 0 else SECONDS / 4
                    )
                    acknowledged[way] += load.answered
                    if number >= 0:
                        row.loads.append(load)
        for way, folder in folders.items():
            evidence = verify(folder / "ledger.db")
            assert evidence, f"{way}: the ledger does not verify: {evidence.findings[0]}"
            assert evidence.decisions == acknowledged[way], (
                f"{way}: {acknowledged[way]}, {evidence.decisions} on record"
            )
    cells: dict[str, Mapping[str, object]] = {
        f"{way}, {many} connections": row.cells(rows[BASELINE, many]) for (way, many), row in rows.items()
    }
    columns = {
        "rate": "answers per second",
        "ratio": "times 1 worker",
        **{f"p{cut}": f"p{cut} ms" for cut in _PERCENTILES},
        "worst": "worst ms",
        "failed": "refused",
    }
    notes = (
        f"`price-quote`, SQLite, connections kept open, {ROUNDS} interleaved rounds of {SECONDS} s; median (first to "
        "third quartile) of the rounds, percentiles over all answers.",
        f"The load comes from the same {os.cpu_count()} processors, and takes its share from each row.",
        "Checked after the run: each ledger has as many decisions as were acknowledged, and verifies.",
    )
    return Result("HTTP with one process that decides, and with two", columns, cells, notes)


@contextmanager
def _served(way: str, folder: Path) -> Iterator[int]:
    folder.mkdir()
    environment = {
        "ORDAIN_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        "ORDAIN_MODELS": str(folder / "models"),
        "ORDAIN_KEYS": str(folder / "keys"),
    }
    with serving(WAYS[way], environment, folder / "server.log") as port:
        yield port
