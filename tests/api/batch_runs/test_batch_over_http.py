"""What `ordain batch` gives a row is what the HTTP service answers for it, row by row; 100,000 of each service once."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from batching import answers_of
from generated_tables import Row, as_parquet, as_sent, customers_of, facts_of
from long_runs import LONG
from served import Server, settings_in
from test_batch_decides import SERVICES, as_told, batch, same_outcome

from ordain.api.services import wire

LINES = 2_000
"""Rows of one request."""


@pytest.mark.parametrize("count", [150, pytest.param(100_000, marks=LONG)])
def test_rows_get_what_the_service_answers(tmp_path: Path, count: int) -> None:
    at = dt.datetime.now(dt.UTC)
    tables: dict[str, list[Row]] = {}
    for number, service in enumerate(SERVICES):
        use = wire(settings_in(tmp_path), service)
        use.close()
        facts = facts_of(use.catalog, service, at)
        tables[service] = customers_of(facts, count, at, seed=50 + number)
        as_parquet(tmp_path / f"{service}.parquet", facts, tables[service])
        batch(tmp_path, service, f"{service}.parquet", f"{service}.out.parquet", "--at", at.isoformat())
    with Server(tmp_path) as server:
        for service, rows in tables.items():
            decided = as_told(tmp_path, f"{service}.out.parquet")
            rejected = as_told(tmp_path, f"{service}.out.rejects.parquet")
            assert len(decided) + len(rejected) == count
            for first in range(0, count, LINES):
                part = rows[first : first + LINES]
                answers = answers_of(server, service, [_line(row, at) for row in part])
                for row, answer in zip(part, answers, strict=True):
                    mine = row["customer"]
                    told = (decided.get(mine), rejected.get(mine))
                    assert _alike(answer, *told), (service, row, answer, told)


def _line(row: Row, at: dt.datetime) -> bytes:
    asked = {"subject": row["customer"], "facts": as_sent(row), "at": at.isoformat()}
    # Decimals of so few digits are written as floats of the same digits.
    return json.dumps(asked, default=lambda value: float(value) if isinstance(value, Decimal) else value).encode()


def _alike(answer: dict[str, Any], told: dict[str, Any] | None, rejected: dict[str, Any] | None) -> bool:
    error = answer.get("error")
    if error is None:
        return told is not None and rejected is None and same_outcome(answer, told)
    if error["code"] != "ComplianceViolation":
        return told is None and rejected is not None and rejected["error_code"] == error["code"]
    if told is None or rejected is not None or (told["verdict"], told["status"]) != ("deny", "refused"):
        return False
    denied = {(each["policy"], each["version"], each["rule"]) for each in error["details"]}
    fired = {(*_policy(each), each.rpartition("/")[2]) for each in told["fired"]}
    return denied <= fired


def _policy(fired: str) -> tuple[str, int]:
    name, _, version = fired.partition("/")[0].rpartition("@")
    return name, int(version)
