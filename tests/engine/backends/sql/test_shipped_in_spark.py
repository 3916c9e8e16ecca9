"""Every shipped service decides generated customers on Spark as the Python reading does, errors included."""

from __future__ import annotations

import pytest
from long_runs import LONG
from sql_reading import by_python, in_spark
from test_shipped_in_sql import AT, CATALOG, SERVICES, agree, customers

from ordain.engine.statements.statement import statement


@pytest.mark.parametrize("service", SERVICES)
def test_a_shipped_service_decides_alike_on_spark(service: str) -> None:
    alike(service, 100, seed=3)


@LONG
@pytest.mark.parametrize("service", SERVICES)
def test_a_shipped_service_decides_10_000_customers_alike_on_spark(service: str) -> None:
    alike(service, 10_000, seed=200)


def alike(service: str, count: int, seed: int) -> None:
    plan = CATALOG.pick(service, AT)
    written = statement(plan, AT, dialect="spark", keep=["row"])
    rows = customers(plan, written, count, seed)
    python = [by_python(plan, CATALOG.vocabulary, row, AT, written) for row in rows]
    agree(rows, python, in_spark(written, rows))
