"""What a request's line in the log and its counters cost, in process: no server, no ledger."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from bench.tables import Result
from bench.timing import Spread, in_turns
from ordain.api.http.access_lines import json_line
from ordain.api.http.account import DECIDE, Account
from ordain.api.http.desk import Desk
from ordain.api.logs.log_writer import LogWriter
from ordain.api.settings import Settings

_SIZE, _ROUNDS = 20_000, 9


class _Scope:
    method = "POST"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it


def run() -> Result:
    """Takes turns, so that what slows the machine falls on all of them."""
    logging.getLogger("ordain").setLevel(logging.INFO)
    settings = Settings(log_format="json")
    with open(os.devnull, "wb") as nowhere:
        logs = Desk(settings, LogWriter(nowhere.fileno(), most=10 * _SIZE))
        counts = Desk(settings)
        seen = _seen()
        ways: dict[str, Callable[[], object]] = {
            "what is known of it, and its id": _seen,
            "counted": lambda: counts.close(seen, 200),
            "its line, formatted": lambda: json_line(seen, 200, 0.002, time.time()),
            "counted, and its line handed over and written": lambda: logs.close(seen, 200),
        }
        taken = in_turns({name: _many(way) for name, way in ways.items()}, size=_SIZE, rounds=_ROUNDS)
    rows = {}
    for name, rounds in taken.items():
        spread = Spread.of(rounds)
        rows[name] = {"us": spread.median, "low": spread.low, "high": spread.high}
    columns = {"us": "us a request", "low": "first quartile", "high": "third quartile"}
    notes = (f"medians of {_ROUNDS} rounds of {_SIZE:,}, in turns", "the thread that writes lines runs meanwhile")
    return Result("Log and metrics of one decision", columns, rows, notes)


def _many(way: Callable[[], object]) -> Callable[[], None]:
    def calls() -> None:
        for _ in range(_SIZE):
            way()

    return calls


def _seen() -> Account:
    scope: Any = _Scope
    seen = Account(scope)
    seen.route, seen.service, seen.verdict = DECIDE, "price-quote", "permit"
    seen.bytes_in, seen.bytes_out = 400, 1900
    return seen
