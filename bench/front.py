"""Durable decisions a second over HTTP, beside an earlier build and beside zen-engine without a record.

The earlier build is a checkout that `ORDAIN_BENCH_BEFORE` names, with packages of its own on
`ORDAIN_BENCH_BEFORE_PATH` if it needs others; without it only Ordain and zen-engine are measured. All are loaded in
turns, from the same cores.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import asks, wrk
from bench.cases import cases
from bench.http import make_live, train
from bench.servers import kept_in, serving
from bench.tables import Result
from bench.timing import Spread, ratios
from bench.wrk import loaded
from ordain.audit.verifier.check import verify

ROUNDS = int(os.environ.get("ORDAIN_BENCH_ROUNDS", "5"))
SECONDS, WARM_UP = 2, 1
BODIES = 200
CONNECTIONS = (32, 128)
WORKERS = (1, 2)
BEFORE, ZEN = "before", "zen-engine, traced, no record"
_POLICIES = Path(__file__).parent / "policies"


@dataclass(frozen=True, slots=True)
class _Contestant:
    name: str
    port: int


@dataclass(slots=True)
class _Row:
    rates: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)


def run() -> Result:
    """Each service by each contestant, at each number of connections and with each generator of load."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name, ExitStack() as servers:
        folder = Path(name)
        held_out = train(folder, _trained(folder))
        services = {
            "price-quote": asks.price_quotes(BODIES),
            "retention": asks.scored_retentions(held_out, BODIES),
            "plan-advice": asks.plan_advices(BODIES),
        }
        ours = [_serve(servers, folder, f"Ordain, {count} workers", count) for count in WORKERS]
        rows: dict[str, dict[str, object]] = {}
        before = _before(servers, folder)
        for service, bodies in services.items():
            _contest(rows, service, bodies, [*before, *ours])
        beside = [
            _serve(servers, folder, f"Ordain, {count} workers, its policies", count, _POLICIES) for count in WORKERS
        ]
        zen = _Contestant(
            ZEN, servers.enter_context(serving(["bench.zen_front", "127.0.0.1", "{port}"], {}, folder / "zen"))
        )
        offers = [_offer(number, case.facts()) for number, case in enumerate(cases(BODIES, 2))]
        _contest(rows, "offer", offers, [zen, *beside])
        servers.close()
        for database in folder.glob("*/ledger.db"):
            if database.parent.name != BEFORE:
                assert verify(database), f"the ledger {database} does not verify"
    columns = {"rate": "answers per second", "p95": "p95 ms", "ratio": "of the first", "p95 ratio": "p95 of the first"}
    return Result("HTTP, each answer durable, from the same cores", columns, rows, _notes(bool(before)))


def _notes(before: bool) -> tuple[str, ...]:
    return (
        f"{ROUNDS} rounds of {SECONDS} s in turns; median (first to third quartile), ratios round by round to the "
        "first of each group.",
        "wrk: one thread of C; load.py: one Python process, which takes more of the cores.",
        "zen-engine: 20 rules and a guard behind the same front (granian, RSGI), its trace in the answer, no record.",
        "Checked after the run: `audit verify` holds for each ledger of Ordain.",
        *(() if before else ("No earlier build: name its checkout in ORDAIN_BENCH_BEFORE.",)),
        *(() if wrk.is_there() else ("wrk is not installed (Debian package wrk), so load.py alone was used.",)),
    )


def _trained(folder: Path) -> dict[str, str]:
    """Where the model is trained that all of ours use."""
    return kept_in(folder / "ours", folder / "models")


def _serve(servers: ExitStack, folder: Path, name: str, workers: int, policies: Path | None = None) -> _Contestant:
    own = f"{'offer' if policies else 'ours'}-{workers}"
    environment = kept_in(folder / own, folder / "models") | ({"ORDAIN_POLICIES": str(policies)} if policies else {})
    if policies is None:  # the others have no policy that reads a score
        make_live(_trained(folder), environment)
    arguments = ["ordain", "serve", "--port", "{port}", "--workers", str(workers)]
    return _Contestant(name, servers.enter_context(serving(arguments, environment, folder / f"{own}.log")))


def _before(servers: ExitStack, folder: Path) -> list[_Contestant]:
    checkout = os.environ.get("ORDAIN_BENCH_BEFORE")
    if not checkout:
        return []
    path = os.pathsep.join(part for part in (checkout, os.environ.get("ORDAIN_BENCH_BEFORE_PATH", "")) if part)
    environment = kept_in(folder / BEFORE) | {"PYTHONPATH": path}
    train(folder, environment, "api", Path(checkout))
    arguments = ["api", "serve", "--port", "{port}"]
    port = servers.enter_context(serving(arguments, environment, folder / "before.log", Path(checkout)))
    return [_Contestant(BEFORE, port)]


def _offer(number: int, facts: Mapping[str, object]) -> bytes:
    given = {name: part if isinstance(part, str) else float(str(part)) for name, part in facts.items()}
    return json.dumps({"subject": f"SYNTHETIC-{number}", "facts": given}).encode()


def _contest(
    rows: dict[str, dict[str, object]], service: str, bodies: Sequence[bytes], contestants: Sequence[_Contestant]
) -> None:
    for connections in CONNECTIONS:
        for generator in (["wrk"] if wrk.is_there() else []) + ["load.py"]:
            measured = {contestant.name: _Row() for contestant in contestants}
            for number in range(-1, ROUNDS):
                turn = number % len(contestants)
                for contestant in [*contestants[turn:], *contestants[:turn]]:
                    seconds = WARM_UP if number < 0 else SECONDS
                    rate, p95 = loaded(service, contestant.port, bodies, connections, seconds, generator)
                    if number >= 0:
                        measured[contestant.name].rates.append(rate)
                        measured[contestant.name].p95.append(p95)
            first = measured[contestants[0].name]
            for name, row in measured.items():
                rows[f"{service}, {connections} connections, {generator}: {name}"] = {
                    "rate": Spread.of(row.rates),
                    "p95": Spread.of(row.p95),
                    "ratio": ratios(row.rates, first.rates),
                    "p95 ratio": ratios(row.p95, first.p95),
                }
