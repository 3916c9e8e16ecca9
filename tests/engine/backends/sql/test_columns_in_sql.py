"""Columns as they stand in real tables, wider than their facts: an error of the row, never of all rows, never cut."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import psycopg
import pytest
from policies_for_sql import HEAD

from ordain.engine.catalog import plan_of
from ordain.engine.errors import PolicyError
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
REFUSED = "DataQualityIssue"


def said(fact: str, formula: str, gives: str, given: str, dialect: str = "duckdb") -> Statement:
    facts = f"facts:\n  n: {{{fact}, meaning: m}}\n"
    decides = f"  result:\n    gives: {gives}\n    formula: '{formula}'\n"
    text = f"{HEAD}{decides}examples:\n  - given: {{n: {given}}}\n    refused: NotTried\n"
    services = b"services:\n  act: {purpose: p, policies: [sample], gives: [result]}\n"
    plan = plan_of("act", facts.encode(), services, [("sample@1", text.encode())])
    return statement(plan, AT, dialect=dialect)


def in_table(sql: Statement, kind: str, value: str | None) -> Any:
    """What comes out for a value of a column of some type, or the code of the row's error."""
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE facts (n {kind})")
        database.execute(f"INSERT INTO facts SELECT CAST(? AS {kind})", [value])
        outcome, *_, code, _ = database.execute(sql.text).fetchall()[0]
    return outcome if code is None else code


@pytest.mark.parametrize(
    ("fact", "kind", "value", "outcome"),
    [
        ("type: number, range: 0..100, precision: 2", "INTEGER", "5000", REFUSED),
        ("type: number, range: 0..100, precision: 2", "BIGINT", "-9000000000000000000", REFUSED),
        ("type: number, range: 0..100, precision: 2", "HUGEINT", "1000000000000000000000000000000", REFUSED),
        ("type: number, range: 0..100, precision: 2", "DECIMAL(38, 20)", "5000", REFUSED),
        ("type: number, range: 0..100, precision: 2", "DECIMAL(38, 20)", "0.125", REFUSED),
        ("type: number, range: 0..100, precision: 2", "DECIMAL(38, 20)", "99.5", 199),
        ("type: number, range: 0..100, precision: 2", "INTEGER", "100", 200),
        ("type: number, range: '(0..100)'", "INTEGER", "100", REFUSED),
        ("type: number, range: '(0..100)'", "INTEGER", "0", REFUSED),
        ("type: number", "BIGINT", "123456789012345", REFUSED),
        ("type: number", "BIGINT", "-123456789012345", REFUSED),
        ("type: number", "BIGINT", "999999999999", 1999999999998),
        ("type: number, range: 0..", "HUGEINT", "123456789012345678901", REFUSED),
        ("type: number, range: 0..", "INTEGER", "-1", REFUSED),
        ("type: number, range: 0..", "INTEGER", "7", 14),
    ],
)
def test_a_number_outside_of_what_is_read_is_an_error_of_its_row(
    fact: str, kind: str, value: str, outcome: object
) -> None:
    assert in_table(said(fact, "n * 2", "number", "1"), kind, value) == outcome


@pytest.mark.parametrize(
    ("kind", "value", "outcome"),
    [
        ("TIMESTAMP", "2026-03-15 08:00:00", REFUSED),
        ("TIMESTAMP", "2026-03-15 00:00:00", True),
        ("DATE", "2026-03-15", True),
        ("DATE", "2026-03-16", False),
    ],
)
def test_a_time_of_day_is_not_cut_off_a_date(kind: str, value: str, outcome: object) -> None:
    sql = said("type: date", 'n <= date("2026-03-15")', "flag", "2026-01-01")
    assert in_table(sql, kind, value) == outcome


@pytest.mark.parametrize(
    ("fact", "formula", "kind", "value", "outcome"),
    [
        ("type: number, range: 0..9, precision: 1", "n", "DOUBLE", "0.5", REFUSED),
        ("type: number, range: 0..9, precision: 1", "n", "FLOAT", "NaN", REFUSED),
        ("type: number, range: 0..9, precision: 1", "n", "USMALLINT", "5", 5),
        ("type: number, range: 0..9, precision: 1", "n", "UHUGEINT", "5", 5),
        ("type: number, range: 0..9, precision: 1, default: 7", "n", "DOUBLE", None, 7),
        ("type: date and time", "(n > now()) = (n > now())", "TIMESTAMP", "2026-03-15 08:00:00", REFUSED),
        ("type: date and time", "(n > now()) = (n > now())", "DATE", "2026-03-15", REFUSED),
        ("type: date and time", "(n > now()) = (n > now())", "TIMESTAMPTZ", "2026-03-15 08:00:00+00", True),
        ("type: date", "n = n", "TIMESTAMPTZ", "2026-03-15 00:00:00+00", REFUSED),
        ("type: flag", "n", "BOOLEAN", "true", True),
        ("type: text, values: [a, b]", 'n = "a"', "ENUM('a', 'b')", "a", True),
        ("type: list of text", "count(n) > 1", "VARCHAR[]", "[a, b]", True),
        ("type: list of text", "count(n) > 1", "VARCHAR[]", "[a, NULL]", REFUSED),
        ("type: list of text, values: [a, b]", "count(n) > 1", "VARCHAR[]", "[a, b]", True),
        ("type: list of text, values: [a, b]", "count(n) > 1", "VARCHAR[]", "[a, c]", REFUSED),
    ],
)
def test_a_column_of_a_type_that_does_not_hold_the_fact_as_it_is_is_an_error_of_the_row(
    fact: str, formula: str, kind: str, value: str | None, outcome: object
) -> None:
    gives = "number" if "number" in fact else "flag"
    given = {"number": "1", "date and time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "flag": "true"}
    sent = given.get(fact.split(",")[0].removeprefix("type: "), "[a]" if "list" in fact else "a")
    assert in_table(said(fact, formula, gives, sent), kind, value) == outcome


def test_in_duckdb_no_row_is_asked_for_the_type_of_its_column() -> None:
    sql = said("type: number, range: 0..9, precision: 1", "n", "number", "1")
    assert "TYPEOF" in sql.text
    with duckdb.connect() as database:
        database.execute("CREATE TABLE facts (n DECIMAL(2, 1))")
        found = database.execute(f"EXPLAIN {sql.text}").fetchall()
    assert "typeof" not in str(found).lower()


@pytest.mark.parametrize(
    ("fact", "formula", "given", "kind", "value", "outcome"),
    [
        ("type: number, range: 0..9, precision: 1", "n > 0", "1", "DOUBLE PRECISION", "0.5", REFUSED),
        ("type: number, range: 0..9, precision: 1", "n > 0", "1", "REAL", "NaN", REFUSED),
        ("type: number, range: 0..9, precision: 1", "n > 0", "1", "SMALLINT", "5", True),
        ("type: date and time", "n < now()", "2026-01-01T00:00:00Z", "TIMESTAMP", "2026-03-15 08:00", REFUSED),
        ("type: date and time", "n < now()", "2026-01-01T00:00:00Z", "DATE", "2026-03-15", REFUSED),
        ("type: date and time", "n < now()", "2026-01-01T00:00:00Z", "TIMESTAMPTZ", "2026-03-15 08:00+00", True),
        ("type: date", "n = n", "2026-01-01", "TIMESTAMPTZ", "2026-03-15 00:00+00", REFUSED),
        ("type: text, values: [a, b]", 'n = "a"', "a", "CHAR(3)", "a", REFUSED),
        ("type: text, values: [a, b]", 'n = "a"', "a", "VARCHAR(3)", "a", True),
        ("type: list of text", "count(n) > 1", "[a]", "TEXT[]", "{a,NULL}", REFUSED),
        ("type: list of text, values: [a, b]", "count(n) > 1", "[a]", "TEXT[]", "{a,c}", REFUSED),
        ("type: list of text, values: [a, b]", "count(n) > 1", "[a]", "TEXT[]", "{a,b}", True),
    ],
)
def test_the_same_in_postgresql(
    fact: str, formula: str, given: str, kind: str, value: str, outcome: object, postgresql: str
) -> None:
    sql = said(fact, formula, "flag", given, "postgres")
    with psycopg.connect(postgresql) as connection:
        connection.execute(f"CREATE TEMPORARY TABLE facts (n {kind})".encode())
        connection.execute("INSERT INTO facts VALUES (%s)", [value])
        found, *_, code, _ = connection.execute(sql.text.encode()).fetchall()[0]
    assert (found if code is None else code) == outcome


@pytest.mark.parametrize(("kind", "given"), [("duration", "PT1H"), ("months", "P1M"), ("time", "10:00:00")])
def test_a_fact_without_a_column_is_refused_by_its_name(kind: str, given: str) -> None:
    with pytest.raises(PolicyError) as refused:
        said(f"type: {kind}", "n = n", "flag", given)
    assert f"`n` is a fact of the type `{kind}`, which has no column" in refused.value.issues[0].message
    assert refused.value.issues[0].hint


def test_values_that_are_not_told_are_counted() -> None:
    sql = said("type: text, values: [a, b, c, d, e, f, g, h, i, j]", 'n = "a"', "flag", "a")
    assert sql.columns[0].note == "m; one of a, b, c, d, e, f, g, h and 2 more"


def test_in_postgresql_too(postgresql: str) -> None:
    number = said("type: number, range: 0..100, precision: 2", "n * 2", "number", "1", "postgres")
    day = said("type: date", 'n <= date("2026-03-15")', "flag", "2026-01-01", "postgres")
    with psycopg.connect(postgresql) as connection:
        connection.execute("CREATE TEMPORARY TABLE facts AS SELECT * FROM (VALUES (5000), (-1), (7)) AS v(n)")
        assert [row[-2] for row in connection.execute(number.text.encode())] == [REFUSED, REFUSED, None]
        connection.execute("DROP TABLE facts")
        connection.execute("CREATE TEMPORARY TABLE facts AS SELECT TIMESTAMP '2026-03-15 08:00' AS n")
        assert [row[-2] for row in connection.execute(day.text.encode())] == [REFUSED]
