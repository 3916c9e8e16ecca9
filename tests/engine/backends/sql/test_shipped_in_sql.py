"""Every shipped service decides generated customers in SQL as the Python reading does, errors included."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from long_runs import LONG
from sql_reading import Decided, Raw, by_python, differences, in_duckdb, in_postgresql

from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Fact
from ordain.engine.statements.statement import Statement, statement
from ordain.engine.values.currencies import digits_of
from ordain.engine.values.types import Kind

AT = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
CATALOG = load_catalog(read_texts(Path(__file__).parents[4] / "policies"))
SERVICES = sorted(CATALOG.services.by_name)
CUSTOMERS = 400
ZONES = ("Asia/Kolkata", "Europe/London", "America/New_York", "UTC", "Pacific/Kiritimati", "Mars/Base")


def some(fact: Fact, draw: random.Random) -> Any:
    """A value for a fact: often at an end of its range, now and then none, or one that it does not take."""
    kind, values = fact.type.kind, fact.type.values
    if draw.random() < (0.15 if fact.optional else 0.03):
        return None
    if fact.time_zone:
        return draw.choice(ZONES)
    if kind is Kind.NUMBER:
        scale = fact.precision if fact.precision is not None else digits_of(fact.type.unit) if fact.type.is_money else 0
        low = Decimal(0) if fact.limits is None or fact.limits.low is None else fact.limits.low
        high = Decimal(1000) if fact.limits is None or fact.limits.high is None else fact.limits.high
        if draw.random() < 0.02:
            return high + 1
        if draw.random() < 0.1:
            return draw.choice([low, high])
        high = min(high, Decimal(700)) if draw.random() < 0.8 else high
        return (low + (high - low) * Decimal(draw.randrange(10**6)) / 10**6).quantize(Decimal(1).scaleb(-scale))
    if kind is Kind.TEXT:
        return "somewhere else" if draw.random() < 0.01 else draw.choice(values or ("a", "b", "Alameda"))
    if kind is Kind.FLAG:
        return draw.random() < 0.5
    if kind is Kind.DATE:
        return AT.date() + dt.timedelta(draw.choice([0, -1, 1, -30, -31, 30, -365, -366, draw.randrange(-2500, 400)]))
    if kind is Kind.DATE_TIME:
        return AT + dt.timedelta(minutes=draw.randrange(-90000, 90000))
    if kind is Kind.LIST:
        item = fact.type.item
        pool = list(item.values if item is not None else ()) or ["Alameda", "a", "b"]
        return tuple(draw.sample(pool, draw.randrange(0, min(3, len(pool)) + 1)))
    raise AssertionError(fact)


def customers(plan: Plan, wanted: Statement, count: int, seed: int = 1) -> list[Raw]:
    draw = random.Random(seed)  # noqa: S311 - generated customers
    names = {column.fact for column in wanted.columns}
    facts = [need.fact for need in plan.needs if need.fact.name in names]
    return [{fact.name: some(fact, draw) for fact in facts} for _ in range(count)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_shipped_service_decides_alike_in_sql(service: str) -> None:
    plan = CATALOG.pick(service, AT)
    written = statement(plan, AT, keep=["row"])
    rows = customers(plan, written, CUSTOMERS)
    python = [by_python(plan, CATALOG.vocabulary, row, AT, written) for row in rows]
    agree(rows, python, in_duckdb(written, rows))
    assert len({each.error for each in python}) > 1
    assert sum(each.error == "" for each in python) > CUSTOMERS / 8


@pytest.mark.parametrize("service", SERVICES)
def test_a_shipped_service_decides_alike_in_postgresql(service: str, postgresql: str) -> None:
    plan = CATALOG.pick(service, AT)
    written = statement(plan, AT, dialect="postgres", keep=["row"])
    rows = customers(plan, written, 60, seed=2)
    python = [by_python(plan, CATALOG.vocabulary, row, AT, written) for row in rows]
    agree(rows, python, in_postgresql(written, rows, postgresql))


@LONG
@pytest.mark.parametrize("service", SERVICES)
def test_a_shipped_service_decides_100_000_customers_alike(service: str) -> None:
    plan = CATALOG.pick(service, AT)
    written = statement(plan, AT, keep=["row"])
    for seed in range(10):
        rows = customers(plan, written, 10_000, seed=100 + seed)
        python = [by_python(plan, CATALOG.vocabulary, row, AT, written) for row in rows]
        agree(rows, python, in_duckdb(written, rows))


def agree(rows: list[Raw], python: list[Decided], sql: list[Decided]) -> None:
    wrong = [
        (differences(one, other), row, one, other)
        for row, one, other in zip(rows, python, sql, strict=True)
        if differences(one, other)
    ]
    assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong[0]}"
