"""A file written anew has all other rows as they were, in their order."""

from pathlib import Path

import duckdb
import pytest

from ordain.audit.rows.csv_records import count_records, heading, records
from ordain.audit.rows.output_table import AS_CSV, AS_PARQUET
from ordain.audit.rows.without_rows import rewrite
from ordain.engine.errors import ExportFailed

ROWS = 300_000
GONE = [0, 1, 122_879, 122_880, 122_881, 200_000, 245_760, ROWS - 1]
"""Some at the borders of row groups, which DuckDB makes of 122,880 rows."""


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_all_others_are_there_in_their_order(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"it's [1]*{ending}"
    with duckdb.connect() as duck:
        table = 'SELECT i::VARCHAR AS "a,""b", CASE WHEN i % 3 = 0 THEN \'x\n"y"\' END AS file_row_number'
        duck.execute(f"CREATE TABLE t AS {table} FROM range({ROWS}) r(i)")
        target = str(path).replace("'", "''")
        duck.execute(f"COPY t TO '{target}' ({AS_CSV if ending == '.csv' else AS_PARQUET})")
        path.chmod(0o640)
        rewrite(path, GONE)
        assert path.stat().st_mode & 0o777 == 0o640
        path = path.rename(tmp_path / f"plain{ending}")
        read = f"read_csv('{path}', all_varchar = true, header = true)" if ending == ".csv" else f"'{path}'"
        kept = duck.execute(f"FROM {read}").fetchall()
        gone = frozenset(GONE)
        assert kept == [row for at, row in enumerate(duck.execute("FROM t").fetchall()) if at not in gone]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_of_csv_not_a_byte_is_another(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = [b'"a\r\nb",c\n', b'1,"x\ny"\n', b'2,""\r\n', b'"3,\n""\n",z\n', b"4,no break at the end"]
    path.write_bytes(b"".join(lines))
    assert (heading(path), count_records(path)) == (["a\r\nb", "c"], 4)
    with path.open("rb") as file:
        assert list(records(file)) == lines
    rewrite(path, [1, 2])
    assert path.read_bytes() == lines[0] + lines[1] + lines[4]


def test_when_it_cannot_be_written_it_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"no Parquet at all")
    with pytest.raises(ExportFailed, match="cannot be written"):
        rewrite(path, [0])
    assert path.read_bytes() == b"no Parquet at all"
    assert [each.name for each in tmp_path.iterdir()] == ["x.parquet"]
