"""Every shipped service decides generated customers in SQL as the Python reading does, errors included."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from generated_tables import some
from long_runs import LONG
from sql_reading import Decided, Raw, by_python, differences, in_duckdb, in_postgresql

from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.evaluate import Plan
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
CATALOG = load_catalog(read_texts(Path(__file__).parents[4] / "policies"))
SERVICES = sorted(CATALOG.services.by_name)
CUSTOMERS = 400


def customers(plan: Plan, wanted: Statement, count: int, seed: int = 1) -> list[Raw]:
    draw = random.Random(seed)  # noqa: S311 - generated customers
    names = {column.fact for column in wanted.columns}
    facts = [need.fact for need in plan.needs if need.fact.name in names]
    return [{fact.name: some(fact, draw, AT) for fact in facts} for _ in range(count)]


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
