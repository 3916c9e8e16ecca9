"""Facts, columns and tables by any name: none is read for another, and no text of a name is read as SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import duckdb
import pytest
import sqlglot
from policies_for_sql import HEAD
from sql_reading import by_python, differences, in_duckdb
from sqlglot import exp

from ordain.engine.catalog import plan_of
from ordain.engine.errors import MalformedRequest, PolicyError
from ordain.engine.evaluate import Plan
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
NUMBER = "{type: number, range: 0..100, precision: 2, meaning: m}"


def planned(facts: Sequence[str], decides: str, gives: str = "result") -> tuple[Plan, bytes]:
    vocabulary = ("facts:\n" + "".join(f"  {name}: {NUMBER}\n" for name in facts)).encode()
    given = ", ".join(f"{name}: 1" for name in facts)
    text = f"{HEAD}{decides}examples:\n  - given: {{{given}}}\n    refused: NotTried\n"
    services = f"services:\n  act: {{purpose: p, policies: [sample], gives: [{gives}]}}\n"
    return plan_of("act", vocabulary, services.encode(), [("sample@1", text.encode())]), vocabulary


def formula(text: str, name: str = "result") -> str:
    return f"  {name}:\n    gives: number\n    formula: '{text}'\n"


def small(**asked: object) -> Statement:
    plan, _ = planned(["n"], formula("n * 2"))
    return statement(plan, AT, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["select", "order", "error", "status", "fired", "verdict", "naïve", "row_", "o_fault", "O_FAULT", "o_row", "kept_0"]
    + [f"{hint}_{number}" for hint in ("f", "fault", "x", "X", "p0_0") for number in range(10)],
)
def test_a_fact_by_any_name_is_read_as_itself(name: str) -> None:
    plan, vocabulary = planned([name, "other"], formula(f"decimal({name} * 2 + other, 1)"))
    sql = statement(plan, AT, keep=["row"])
    rows = [
        {name: Decimal("1.25"), "other": Decimal(3)},
        {name: Decimal("7.05"), "other": Decimal(2)},
        {name: None, "other": Decimal(2)},
    ]
    known = load_vocabulary(vocabulary, "facts.yaml")
    for row, found in zip(rows, in_duckdb(sql, rows), strict=True):
        assert differences(by_python(plan, known, row, AT, sql), found) == []


def test_no_other_column_of_the_table_is_read() -> None:
    plan, _ = planned(["n", "m"], formula("decimal(n * 2 + m, 1)"))
    own = {found.name for found in statement(plan, AT).tree.find_all(exp.Column)} - {"n", "m"}
    with duckdb.connect() as database:
        others = ", ".join(f'77 AS "{name}"' for name in sorted(own))
        database.execute(f"CREATE TABLE facts AS SELECT 1.25 AS n, 3 AS m, {others}")
        assert database.execute(statement(plan, AT).text).fetchall()[0][0] == Decimal("5.5")


@pytest.mark.parametrize("name", ["status", "Status", "verdict", "error", "error_code", "fired", "REASONS"])
def test_an_output_called_like_a_column_of_the_statement_is_told_apart(name: str) -> None:
    plan, vocabulary = planned(["n"], formula("n * 2", name), name)
    sql = statement(plan, AT, keep=["row"])
    row = {"n": Decimal(2)}
    assert [each.name for each in sql.outputs] == [f"outcome.{name}"]
    known = load_vocabulary(vocabulary, "facts.yaml")
    assert differences(by_python(plan, known, row, AT, sql), in_duckdb(sql, [row])[0]) == []


@pytest.mark.parametrize(
    ("facts", "decides", "gives"),
    [
        (["fee", "Fee"], formula("fee + Fee"), "result"),
        (["n"], formula("n", "offer") + formula("n * 2", "Offer"), "offer, Offer"),
    ],
)
def test_two_names_that_a_database_takes_for_one_are_refused(facts: Sequence[str], decides: str, gives: str) -> None:
    plan, _ = planned(facts, decides, gives)
    with pytest.raises(PolicyError) as refused:
        statement(plan, AT)
    assert "for one column" in refused.value.issues[0].message


def test_names_that_postgresql_cuts_short_are_refused_there_alone() -> None:
    long = ["n" * 63 + "a", "n" * 63 + "b"]
    plan, _ = planned(long, formula(" + ".join(long)))
    statement(plan, AT)
    with pytest.raises(PolicyError):
        statement(plan, AT, dialect="postgres")


@pytest.mark.parametrize("name", ["status", "ERROR", "result", "Result", "", " "])
def test_a_column_that_the_result_has_itself_is_not_kept(name: str) -> None:
    with pytest.raises(MalformedRequest):
        small(keep=[name])


def test_a_column_that_the_file_lacks_is_not_kept() -> None:
    with pytest.raises(MalformedRequest, match="no such column"):
        small(keep=["nmae"], columns={"n": None, "name": None})


def test_a_column_is_kept_once_by_its_own_name() -> None:
    odd = 'it"s; -- x'
    with duckdb.connect() as database:
        database.execute('CREATE TABLE facts AS SELECT 2.5 AS n, 7 AS o_fault, 8 AS f_1, 9 AS "it""s; -- x"')
        found = database.execute(small(keep=["o_fault", "n", "N", odd, "f_1", "f_1"]).text)
        names = [each[0] for each in found.description]
        assert names[:4] == ["o_fault", "n", odd, "f_1"]
        assert found.fetchall()[0][:5] == (7, Decimal("2.5"), 9, 8, Decimal(5))


@pytest.mark.parametrize(
    ("table", "made"),
    [
        ("customers", "customers"),
        ("shop.customers", "shop.customers"),
        ('"My ""own"" table; DROP TABLE x"', '"My ""own"" table; DROP TABLE x"'),
        ("order", '"order"'),
        ("ordain_step_0", "ordain_step_0"),
        ("kunden_straße", "kunden_straße"),
    ],
)
def test_a_table_by_any_name_is_read(table: str, made: str) -> None:
    text = small(table=table).text
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA shop")
        database.execute(f"CREATE TABLE {made} AS SELECT 2 AS n")
        assert database.execute(text).fetchall()[0][0] == 4


@pytest.mark.parametrize(
    "table",
    ["", " ", ".", "a.", ".a", "a..b", "a.b.c.d", "a'b", 'a"b', '"', '""', "facts; DROP TABLE x", "facts -- x", "a b",
     "(SELECT 1)", "read_parquet('x')", "facts WHERE 1=1", "facts/**/", "'x.parquet'", "1", "a\0b", '"a\0b"'],
)  # fmt: skip
@pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
def test_what_is_no_name_of_a_table_is_refused(table: str, dialect: str) -> None:
    with pytest.raises(MalformedRequest, match="is not the name of a table"):
        small(table=table, dialect=dialect)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "spark", "snowflake", "bigquery"])
def test_a_name_in_quotes_stays_one_name_in_each_dialect(dialect: str) -> None:
    mark = "`" if dialect in ("spark", "bigquery") else '"'
    name = f"a; DROP TABLE {mark}{mark}x{mark}{mark} -- \\"
    text = small(table=f"{mark}{name}{mark}", dialect=dialect).text
    read = sqlglot.parse(text, dialect=dialect)
    assert len(read) == 1
    assert name.replace(mark * 2, mark) in {found.name for found in read[0].find_all(exp.Table)}  # type: ignore[union-attr]
