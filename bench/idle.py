"""What clients that hold connections, silent or slow, cost those that work; and a server that holds 10,000."""

from __future__ import annotations

import http.client
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import asks, wrk
from bench.servers import kept_in, serving
from bench.tables import Result
from bench.timing import Spread, ratios
from bench.wrk import loaded

SILENT, SLOW, MANY = 2_000, 200, 10_000
CONNECTIONS, ROUNDS, SECONDS = 32, 7, 3
BODIES, LOOKS = 200, 100
ALONE, BESIDE = "alone", f"beside {SILENT:,} silent and {SLOW} slow"


def run() -> Result:
    """32 that work, in turns alone and beside the others; then `/healthz` while very many are open."""
    bodies = asks.price_quotes(BODIES)
    rates: dict[str, list[float]] = {ALONE: [], BESIDE: []}
    p95: dict[str, list[float]] = {ALONE: [], BESIDE: []}
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        arguments = ["ordain", "serve", "--port", "{port}"]
        with serving(arguments, kept_in(folder / "ours"), folder / "log") as port:
            before = _megabytes(port)
            loaded("price-quote", port, bodies, CONNECTIONS, 1)
            for number in range(ROUNDS):
                for way in (ALONE, BESIDE) if number % 2 else (BESIDE, ALONE):
                    with _held(port, *((SILENT, SLOW) if way == BESIDE else (0, 0))):
                        rate, late = loaded("price-quote", port, bodies, CONNECTIONS, SECONDS)
                    rates[way].append(rate)
                    p95[way].append(late)
            after = _megabytes(port)
            with _held(port, MANY, 0):
                looks = sorted(_health(port) for _ in range(LOOKS))
                full = _megabytes(port)
    rows: dict[str, dict[str, object]] = {
        way: {
            "rate": Spread.of(rates[way]),
            "p95": Spread.of(p95[way]),
            "ratio": ratios(p95[way], p95[ALONE]),
        }
        for way in rates
    }
    rows[f"{MANY:,} held: /healthz, of {LOOKS}"] = {"p95": looks[LOOKS * 95 // 100], "most": looks[-1]}
    columns = {"rate": "answers per second", "p95": "p95 ms", "ratio": "p95 of alone", "most": "longest ms"}
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    notes = (
        f"`price-quote`, {CONNECTIONS} connections, one worker, {ROUNDS} rounds of {SECONDS} s in turns, loaded by "
        f"{'wrk' if wrk.is_there() else 'load.py'} from the same cores; median (first to third quartile).",
        "A slow client sends its headers at once and its body a byte a second; given up on, it begins again.",
        f"Memory of the worker: {before} MB at the start, {after} after the rounds, {full} with {MANY:,} open.",
        f"A process may open {files:,} files here (ulimit -Hn).",
    )
    return Result("Clients that hold connections", columns, rows, notes)


@contextmanager
def _held(port: int, silent: int, slow: int) -> Iterator[None]:
    """Raises AssertionError when not all could be opened, or some of the silent were not held."""
    if silent + slow == 0:
        yield
        return
    command = [sys.executable, "-m", "bench.holding", str(port), str(silent), str(slow)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert int(holder.stdout.readline() or 0) == silent + slow, "not all connections could be opened"
        yield
        holder.stdin.close()
        kept = int(holder.stdout.readline() or 0)
    assert kept == silent, f"{silent - kept} silent connections were not held"


def _health(port: int) -> float:
    """Milliseconds, on a connection of its own."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    return 1000 * (time.perf_counter() - begun)


def _megabytes(port: int) -> int:
    """Of the process that answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith("ordain_resident_memory_bytes"):
            return int(float(line.rpartition(" ")[2]) / 1e6)
    return 0
