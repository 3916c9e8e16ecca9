"""`ordain sql`: the statement decides a table in a real database; what it cannot say it refuses with the place."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from served import edit, ordain_here

from ordain.engine.errors import MalformedRequest
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.parquet_columns import columns_of

AT = ["--at", "2026-12-01T12:00:00+00:00"]


def printed(folder: Path, *arguments: str) -> str:
    """What `ordain sql` prints of the shipped policies."""
    done = ordain_here(folder, "sql", *arguments, *AT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(folder: Path, *arguments: str) -> str:
    """What it says when it refuses, in one line."""
    done = ordain_here(folder, "sql", *arguments, *AT)
    assert (done.returncode, done.stdout) == (2, "")
    return " ".join(done.stderr.split())


def test_the_statement_decides_a_table_as_it_is_printed(tmp_path: Path) -> None:
    text = printed(tmp_path, "plan-advice", "--table", "customers", "--keep", "id")
    assert text.startswith("-- plan-advice, for DuckDB, as of 2026-12-01T17:30:00+05:30\n-- by plan-advice@1\n")
    assert "--   usage_gb DECIMAL(12, 6): data used in the last month\n" in text
    with duckdb.connect() as database:
        database.execute("CREATE TABLE customers (id INT, usage_gb DECIMAL(12, 6), plan_gb DECIMAL(12, 6))")
        database.execute("INSERT INTO customers VALUES (1, 95, 100), (2, NULL, 100), (3, 45.125, 100), (4, 5, 0)")
        found = database.execute(text).fetchall()
        names = [each[0] for each in database.description or ()]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in found}
    assert rows[1]["advice.action"] == "plan up"
    assert rows[1]["fired"] == ["plan-advice@1/advice/nearly-full"]
    assert "More than 90 percent of the plan is used." in rows[1]["reasons"]
    assert rows[2]["error_code"] == "CustomerDataIncomplete"
    assert rows[2]["error"] == "`used_percent` of plan-advice@1 needs `usage_gb`, which is missing"
    assert rows[3]["advice.say"] == "You use 45.12 percent; an add-on covers the peaks."
    assert rows[4]["error_code"] == "DataQualityIssue"
    assert rows[4]["advice.action"] is None


def test_a_column_with_more_digits_than_it_is_read_with_is_an_error_of_the_row(tmp_path: Path) -> None:
    text = printed(tmp_path, "plan-advice")
    with duckdb.connect() as database:
        database.execute("CREATE TABLE facts AS SELECT 1.23456789 AS usage_gb, 100 AS plan_gb")
        row = database.execute(text).fetchall()[0]
    assert row[-2] == "DataQualityIssue"


def test_the_columns_of_a_file_count_with_their_own_digits(tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT 1.23456789::DECIMAL(12, 8) AS usage_gb, 100::INT AS plan_gb) TO '{file}' (FORMAT parquet)"
        )
        text = printed(tmp_path, "plan-advice", "--columns", str(file), "--table", "t", "--plain")
        database.execute(f"CREATE VIEW t AS SELECT * FROM '{file}'")
        row = database.execute(text).fetchall()[0]
        names = [each[0] for each in database.description or ()]
    assert dict(zip(names, row, strict=True))["advice.action"] == "plan down"
    assert "fired" not in names


def test_floating_point_and_files_that_are_no_parquet_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT 1.5::DOUBLE AS usage_gb, 100 AS plan_gb) TO '{file}' (FORMAT parquet)")
    said = refused(tmp_path, "plan-advice", "--columns", str(file))
    assert "column `usage_gb`" in said
    assert "in floating point" in said
    file.write_text("no parquet")
    assert "is no Parquet file" in refused(tmp_path, "plan-advice", "--columns", str(file))


@pytest.mark.parametrize(
    ("fact", "of", "column", "words"),
    [
        ("n", "type: text", "1", "is INTEGER, and the fact is a text"),
        ("n", "type: number, range: 0..9", "'1'", "is VARCHAR, and the fact is a number"),
        ("n", "type: number, range: 0..9", "1.5::FLOAT", "in floating point"),
        ("n", "type: flag", "'yes'", "is VARCHAR, and the fact is true or false"),
        ("n", "type: date", "'2026-01-01'", "is VARCHAR, and the fact is a date"),
        (
            "n",
            "type: date and time",
            "TIMESTAMP '2026-01-01'",
            "is TIMESTAMP, and the fact is a moment with its offset",
        ),
        ("n", "type: list of text", "'a'", "is VARCHAR, and the fact is a list of texts"),
    ],
)
def test_a_column_of_another_type_than_its_fact_is_refused(
    fact: str, of: str, column: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "customers.parquet"
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT {column} AS {fact}, 0.5::DOUBLE AS unread) TO '{file}' (FORMAT parquet)")
    types = load_vocabulary(f"facts:\n  {fact}: {{{of}, meaning: m}}\n".encode(), "facts.yaml")
    with pytest.raises(MalformedRequest) as refusal:
        columns_of(file, {fact: types[fact].type})
    assert [words in issue.message for issue in refusal.value.issues] == [True]
    assert "CAST(" in refusal.value.issues[0].hint


@pytest.mark.parametrize(
    ("of", "column"),
    [
        ("type: text", "'1'"),
        ("type: number, range: 0..9", "1::UTINYINT"),
        ("type: flag", "true"),
        ("type: date", "DATE '2026-01-01'"),
        ("type: date", "TIMESTAMP '2026-01-01'"),
        ("type: date and time", "TIMESTAMPTZ '2026-01-01 00:00+00'"),
        ("type: list of text", "['a']"),
        ("type: text", "'1' AS other, 0.5::DOUBLE"),
    ],
)
def test_a_column_of_its_facts_type_is_read(of: str, column: str, tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    name = "unread" if "other" in column else "n"
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT {column} AS {name}) TO '{file}' (FORMAT parquet)")
    types = load_vocabulary(f"facts:\n  n: {{{of}, meaning: m}}\n".encode(), "facts.yaml")
    assert name in columns_of(file, {"n": types["n"].type})


@pytest.mark.parametrize("dialect", ["postgres", "spark", "snowflake", "bigquery"])
def test_other_dialects_have_their_own_types(dialect: str, tmp_path: Path) -> None:
    told = json.loads(printed(tmp_path, "price-quote", "--dialect", dialect, "--json"))
    assert told["policies"][:2] == ["price-proposal@1", "price-bounds@1"]
    types = {each["fact"]: each["type"] for each in told["columns"]}
    assert types["base_price"] == ("NUMERIC(8, 2)" if dialect == "bigquery" else "DECIMAL(8, 2)")
    assert types["contract_start"] == "DATE"
    assert ("ARRAY" in types["personal_data_inputs"]) or dialect == "postgres"


def test_what_cannot_be_said_is_told_with_its_place(tmp_path: Path, policies: Path) -> None:
    edit(
        policies / "plan-advice/v1.yaml",
        "decimal(100 * usage_gb / plan_gb, 2)",
        "decimal(100 * usage_gb / sqrt(plan_gb * plan_gb), 2)",
    )
    done = ordain_here(tmp_path, "sql", "plan-advice", *AT, ORDAIN_POLICIES=str(policies))
    said = " ".join(done.stderr.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "`sqrt(plan_gb * plan_gb)` of `plan-advice@1` cannot be said in SQL: databases calculate it in floating" in said
    )
    assert "plan-advice/v1.yaml:" in said
