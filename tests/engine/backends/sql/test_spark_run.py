"""A table of Parquet decided by Spark into a folder of Parquet, and what is said of tables that do not fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spark_session import spark
from test_names_in_sql import AT, formula, planned

from ordain.engine.backends.digits import Digits
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.statements.spark_run import Added, columns_in_spark, decided_by_spark, spark_on
from ordain.engine.statements.statement import statement

TABLE = pa.table(
    {
        "id": pa.array(range(100)),
        "n": pa.array([Decimal(number) / 4 for number in range(100)], pa.decimal128(8, 3)),
        "day": pa.array([dt.date(2026, 1, 1)] * 100),
        "moment": pa.array([AT] * 100, pa.timestamp("us", "UTC")),
        "clock": pa.array([AT.replace(tzinfo=None)] * 100, pa.timestamp("us")),
        "share": pa.array([0.1] * 100),
        "tags": pa.array([["a"]] * 100),
        "f": pa.array([True] * 100),
    }
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "given"
    folder.mkdir()
    for number in range(3):
        pq.write_table(TABLE.slice(number * 40, 40), folder / f"part-{number}.parquet")
    return folder


def test_every_row_is_decided_into_the_folder_file_by_file(source: Path, tmp_path: Path) -> None:
    plan, _ = planned(["n"], formula("decimal(n * 2, 1)"))
    columns = columns_in_spark(spark(), str(source), {need.fact.name: need.fact.type for need in plan.needs})
    written = statement(plan, AT, dialect="spark", columns=columns, keep=["id"]).text
    target = tmp_path / "decided"
    assert decided_by_spark(spark(), str(source), str(target), written, whole_files=True) == 100
    files = [pq.read_table(file).to_pylist() for file in target.glob("*.parquet")]
    assert sorted([row["id"] for row in rows] for rows in files) == [
        list(range(40)),
        list(range(40, 80)),
        list(range(80, 100)),
    ]
    # 0.125 has more digits than the fact, and is rounded to it: half to even.
    found = {row["id"]: row["result"] for rows in files for row in rows}
    assert [found[number] for number in (0, 1, 2, 99)] == [Decimal(each) for each in ("0", "0.5", "1", "49.5")]
    with pytest.raises(MalformedRequest, match="is there already"):
        decided_by_spark(spark(), str(source), str(target), written)


def doubled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        twice = [value * 2 for value in batch.column("n").to_pylist()]
        yield pa.RecordBatch.from_arrays(
            [batch.column("id"), pa.array(twice, pa.decimal128(9, 3))], schema=DOUBLED.schema
        )


DOUBLED = Added(doubled, pa.schema([("id", pa.int64()), ("n", pa.decimal128(9, 3))]))


def test_what_python_adds_is_there_before_a_row_is_decided(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DOUBLED.batches, "__module__", "__main__")  # sent as it is: no worker has this file
    plan, _ = planned(["n"], formula("n + 1"))
    columns = {"id": None, "n": Digits(6, 3)}
    written = statement(plan, AT, dialect="spark", columns=columns, keep=["id"], table="given").text
    target = tmp_path / "decided"
    assert decided_by_spark(spark(), str(source), str(target), written, table="given", added=DOUBLED) == 100
    found = {row["id"]: row["result"] for row in pq.read_table(target).to_pylist()}
    assert found[1] == Decimal("1.5")
    assert found[99] == Decimal("50.5")


@pytest.mark.parametrize(
    ("name", "type", "said"),
    [
        ("share", "number", "in floating point"),
        ("clock", "date and time", "a moment with its offset"),
        ("day", "text", "the fact is a text"),
        ("n", "flag", "true or false"),
        ("tags", "date", "the fact is a date"),
    ],
)
def test_a_column_of_another_type_than_its_fact_is_refused(source: Path, name: str, type: str, said: str) -> None:
    from ordain.engine.values.types import DATE, DATE_TIME, FLAG, NUMBER, TEXT

    types = {"number": NUMBER, "date and time": DATE_TIME, "text": TEXT, "flag": FLAG, "date": DATE}
    with pytest.raises(MalformedRequest, match=said):
        columns_in_spark(spark(), str(source), {name: types[type]})


def test_columns_have_the_digits_of_their_types(source: Path) -> None:
    found = columns_in_spark(spark(), str(source), {})
    assert found == dict.fromkeys(TABLE.column_names) | {"id": Digits(19, 0), "n": Digits(5, 3)}


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    for source in (tmp_path / "gone", tmp_path / "text"):
        if source.name == "text":
            source.write_text("no table")
        with pytest.raises(MalformedRequest, match="cannot read"):
            columns_in_spark(spark(), str(source), {})


def test_without_a_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="needs Java 17") as refused:
        spark_on("local[1]")
    assert "JAVA_HOME" in refused.value.issues[0].hint
