"""Random typed policies and customers: SQL gives what the Python reading gives, errors included, to the last digit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from policies_for_sql import FACTS, RandomPolicy, customers, policies
from sql_reading import by_python, differences, in_duckdb, in_postgresql

from ordain.engine.catalog import plan_of
from ordain.engine.errors import PolicyError
from ordain.engine.evaluate import Plan
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
VOCABULARY = load_vocabulary(FACTS, "facts.yaml")
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def plan(case: RandomPolicy) -> Plan:
    """Rejects what does not load, such as a null that is always there."""
    try:
        return plan_of("act", FACTS, case.services, [("sample@1", case.text.encode())])
    except PolicyError:
        return reject()


def written(of: Plan, dialect: str) -> Statement:
    """Rejects what cannot be said in SQL: too many digits, mostly."""
    try:
        return statement(of, AT, dialect=dialect, keep=["row"])
    except PolicyError:
        return reject()


def agree(
    case: RandomPolicy, of: Plan, sql: Statement, found: Sequence[Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    for row, other in zip(rows, found, strict=True):
        one = by_python(of, VOCABULARY, row, AT, sql)
        assert differences(one, other) == [], f"{case.text}\n{row}\nPython {one}\nSQL {other}"


@given(policies(), customers(12))
@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
def test_duckdb_agrees(case: RandomPolicy, rows: list[Mapping[str, Any]]) -> None:
    of = plan(case)
    sql = written(of, "duckdb")
    agree(case, of, sql, in_duckdb(sql, rows), rows)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=(*SLOW, HealthCheck.function_scoped_fixture))
def test_postgresql_agrees(data: st.DataObject, postgresql: str) -> None:
    case = data.draw(policies())
    of = plan(case)
    sql = written(of, "postgres")
    rows = data.draw(customers(12))
    agree(case, of, sql, in_postgresql(sql, rows, postgresql), rows)


@pytest.mark.parametrize("dialect", ["spark", "snowflake", "bigquery"])
@given(case=policies())
@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
def test_what_other_dialects_are_told_is_read_by_their_parser(dialect: str, case: RandomPolicy) -> None:
    import sqlglot

    assert sqlglot.parse_one(written(plan(case), dialect).text, read=dialect) is not None
