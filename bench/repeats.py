"""What an `Idempotency-Key` costs: processor time of a decision without one, with a new one, and sent again.

The front answers requests in this process, as granian would hand them to it, and records in SQLite.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

from bench import asks
from bench.tables import Result
from bench.timing import Spread
from ordain.api.http.front import Front
from ordain.api.services import wire
from ordain.api.settings import Settings

REQUESTS, TOGETHER = 2_000, 32
ROUNDS = int(os.environ.get("ORDAIN_BENCH_ROUNDS", "9"))
_WITHOUT, _NEW, _AGAIN = "without a key", "with a new key", "sent again under its key"
_SENT_AGAIN = 200
"""Those that are sent again read a record each, which takes longer."""


class _Headers(dict[str, str]):
    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


class _Scope:
    """A request's head, as RSGI has it."""

    method, query_string, scheme, client, server = "POST", "", "http", "127.0.0.1:1", "127.0.0.1:2"
    http_version = "1.1"

    def __init__(self, path: str, headers: Mapping[str, str]) -> None:
        self.authority: str | None = None
        self.path, self.headers = path, _Headers(headers)


class _Exchange:
    """A request's body, and the answer that came."""

    def __init__(self, body: bytes) -> None:
        self.body, self.status = body, 0

    async def __call__(self) -> bytes:
        return self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status


def run() -> Result:
    """Each way in turns, so that what else the machine does falls on all."""
    rows: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'ledger.db'}"
        use = wire(Settings(database_url=url, models=folder / "models", keys=folder / "keys"))
        try:
            rows = asyncio.run(_measure(Front(use, _no_flask, 1)))
        finally:
            use.close()
    notes = (
        f"Microseconds of processor time for one, all threads of the process; {REQUESTS:,} requests, {TOGETHER} at "
        f"once ({_SENT_AGAIN} that are sent again); median of {ROUNDS} rounds (first to third quartile).",
    )
    return Result("A request under a key", {"plan-advice": "plan-advice", "price-quote": "price-quote"}, rows, notes)


async def _measure(front: Front) -> dict[str, dict[str, object]]:
    front.__rsgi_init__(asyncio.get_running_loop())
    rows: dict[str, dict[str, object]] = {}
    keys = count()
    services = {"plan-advice": asks.plan_advices(REQUESTS), "price-quote": asks.price_quotes(REQUESTS)}
    for service, bodies in services.items():
        times: dict[str, list[float]] = {_WITHOUT: [], _NEW: [], _AGAIN: []}
        await _took(front, service, bodies, [])
        gc.collect()
        for _ in range(ROUNDS):
            new = [f"{next(keys)}" for _ in bodies]
            times[_WITHOUT].append(await _took(front, service, bodies, []))
            times[_NEW].append(await _took(front, service, bodies, new))
            times[_AGAIN].append(await _took(front, service, bodies[:_SENT_AGAIN], new[:_SENT_AGAIN]))
        for way, took in times.items():
            rows.setdefault(way, {})[service] = Spread.of(took)
    return rows


async def _took(front: Front, service: str, bodies: Sequence[bytes], keys: Sequence[str]) -> float:
    """Microseconds of processor time for each of the requests, some of them at once."""
    path, work = f"/v1/decisions/{service}", list(enumerate(bodies))
    work.reverse()

    async def client() -> None:
        while work:
            number, body = work.pop()
            headers = {"content-length": str(len(body))}
            if keys:
                headers["idempotency-key"] = keys[number]
            exchange: Any = _Exchange(body)
            await front.__rsgi__(_Scope(path, headers), exchange)
            assert exchange.status == 200, exchange.status

    start = process_time()
    await asyncio.gather(*(client() for _ in range(TOGETHER)))
    return (process_time() - start) / len(bodies) * 1e6


def _no_flask(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise AssertionError("nothing here is Flask's")
