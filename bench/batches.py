"""Lines a second of a batch over HTTP, beside the single route, and what a batch costs those who ask beside it."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import asks
from bench.batch_load import sending
from bench.http import BODIES, CONNECTIONS, PROMOTION, recorded, train
from bench.load import measure
from bench.servers import kept_in, serving
from bench.tables import Result
from bench.timing import Spread, ratios

ROUNDS = 5
LINES = 5_000
SECONDS = 1.5
BESIDE_CONNECTIONS, BESIDE_LINES = 2, 10_000
"""Of those who ask for `plan-advice` beside a batch."""


@dataclass(slots=True)
class _Row:
    """One service: rates by batch and one by one, and the times of others alone and beside a batch."""

    service: str
    lines: list[bytes]
    batch: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    answered: int = 0

    def round(self, port: int, counts: bool) -> None:
        """Each of the four once."""
        with sending(port, self.service, self.lines, LINES) as batch:
            pass
        path = f"/v1/decisions/{self.service}"
        single = measure(port, path, self.lines, connections=CONNECTIONS, seconds=SECONDS)
        alone = self._others(port)
        with sending(port, self.service, self.lines, BESIDE_LINES) as long:
            beside = self._others(port)
        assert not single.failed, single.first_failure
        self.answered += batch.answers + single.answered + long.answers + len(alone) + len(beside)
        if counts:
            self.batch.append(batch.answers / batch.seconds)
            self.single.append(single.answered / single.seconds)
            self.alone += alone
            self.beside += beside

    def _others(self, port: int) -> list[float]:
        """Milliseconds that single decisions of another service take."""
        bodies = asks.plan_advices(BODIES)
        path = "/v1/decisions/plan-advice"
        load = measure(port, path, bodies, connections=BESIDE_CONNECTIONS, seconds=1.0)
        assert not load.failed, load.first_failure
        return load.milliseconds

    def cells(self) -> dict[str, object]:
        alone, beside = statistics.quantiles(self.alone, n=100), statistics.quantiles(self.beside, n=100)
        return {
            "batch": Spread.of(self.batch),
            "single": Spread.of(self.single),
            "ratio": ratios(self.batch, self.single),
            "alone": f"{alone[49]:.1f}, {alone[94]:.1f}",
            "beside": f"{beside[49]:.1f}, {beside[94]:.1f}",
        }


def run() -> Result:
    """Trains a model, serves, sends, and then checks that the ledger holds exactly what was answered."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        environment = kept_in(folder)
        held_out = train(folder, environment)
        rows = {
            "price-quote": _Row("price-quote", asks.price_quotes(BODIES)),
            "retention, scored by the churn model": _Row("retention", asks.scored_retentions(held_out, BODIES)),
        }
        with serving(["ordain", "serve", "--port", "{port}"], environment, folder / "ordain.log") as port:
            for number in range(-1, ROUNDS):
                for row in rows.values():
                    row.round(port, counts=number >= 0)
        answered, entries = sum(row.answered for row in rows.values()), recorded(folder / "ledger.db") - PROMOTION
        assert entries == answered, f"{answered:,} decisions were answered, {entries:,} are on record"
    columns = {
        "batch": "lines per second",
        "single": f"single, {CONNECTIONS} connections",
        "ratio": "batch / single",
        "alone": "others alone",
        "beside": "others beside a batch",
    }
    notes = (
        f"{ROUNDS} rounds in turns, median (first to third quartile): a batch of {LINES:,} lines from one client; "
        f"the same requests one by one for {SECONDS} s over {CONNECTIONS} connections.",
        f"Others: p50, p95 in milliseconds of single `plan-advice` decisions over {BESIDE_CONNECTIONS} connections, "
        f"each for 1 s a round, without and with a batch of {BESIDE_LINES:,} lines of the row beside them.",
        "The load comes from the same processors, and takes its share of them.",
        f"Checked after the run: {entries:,} entries in the ledger, as many as answered; `audit verify` holds.",
    )
    cells: dict[str, Mapping[str, object]] = {title: row.cells() for title, row in rows.items()}
    return Result("Batches over HTTP (NDJSON), every line durable before its answer", columns, cells, notes)
