"""Random typed policies and customers on Spark: what the Python reading gives, errors included, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from policies_for_sql import RandomPolicy, customers, policies
from spark_session import spark
from sql_reading import in_spark
from test_random_policies import SLOW, agree, plan, written


@pytest.fixture(autouse=True, scope="module")
def as_spark_comes() -> Iterator[None]:
    """One function for all steps, as is Spark's way unless it is told otherwise."""
    spark().conf.set("spark.sql.codegen.wholeStage", "true")
    yield
    spark().conf.set("spark.sql.codegen.wholeStage", "false")


@given(policies(), customers(12))
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_spark_agrees(case: RandomPolicy, rows: list[Mapping[str, Any]]) -> None:
    of = plan(case)
    sql = written(of, "spark")
    agree(case, of, sql, in_spark(sql, rows), rows)
