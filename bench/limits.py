"""What it costs a request to be looked at by its limits, in process: no server, no Redis."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bench.tables import Result
from bench.timing import Spread, in_turns
from ordain.api.access.caller import Caller
from ordain.api.access.rates import Rate
from ordain.api.rates.limiter import Limiter
from ordain.api.settings import Settings

_SIZE, _ROUNDS = 20_000, 9
_MANY = Rate(900_000_000, 60)
"""Nobody reaches it."""


class _Scope:
    client = "192.0.2.1:40000"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it


def run() -> Result:
    """Takes turns, so that what slows the machine falls on all of them."""
    plain = Caller("shop", frozenset(("app",)), "0123456789ab")
    rated = Caller("shop", frozenset(("app",)), "0123456789ab", rate=_MANY)
    every = Settings(rate=_MANY, rate_per_service=_MANY, rate_per_caller=_MANY, rate_per_address=_MANY)
    ways = {
        "no limit": _way(Settings(), plain),
        "one: the key's own rate": _way(Settings(), rated),
        "four: caller, address, service, server": _way(every, plain),
    }
    taken = in_turns({name: _many(way) for name, way in ways.items()}, size=_SIZE, rounds=_ROUNDS)
    rows = {}
    for name, rounds in taken.items():
        spread = Spread.of(rounds)
        rows[name] = {"us": spread.median, "low": spread.low, "high": spread.high}
    columns = {"us": "us a request", "low": "first quartile", "high": "third quartile"}
    return Result("Limits of one request", columns, rows, (f"medians of {_ROUNDS} rounds of {_SIZE:,}, in turns",))


def _way(settings: Settings, caller: Caller) -> Callable[[], None]:
    limiter, scope = Limiter(settings), _scope()

    def way() -> None:
        if limiter.looks or caller.rate is not None:
            _finish(limiter.take(limiter.draws(scope, caller, "price-quote"), "price-quote"))

    return way


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """It waits for nothing, so one step is all of it."""
    try:  # noqa: SIM105  # `suppress` would be a third of what is measured
        work.send(None)
    except StopIteration:
        pass


def _scope() -> Any:
    return _Scope


def _many(way: Callable[[], None]) -> Callable[[], None]:
    def calls() -> None:
        for _ in range(_SIZE):
            way()

    return calls
