"""Random typed policies and customers on Spark: what the Python reading gives, errors included, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from policies_for_sql import RandomPolicy, customers, policies
from sql_reading import in_spark
from test_random_policies import SLOW, agree, plan, written


@given(policies(), customers(12))
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_spark_agrees(case: RandomPolicy, rows: list[Mapping[str, Any]]) -> None:
    of = plan(case)
    sql = written(of, "spark")
    agree(case, of, sql, in_spark(sql, rows), rows)
