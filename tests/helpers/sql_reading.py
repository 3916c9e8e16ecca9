"""Rows decided twice: by the Python reading, and by the statement of the SQL reading in a real database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from spark_session import run_in_spark

from ordain.engine.errors import DataError, DecisionError
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.statements.statement import Statement
from ordain.engine.values.types import plain

Raw = Mapping[str, Any]
"""A row's facts: Decimal, str, bool, date, datetime with offset, list of str, or None."""


@dataclass(frozen=True)
class Decided:
    """What one row comes to; `error` is the class of the error, "" where there is none.

    `fired` and `reasons` are sorted: a rule of a table that is called twice stands there twice. `broken` is the whole
    sentence of what must hold and does not.
    """

    outcome: Mapping[str, Any]
    verdict: str | None
    status: str
    fired: tuple[str, ...]
    error: str
    reasons: tuple[str, ...] = ()
    broken: str = ""


def by_python(plan: Plan, vocabulary: Vocabulary, raw: Raw, at: dt.datetime, statement: Statement) -> Decided:
    """One row decided by the Python reading."""
    given = {name: _sent(value) for name, value in raw.items() if value is not None}
    try:
        facts = gather(given, plan.needs, vocabulary, {})
        outcome = plan.evaluate(facts, at)
    except (DataError, DecisionError) as error:
        return _failed(type(error).__name__, error.issues[0].message)
    shown: dict[str, Any] = {}
    for output in statement.outputs:
        name, *fields = output.name.split(".")
        if name == "outcome" and name not in outcome.values:  # called like a column of the statement's own
            name, *fields = fields
        value = outcome.values[name]
        for field in fields:
            value = None if value is None else value[field]
        shown[output.name] = None if outcome.withheld else value
    fired = sorted(
        f"{plan.heads[id(decision)]['policy']}/{decision.name}/{decision.rules[number].id}"
        for decision, _, positions, *_ in outcome.trail
        if hasattr(decision, "rules")
        for number in positions
    )
    verdict = None if outcome.verdict is None else str(outcome.verdict)
    reasons = sorted(each["because"] for each in outcome.reasons() if each["because"])
    return Decided(shown, verdict, str(outcome.status), tuple(fired), "", tuple(reasons))


def _failed(error: str, message: str) -> Decided:
    return Decided({}, None, "", (), error, broken=message if error == "PricingConstraintViolation" else "")


def _sent(value: Any) -> Any:
    if isinstance(value, dt.date | dt.datetime):
        return plain(value)
    return list(value) if isinstance(value, tuple) else value


def from_row(statement: Statement, row: Mapping[str, Any]) -> Decided:
    """What a row of the statement's result says."""
    if row["error_code"] is not None:
        assert row["error"]
        assert all(row[output.name] is None for output in statement.outputs)
        return _failed(row["error_code"], row["error"])
    outcome = {output.name: _same(row[output.name]) for output in statement.outputs}
    fired, reasons = (tuple(sorted(row.get(name) or ())) for name in ("fired", "reasons"))
    return Decided(outcome, row.get("verdict"), row["status"], fired, "", reasons)


def _same(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def in_duckdb(statement: Statement, rows: Sequence[Raw]) -> list[Decided]:
    """All rows decided by DuckDB, in their order."""
    with duckdb.connect() as database:
        database.register("facts", as_table(statement, rows))
        found = database.execute(statement.text)
        labels = [each[0] for each in found.description]
        by_row = {row[0]: dict(zip(labels, row, strict=True)) for row in found.fetchall()}
    return [from_row(statement, by_row[number]) for number in range(len(rows))]


def as_table(statement: Statement, rows: Sequence[Raw]) -> pa.Table:
    """The rows as a table of the statement's columns, with their numbers as `row`."""
    numbers = pa.array(range(len(rows)), pa.int32())
    columns = {
        each.fact: pa.array([row.get(each.fact) for row in rows], _arrow(each.type)) for each in statement.columns
    }
    return pa.table({"row": numbers, **columns})


def _bound(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _arrow(kind: str) -> pa.DataType:
    """The type of a column in Arrow."""
    if kind.startswith("DECIMAL("):
        precision, scale = map(int, kind.removeprefix("DECIMAL(").removesuffix(")").split(","))
        return pa.decimal128(precision, scale)
    moment = pa.timestamp("us", "UTC")
    simple = {"TEXT": pa.string(), "STRING": pa.string(), "BOOLEAN": pa.bool_(), "DATE": pa.date32()}
    simple |= {"TIMESTAMPTZ": moment, "TIMESTAMP": moment}
    return simple[kind] if kind in simple else pa.list_(pa.string())


def in_postgresql(statement: Statement, rows: Sequence[Raw], url: str) -> list[Decided]:
    """The same by PostgreSQL."""
    with psycopg.connect(url) as connection:
        columns = ", ".join(f'"{column.fact}" {column.type}' for column in statement.columns)
        connection.execute(f'CREATE TEMPORARY TABLE facts ("row" INT{", " if columns else ""}{columns})')
        names = [column.fact for column in statement.columns]
        marks = ", ".join(["%s"] * (len(names) + 1))
        with connection.cursor() as cursor:
            values = [[number, *(_bound(row.get(name)) for name in names)] for number, row in enumerate(rows)]
            cursor.executemany(f"INSERT INTO facts VALUES ({marks})", values)
            cursor.execute(statement.text.encode())
            labels = [each.name for each in cursor.description or ()]
            by_row = {row[0]: dict(zip(labels, row, strict=True)) for row in cursor.fetchall()}
        connection.rollback()
    return [from_row(statement, by_row[number]) for number in range(len(rows))]


def in_spark(statement: Statement, rows: Sequence[Raw]) -> list[Decided]:
    """The same by Spark."""
    found = run_in_spark(statement.text, as_table(statement, rows))
    return [from_row(statement, row) for row in sorted(found, key=lambda row: row["row"])]


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same; numbers by what they are worth, never as floats."""
    assert not isinstance(one, float)
    assert not isinstance(other, float)
    if one is None or other is None:
        return one is other
    if isinstance(one, Decimal | int) and not isinstance(one, bool):
        return Decimal(one) == Decimal(other)
    return bool(one == other)


def differences(one: Decided, other: Decided) -> list[str]:
    """In which parts two decisions of one row differ."""
    told = ("verdict", "status", "fired", "error", "reasons", "broken")
    parts = [part for part in told if getattr(one, part) != getattr(other, part)]
    names = one.outcome.keys() | other.outcome.keys()
    return parts + sorted(name for name in names if not equal(one.outcome.get(name), other.outcome.get(name)))
