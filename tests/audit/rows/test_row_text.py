"""A row has one text, whatever file it is read from and wherever that is."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordain.audit.rows.output_table import AS_CSV, AS_PARQUET, csv_select, texts_of
from ordain.audit.rows.row_text import row_text_sql
from ordain.engine.errors import MalformedRequest

TYPES = {
    "VARCHAR": st.text(),
    "VARCHAR[]": st.lists(st.text() | st.none(), max_size=4),
    "DECIMAL(18,4)": st.decimals(-(10**13), 10**13, places=4),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(),
    "BOOLEAN": st.booleans(),
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(),
    "TIMESTAMP WITH TIME ZONE": st.datetimes().map(lambda moment: f"{moment.isoformat(' ')}+00"),
    "BLOB": st.binary(max_size=8),
    "UUID": st.uuids().map(str),
}
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    """Columns, at least two, and rows."""
    types = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=2, max_size=5))
    names = draw(st.lists(NAMES, min_size=len(types), max_size=len(types), unique_by=str.casefold))
    row = st.tuples(*(st.none() | TYPES[type_] for type_ in types))
    return list(zip(names, types, strict=True)), draw(st.lists(row, max_size=4))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_a_row_of_parquet_and_of_csv_read_again_has_the_text_that_it_had(
    tmp_path: Path, table: tuple[list[tuple[str, str]], list[tuple[Any, ...]]]
) -> None:
    columns, rows = table
    parquet, csv = tmp_path / "a[1]*.parquet", tmp_path / "a[1]*.csv"
    quoted = ["".join(('"', name.replace('"', '""'), '"')) for name, _ in columns]
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'Asia/Kolkata'")
        told = ", ".join(f"{name} {type_}" for name, (_, type_) in zip(quoted, columns, strict=True))
        duck.execute(f"CREATE TABLE t ({told})")
        for row in rows:
            duck.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
        before = [text for (text,) in duck.execute(f"SELECT {row_text_sql(columns)} FROM t").fetchall()]
        duck.execute(f"COPY t TO '{parquet}' ({AS_PARQUET})")
        duck.execute(f"COPY (SELECT {csv_select(columns)} FROM t) TO '{csv}' ({AS_CSV})")
        duck.execute("SET TimeZone = 'America/New_York'")
        for file in (parquet, csv):
            assert [text for (text,) in duck.execute(texts_of([file], columns)).fetchall()] == before, file
    for text in before:
        assert list(json.loads(text)) == [name for name, _ in columns]
        assert all(value is None or isinstance(value, str | list) for value in json.loads(text).values())


def test_a_moment_is_told_in_utc_and_what_has_no_day_by_its_name() -> None:
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'Asia/Kolkata'")
        moments = "SELECT unnest(['2026-01-01 00:00:00+05:30', 'infinity', NULL])::TIMESTAMPTZ AS x"
        found = duck.execute(f"SELECT {row_text_sql([('x', 'TIMESTAMPTZ')])} FROM ({moments})").fetchall()
    assert [json.loads(text)["x"] for (text,) in found] == ["2025-12-31T18:30:00.000000Z", "infinity", None]


@pytest.mark.parametrize(
    "type_",
    ["HUGEINT", "TIME WITH TIME ZONE", "INTEGER[]", "VARCHAR[][]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)"],
)
def test_a_type_that_would_be_read_again_otherwise_is_refused_with_what_to_do(type_: str) -> None:
    with pytest.raises(MalformedRequest, match="the column `x` is") as refused:
        row_text_sql([("x", type_)])
    assert refused.value.issues[0].hint


@pytest.mark.parametrize("name", ["a\nb", "\r"])
def test_a_line_break_in_a_name_is_refused(name: str) -> None:
    with pytest.raises(MalformedRequest, match="has a line break in its name"):
        csv_select([(name, "BIGINT"), ("x", "BIGINT")])
