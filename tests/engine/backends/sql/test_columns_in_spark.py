"""Columns, names and texts on Spark: wider than their facts, written with signs of SQL, in any time zone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from policies_for_sql import HEAD
from spark_policy import differs_in_spark, formula
from spark_session import spark
from sql_reading import by_python, differences, in_spark
from test_columns_in_sql import AT, REFUSED, said
from test_names_in_sql import planned

from ordain.engine.catalog import plan_of
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import Statement, statement

PRECISE = "type: number, range: 0..100, precision: 2"


def in_column(sql: Statement, *values: tuple[str, str]) -> list[Any]:
    """What comes out for values of columns of some types, or the codes of the rows' errors."""
    found = []
    for kind, value in values:
        spark().sql(f"SELECT CAST('{value}' AS {kind}) AS n").createOrReplaceTempView("facts")
        outcome, *_, code, _ = spark().sql(sql.text).collect()[0]
        found.append(outcome if code is None else code)
    return found


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        (
            PRECISE,
            [
                ("INT", "5000", REFUSED),
                ("BIGINT", "-9000000000000000000", REFUSED),
                ("DECIMAL(38, 0)", "1000000000000000000000000000000", REFUSED),
                ("DECIMAL(38, 18)", "0.125", REFUSED),
                ("DECIMAL(38, 30)", "99.500000000000000000000000000001", REFUSED),
                ("DECIMAL(38, 18)", "99.5", 199),
                ("INT", "100", 200),
            ],
        ),
        ("type: number, range: '(0..100)'", [("INT", "100", REFUSED), ("INT", "0", REFUSED), ("INT", "1", 2)]),
        (
            "type: number",
            [
                ("BIGINT", "123456789012345", REFUSED),
                ("BIGINT", "-123456789012345", REFUSED),
                ("BIGINT", "999999999999", 1999999999998),
                ("DECIMAL(38, 30)", "12345678.123456000000000000000000000000", Decimal("24691356.246912")),
            ],
        ),
        ("type: number, range: 0..", [("DECIMAL(21, 0)", "123456789012345678901", REFUSED), ("INT", "-1", REFUSED)]),
    ],
)
def test_a_number_outside_of_what_is_read_is_an_error_of_its_row(
    fact: str, values: list[tuple[str, str, object]]
) -> None:
    found = in_column(said(fact, "n * 2", "number", "1", "spark"), *((kind, value) for kind, value, _ in values))
    assert found == [outcome for *_, outcome in values]


def test_a_time_of_day_is_not_cut_off_a_date() -> None:
    sql = said("type: date", 'n <= date("2026-03-15")', "flag", "2026-01-01", "spark")
    values = [("TIMESTAMP", "2026-03-15 08:00:00"), ("TIMESTAMP_NTZ", "2026-03-15 00:00:00"), ("DATE", "2026-03-16")]
    assert in_column(sql, *values) == [REFUSED, True, False]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_a_moment_is_the_same_in_every_time_zone_of_a_session(zone: str) -> None:
    facts = b"facts:\n  moment: {type: date and time, meaning: m}\n  day: {type: date, meaning: m}\n"
    decides = formula('moment < date and time("2026-03-15T12:00:00+05:30")', "flag") + formula(
        "string(day + months(1))", "text", "y"
    )
    given = "moment: 2026-03-15T12:00:00+05:30, day: 2026-01-31"
    text = f"{HEAD}{decides}examples:\n  - given: {{{given}}}\n    refused: NotTried\n"
    services = b"services:\n  act: {purpose: p, policies: [sample], gives: [x, y]}\n"
    plan = plan_of("act", facts, services, [("sample@1", text.encode())])
    sql = statement(plan, AT, dialect="spark", keep=["row"])
    border = dt.datetime(2026, 3, 15, 6, 30, tzinfo=dt.UTC)
    rows = [
        {"moment": moment, "day": dt.date(2024, 1, 31)}
        for moment in (border - dt.timedelta(microseconds=1), border, border + dt.timedelta(days=1))
    ]
    known = load_vocabulary(facts, "facts.yaml")
    before = spark().conf.get("spark.sql.session.timeZone")
    spark().conf.set("spark.sql.session.timeZone", zone)
    try:
        found = in_spark(sql, rows)
    finally:
        spark().conf.set("spark.sql.session.timeZone", before)
    assert [each.outcome["x"] for each in found] == [True, False, False]
    for row, each in zip(rows, found, strict=True):
        assert differences(by_python(plan, known, row, AT, sql), each) == []


def test_texts_with_signs_of_sql_stay_what_they_are() -> None:
    odd = ["a\\nb", "it's", 'say "x"', "100%_", "\\\\", "`x`", "₹ 5", "${n} \\${spark.app.name} :n ?", "--x"]
    texts = [each.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''") for each in odd]
    branches = "".join(f'if words = "{each}" then "{each}!" else ' for each in texts)
    decides = formula(f'{branches}"none"', "text")
    assert differs_in_spark(decides, *({"words": each} for each in [*odd, "other", "a\nb"])) == []


@pytest.mark.parametrize("name", ["order", "Status", "naïve", "o_fault", "f_1", "row_"])
def test_a_fact_by_any_name_is_read_as_itself(name: str) -> None:
    plan, vocabulary = planned([name, "other"], formula(f"decimal({name} * 2 + other, 1)", name="result"))
    sql = statement(plan, AT, dialect="spark", keep=["row"])
    rows = [{name: Decimal("1.25"), "other": Decimal(3)}, {name: None, "other": Decimal(2)}]
    known = load_vocabulary(vocabulary, "facts.yaml")
    for row, found in zip(rows, in_spark(sql, rows), strict=True):
        assert differences(by_python(plan, known, row, AT, sql), found) == []


def test_texts_are_equal_by_their_letters_whatever_the_collation_of_a_column() -> None:
    texts = [("STRING COLLATE UTF8_LCASE", "A"), ("STRING COLLATE UTF8_LCASE", "a"), ("STRING", "a")]
    assert in_column(said("type: text", 'n < "a"', "flag", "a", "spark"), *texts) == [True, False, False]
    assert in_column(said("type: text", 'n = "a"', "flag", "a", "spark"), *texts) == [False, True, True]
    of = "type: text, values: [a, b]"
    assert in_column(said(of, 'n = "a"', "flag", "a", "spark"), *texts) == [REFUSED, True, True]
    assert in_column(said(of, 'n = "a"', "flag", "a", "spark"), ("INT", "7")) == [REFUSED]


def test_what_is_decided_is_a_table_of_the_warehouse(tmp_path: Path) -> None:
    plan, _ = planned(
        ["n", "m"], "  offer:\n    gives: {a: number, b: number}\n    formula: '{a: n * 2, b: m}'\n", "offer"
    )
    text = statement(plan, AT, dialect="spark", table="customers", keep=["id"]).text
    spark().sql("SELECT 'x' AS id, 1.5 AS n, 2 AS m").createOrReplaceTempView("customers")
    spark().sql(f"CREATE TABLE decided USING parquet LOCATION '{tmp_path / 'decided'}' AS {text}")
    try:
        [row] = spark().table("decided").collect()
    finally:
        spark().sql("DROP TABLE decided")
    assert (row["id"], row["offer.a"], row["offer.b"]) == ("x", 3, 2)


def test_forty_decisions_that_read_one_another_are_one_statement() -> None:
    decides = formula("if n > 0 then words else tier", "text", "x0")
    for number in range(1, 40):
        before = f"x{number - 1}"
        turned = f'if {before} = "a" then "b" else if {before} = "b" then "c" else if whole > {number} then "a"'
        decides += formula(f"{turned} else {before}", "text", f"x{number}")
    rows = [{"whole": Decimal(n), "words": "a"} for n in (0, 7, 20)]
    assert differs_in_spark(decides, *rows, {"n": None}, gives=["x39"]) == []
