"""Files that `ordain decide --table` is given: what people save, what is no table, and what is one to some row only."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answers import NOON, QUOTE
from served import ordain_here

from ordain.api import batch
from ordain.audit.records.table_rows import table_rows

HEADING = "subject,usage_gb,plan_gb\n"
MANY = "".join(f"C-{number},95,100\n" for number in range(600))


def _decide(folder: Path, table: str, *more: str, service: str = "plan-advice", code: int = 0) -> str:
    done = ordain_here(folder, "decide", service, "--table", table, *more)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def _answers(folder: Path, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{table}.decisions.jsonl").read_bytes().splitlines()]


def _nothing_done(folder: Path) -> bool:
    return not list(folder.glob("*.decisions.jsonl*")) and not (folder / "ordain.db").exists()


def _facts(folder: Path) -> list[dict[str, Any]]:
    """What is on record as given, in the order of recording."""
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        envelopes = [json.loads(row[0]) for row in database.execute("SELECT envelope FROM entry ORDER BY leaf_index")]
    ids = [envelope["id"] for envelope in envelopes if envelope["kind"] == "decision"]
    shown = [json.loads(ordain_here(folder, "audit", "show", id, "--json").stdout)["private"]["facts"] for id in ids]
    return [{name: fact["value"] for name, fact in facts.items()} for facts in shown]


OTHERS = {
    "a byte late": ((HEADING + MANY).encode() + b"M\xfcller,1,2\n", "row 601 of `t.csv` is not UTF-8", "CSV UTF-8"),
    "a byte in the heading": (b"subject,us\xe4ge\nC-1,1\n", "the heading of `t.csv` is not UTF-8", "CSV UTF-8"),
    "an open quote late": (
        (HEADING + MANY + 'C-1,"95,100\nC-2,1,2\n').encode(),
        "row 601 of `t.csv` opens a quotation mark that is never closed",
        "save it anew",
    ),
    "a quote within": ((HEADING + MANY + '"C"1,1,2\n').encode(), "row 601 of `t.csv` has text after", "save it anew"),
    "a long cell": ((HEADING + "C" * 140_000 + ",1,2\n").encode(), "row 1 of `t.csv` has a cell that is too", "anew"),
    "semicolons": (b"subject;usage_gb;plan_gb\nC-1;1;2\n", "stand between semicolons", "save it as CSV with commas"),
    "tabs": (b"subject\tusage_gb\tplan_gb\nC-1\t1\t2\n", "stand between tabs", "save it as CSV with commas"),
    "UTF-16": ((HEADING + "C-1,1,2\n").encode("utf-16"), "`t.csv` is UTF-16 text", "save it as CSV UTF-8"),
    "UTF-16 without mark": ((HEADING + "C-1,1,2\n").encode("utf-16-le"), "is no text in UTF-8", "CSV UTF-8"),
    "gzip": (gzip.compress(HEADING.encode()), "`t.csv` is compressed by gzip", "unpack it first"),
    "a spreadsheet": (b"PK\x03\x04rest", "`t.csv` is a spreadsheet or a zip archive", "save its sheet as CSV UTF-8"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_is_no_csv_to_its_end_is_told_before_anything_is_decided(tmp_path: Path, name: str) -> None:
    data, told, hint = OTHERS[name]
    (tmp_path / "t.csv").write_bytes(data)
    shown = _decide(tmp_path, "t.csv", code=2)
    assert told in shown
    assert hint in shown
    assert _nothing_done(tmp_path)


def test_json_lines_that_are_compressed_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(gzip.compress(b"{}"))
    assert "`t.jsonl` is compressed by gzip" in _decide(tmp_path, "t.jsonl", code=2)
    assert _nothing_done(tmp_path)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, ending: str) -> None:
    text = '\ufeffsubject,usage_gb,plan_gb,note\n"C ""1""\nMüller",95,100,ü\n\nC-2,95,100,\n'
    (tmp_path / "t.csv").write_bytes(text.replace("\n", ending).encode())
    assert "2 rows decided" in _decide(tmp_path, "t.csv", "--ignore-column", "note")


def test_a_number_with_an_underscore_is_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(HEADING + "C-1,1_000,100\nC-2,１０,100\nC-3, 1e2 ,100\n")
    assert "1 row decided" in _decide(tmp_path, "t.csv", code=1)
    assert "usage_gb" in _answers(tmp_path, "t.csv")[0]["error"]["message"]


def test_thousands_of_unknown_columns_are_told_at_once_and_in_short(tmp_path: Path) -> None:
    names = [f"unknown_{number}" for number in range(20_000)]
    (tmp_path / "t.csv").write_text(",".join(["subject", *names]) + "\n" + ",".join(["C-1", *("1" for _ in names)]))
    told = _decide(tmp_path, "t.csv", code=2)
    assert "and 19,995 more such columns" in told
    assert len(told.splitlines()) < 20


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    assert "`t.csv` is no file, and a table is read twice" in _decide(tmp_path, "t.csv", code=2)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").mkdir()
    assert "`t.parquet` is no file" in _decide(tmp_path, "t.parquet", code=2)


def _parquet(folder: Path, **columns: Any) -> None:
    pq.write_table(pa.table(columns), folder / "t.parquet")


def test_a_parquet_column_that_stands_twice_is_told(tmp_path: Path) -> None:
    table = pa.table([["C-1"], [1], [2]], names=["subject", "usage_gb", "usage_gb"])
    pq.write_table(table, tmp_path / "t.parquet")
    assert "`t.parquet` has the column `usage_gb` twice" in _decide(tmp_path, "t.parquet", code=2)
    assert _nothing_done(tmp_path)


def test_a_parquet_time_that_is_in_no_calendar_spoils_only_its_row(tmp_path: Path) -> None:
    times = pa.array([10**12, 10**16, 10**12], pa.timestamp("ms", tz="UTC"))
    _parquet(tmp_path, subject=["C-1", "C-2", "C-3"], usage_gb=[1, 1, 1], plan_gb=[2, 2, 2], at=times)
    told = _decide(tmp_path, "t.parquet", code=1)
    assert "row 2 of `t.parquet`, column `at`: the value cannot be read" in told
    assert [answer.get("line") for answer in _answers(tmp_path, "t.parquet")][1] == 2


def test_a_damaged_parquet_page_is_told_with_its_row_before_anything_is_decided(tmp_path: Path) -> None:
    rows = 200_000
    table = pa.table({"subject": [f"C-{n}" for n in range(rows)], "usage_gb": [1] * rows, "plan_gb": [2] * rows})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1_000, compression="snappy")
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    place = len(data) // 2
    data[place : place + 2_000] = b"\xff" * 2_000
    (tmp_path / "t.parquet").write_bytes(data)
    told = _decide(tmp_path, "t.parquet", code=2)
    assert "`t.parquet` is damaged after row " in told
    assert "no reason given" not in told
    assert _nothing_done(tmp_path)


def test_numbers_of_32_bits_are_taken_as_people_see_them(tmp_path: Path) -> None:
    usage = pa.array([33.3, 0.1], pa.float32())
    _parquet(tmp_path, subject=["C-1", "C-2"], usage_gb=usage, plan_gb=[100, 100])
    _decide(tmp_path, "t.parquet")
    assert [facts["usage_gb"] for facts in _facts(tmp_path)] == ["33.3", "0.1"]


def test_short_numbers_are_read_by_their_shortest_text_wherever_they_stand(tmp_path: Path) -> None:
    floats = [33.3, 16777216.0, -1e-10, None, 2.5, 7.0]
    halves = [33.3, 65504.0, 0.001, None, -0.1, 2.5]
    columns = {
        "single": pa.array(floats, pa.float32()),
        "half": pa.array(halves, pa.float16()),
        "list": pa.array([[number, 0.1] for number in floats], pa.list_(pa.float32())),
        "struct": pa.array([{"a": number, "b": "x"} for number in floats], pa.struct({"a": pa.float32(), "b": "str"})),
    }
    _parquet(tmp_path, **columns)
    rows = [row.cells for row in table_rows(tmp_path / "t.parquet")]
    assert [row["single"] for row in rows] == floats
    assert [row["half"] for row in rows] == halves
    assert [row["list"] for row in rows] == [[number, 0.1] for number in floats]
    assert [row["struct"]["a"] for row in rows] == floats
    _parquet(tmp_path, single=pa.array([math.inf, math.nan], pa.float32()))
    assert [str(row.cells["single"]) for row in table_rows(tmp_path / "t.parquet")] == ["inf", "nan"]


def test_midnights_without_a_zone_are_dates(tmp_path: Path) -> None:
    quote = {**QUOTE, "contract_start": [dt.datetime(2026, 1, 1)]}
    columns = {name: value if isinstance(value, list) else [value] for name, value in quote.items()}
    columns |= {"subject": ["C-1"], "at": [dt.datetime.fromisoformat(NOON)]}
    columns["contract_start"] = pa.array(columns["contract_start"], pa.timestamp("ns"))
    _parquet(tmp_path, **columns)
    _decide(tmp_path, "t.parquet", service="price-quote")
    assert _facts(tmp_path)[0]["contract_start"] == "2026-01-01"


def test_a_customer_with_a_floating_point_number_is_told_what_to_do(tmp_path: Path) -> None:
    _parquet(tmp_path, subject=[1001.0], usage_gb=[1], plan_gb=[2])
    told = _decide(tmp_path, "t.parquet", code=1)
    assert "the column `subject` has 1001.0, a floating-point number" in told
    assert "as whole numbers" in told


def test_half_of_a_surrogate_pair_spoils_only_its_line(tmp_path: Path) -> None:
    good = '{"subject": "C-1", "facts": {"usage_gb": 95, "plan_gb": 100}}'
    bad = [
        '{"subject": "C-2", "facts": {"\\ud800": 95, "plan_gb": 100}}',
        '{"\\ud800": 1}',
        '{"subject": "C-2", "facts": 1, "\\udfff": 1}',
        '{"subject": "C-3", "facts": {}, "at": "\\ud800"}',
        '{"a\\ud800": 1, "a\\ud800": 2}',
    ]
    (tmp_path / "t.jsonl").write_text("\n".join([good, *bad, good]))
    assert "2 rows decided" in _decide(tmp_path, "t.jsonl", code=1)
    assert [answer.get("line") for answer in _answers(tmp_path, "t.jsonl")] == [None, 2, 3, 4, 5, 6, None]


def test_a_fault_of_ours_in_one_row_spoils_only_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = batch.make_decision

    def made(ask: Any, use: Any, planned: Any) -> Any:
        if ask.subject == "C-2":
            raise ZeroDivisionError("a fault of ours")
        return decide(ask, use, planned)

    monkeypatch.setattr(batch, "make_decision", made)
    (tmp_path / "t.csv").write_text(HEADING + "C-1,95,100\nC-2,95,100\nC-3,95,100\n")
    assert "row 2: something went wrong here" in _decide(tmp_path, "t.csv", code=1)
    assert [answer.get("line") for answer in _answers(tmp_path, "t.csv")] == [None, 2, None]
    assert _answers(tmp_path, "t.csv")[1]["error"]["code"] == "InternalError"
