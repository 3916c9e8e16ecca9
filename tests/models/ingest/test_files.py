"""Files of rows: every format says the same, and a row that cannot be read keeps no other out."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from row_taker import take_in

from ordain.engine.errors import DataQualityIssue, MalformedRequest, PolicyError, SettingsError
from ordain.models.ingest.column_mapping import PLAIN, column_mapping_from
from ordain.models.ingest.files import lines_of
from ordain.models.ingest.line import Line
from ordain.models.limits import LIMITS
from ordain.models.store.store import FeatureStore

HEAD = "event_id,subject,kind,happened_at,gb,topic\n"
ROW = "{id},C-1,usage,2026-05-01T10:00:00Z,1,\n"


def read(file: Path) -> list[Line]:
    return list(lines_of(file, PLAIN, lambda _done, _total: None))


def written(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_all_formats_say_the_same(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    text = HEAD + 'e1,C-1,usage,2026-05-01T10:00:00Z,0.1,\ne2,C-1,ticket,2026-05-02T10:00:00Z,,"a, b"\n'
    rows = [
        {"event_id": "e1", "subject": "C-1", "kind": "usage", "happened_at": "2026-05-01T10:00:00Z", "gb": 0.1},
        {"event_id": "e2", "subject": "C-1", "kind": "ticket", "happened_at": "2026-05-02T10:00:00Z", "topic": "a, b"},
    ]
    happened = [dt.datetime(2026, 5, day, 10, tzinfo=dt.UTC) for day in (1, 2)]
    columns = {
        "event_id": ["e1", "e2"],
        "subject": ["C-1", "C-1"],
        "kind": ["usage", "ticket"],
        "happened_at": pa.array(happened, pa.timestamp("ns", "UTC")),
        "gb": [0.1, float("nan")],
        "topic": [None, "a, b"],
    }
    parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    lined = "".join(json.dumps(row) + "\n" for row in rows)
    first = take_in(sqlite_store, written(tmp_path, text))
    assert (first.added, first.quarantined) == (2, 0), first.told
    for file in (
        written(tmp_path, "\ufeff" + text.replace("\n", "\r\n"), "dos.csv"),
        written(tmp_path, text.replace('"a, b"', "a, b").replace(",", "\t").replace("a\t b", "a, b"), "tabs.tsv"),
        written(tmp_path, gzip.compress(text.encode()), "rows.csv.gz"),
        written(tmp_path, lined, "rows.ndjson"),
        written(tmp_path, gzip.compress(lined.encode()), "rows.jsonl.gz"),
        tmp_path / "rows.parquet",
    ):
        taken = take_in(sqlite_store, file)
        assert (taken.added, taken.repeated, taken.told) == (0, 2, []), file.name


def test_a_quote_that_nobody_closes_costs_its_own_line_alone(tmp_path: Path) -> None:
    good = [ROW.format(id=f"e{number}") for number in range(2 * LIMITS.row_lines)]
    file = written(tmp_path, HEAD + 'x,C-1,"usage,2026-05-01T10:00:00Z,1,\n' + "".join(good))
    bad, *rest = read(file)
    assert (bad.number, bad.wrong) == (2, "a quote is opened and not closed")
    assert [line.cells["event_id"] for line in rest if line.cells] == [f"e{number}" for number in range(len(good))]


def test_a_cell_may_have_lines_and_quotes_in_it(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + 'e1,C-1,ticket,2026-05-01,,"two\nlines, ""quoted"""\n' + ROW.format(id="e2"))
    first, second = read(file)
    assert first.cells is not None
    assert first.cells["topic"] == 'two\nlines, "quoted"'
    assert (first.number, second.number) == (2, 4)


def test_lines_that_are_no_text_too_long_or_of_another_width_are_told_one_by_one(tmp_path: Path) -> None:
    long = b"e1,C-1,usage,2026-05-01," + b"9" * LIMITS.row_bytes + b",\n"
    text = HEAD.encode() + b"e0,\xff,usage,2026-05-01,1,\n" + long + b"e2,C-1\n\n" + ROW.format(id="e3").encode()
    wrong = [(line.number, line.wrong) for line in read(written(tmp_path, text))]
    assert wrong == [
        (2, "the line is not UTF-8 text: byte 4"),
        (3, f"the line has more than {LIMITS.row_bytes:,} bytes"),
        (4, "the row has 2 cells, the header 6"),
        (6, ""),
    ]


def test_lines_of_json_that_are_none_are_told_one_by_one(tmp_path: Path) -> None:
    file = written(tmp_path, '{"a": 1}\n{"a": 1, "a": 2}\n[1]\n\n{"a": NaN}\n{"b": 2}', "rows.jsonl")
    assert [(line.number, bool(line.wrong)) for line in read(file)] == [
        *((1, False), (2, True), (3, True), (5, True), (6, False))
    ]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
def test_whatever_a_table_has_in_its_cells_is_read_as_pythons_reader_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    file = written(tmp_path_factory.mktemp("table"), text.getvalue())
    expected = [{name: cell.strip() for name, cell in zip("abc", row, strict=True) if cell.strip()} for row in rows]
    assert [line.cells for line in read(file)] == expected


@pytest.mark.parametrize(
    ("header", "source", "lacking"),
    [
        ("customer,kind,happened_at", "", ["`subject`"]),
        ("subject,when", "", ["`happened_at`", "`kind` or `snapshot`"]),
        ("subject,when", "usage", ["`happened_at`"]),
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_table_without_a_column_that_every_row_needs_is_refused_and_nothing_of_it_is_kept(
    sqlite_store: FeatureStore, tmp_path: Path, name: str, header: str, source: str, lacking: list[str]
) -> None:
    columns = header.split(",")
    file = written(tmp_path, f"{header}\n{','.join('x' * len(columns))}\n", "rows.csv")
    if name == "rows.parquet":
        file = tmp_path / name
        parquet.write_table(pa.table({column: ["x"] for column in columns}), file)
    with pytest.raises(DataQualityIssue) as raised:
        take_in(sqlite_store, file, source=source)
    assert [each.message for each in raised.value.issues] == [f"`{name}` has no column {each}" for each in lacking]
    assert sqlite_store.quarantined() == ()


def test_a_column_that_stands_twice_is_refused_in_parquet_too(tmp_path: Path) -> None:
    table = pa.table([["C-1"], ["C-2"]], names=["subject", "subject"])
    parquet.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(DataQualityIssue, match="has the column `subject` 2 times"):
        read(tmp_path / "rows.parquet")


def test_parquets_short_floats_and_texts_without_an_encoding_are_read_as_what_they_say(tmp_path: Path) -> None:
    columns = {
        "gb": pa.array([0.1, None, float("inf"), 16777216.0], pa.float32()),
        "subject": pa.array([b"J\xc3\xb6rg", None, b"\xff", b"x"], pa.binary()),
    }
    parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    cells = [line.cells for line in read(tmp_path / "rows.parquet")]
    assert cells == [
        {"gb": Decimal("0.1"), "subject": "Jörg"},
        {},
        {"subject": b"\xff"},
        {"gb": 16777216, "subject": "x"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,a\n1,2\n", "has the column `a` 2 times"),
        ("a,\n1,2\n", "a column without a name"),
        ("a\n1\n".encode("utf-16"), "is UTF-16 text"),
    ],
)
def test_a_header_that_is_no_good_is_refused_before_any_row(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DataQualityIssue, match=said):
        read(written(tmp_path, text))


def test_a_file_that_is_cut_off_says_so_once_its_rows_are_taken(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    rows = HEAD + "".join(ROW.format(id=f"e{number}") for number in range(3 * LIMITS.rows_together))
    whole = gzip.compress(rows.encode())
    file = written(tmp_path, whole[:-200], "rows.csv.gz")
    with pytest.raises(DataQualityIssue, match="it ends too early"):
        take_in(sqlite_store, file)
    before = len(sqlite_store.events_of("C-1"))
    assert before >= LIMITS.rows_together
    taken = take_in(sqlite_store, written(tmp_path, whole, "rows.csv.gz"))
    assert (taken.added, taken.repeated) == (3 * LIMITS.rows_together - before, before)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("gone.csv", None, SettingsError),
        ("gone.parquet", None, SettingsError),
        ("no.csv.gz", b"a,b\n", DataQualityIssue),
        ("no.parquet", b"PAR1 or not", DataQualityIssue),
        ("rows.xlsx", b"", MalformedRequest),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, data: bytes | None, error: type[Exception]
) -> None:
    file = tmp_path / name if data is None else written(tmp_path, data, name)
    with pytest.raises(error, match=name.replace(".", r"\.")):
        read(file)


# --- the mapping ------------------------------------------------------------------------------------------------

MAPPING = """
kind: usage
columns: {subject: Kunde, happened_at: Zeit, gb: Menge}
leave out: [Notiz]
separator: ";"
missing: ["-"]
time format: "%d.%m.%Y %H:%M"
time zone: Europe/Berlin
decimal comma: true
"""


def test_a_mapping_says_how_columns_are_called_and_values_are_written(
    sqlite_store: FeatureStore, tmp_path: Path
) -> None:
    mapping = column_mapping_from(MAPPING.encode(), "m.yaml")
    text = "Kunde;Zeit;Menge;Notiz\nC-1;01.05.2026 10:00;1.234,5;privat\nC-1;02.05.2026 10:00;-;x\n"
    taken = take_in(sqlite_store, written(tmp_path, text), mapping, source="usage")
    assert (taken.added, taken.quarantined) == (2, 0), taken.told
    first, second = sqlite_store.events_of("C-1")
    assert (first.happened, first.fields) == (dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC), {"gb": "1234.5"})
    assert second.fields == {}


@pytest.mark.parametrize(
    ("written_as", "gb"),
    [
        ("12,5", "12.5"),
        ("1.234", "1234"),
        ("-1.234.567,8", "-1234567.8"),
        ("7", "7"),
        ("1.5", None),
        ("1234.567", None),
    ],
)
def test_with_decimal_commas_a_point_that_groups_no_digits_is_not_dropped(
    sqlite_store: FeatureStore, tmp_path: Path, written_as: str, gb: str | None
) -> None:
    file = written(tmp_path, f"subject;happened_at;gb\nC-1;2026-05-01;{written_as}\n")
    mapping = column_mapping_from(b'{separator: ";", decimal comma: true}', "m.yaml")
    taken = take_in(sqlite_store, file, mapping, source="usage")
    assert [event.fields for event in sqlite_store.events_of("C-1")] == ([] if gb is None else [{"gb": gb}])
    if gb is None:
        said = f'`gb`: the text `"{written_as}"` has a decimal point, and the mapping says `decimal comma: true`'
        assert taken.told[0].reasons == (said,)


def test_times_may_be_counted_since_1970(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    mapping = column_mapping_from(b"time format: unix milliseconds", "m.yaml")
    row = {"subject": "C-1", "kind": "login", "happened_at": 1777629600500}
    take_in(sqlite_store, written(tmp_path, json.dumps(row), "rows.jsonl"), mapping)
    (event,) = sqlite_store.events_of("C-1")
    assert event.happened == dt.datetime(2026, 5, 1, 10, 0, 0, 500_000, tzinfo=dt.UTC)


def test_a_mapping_with_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    mapping = column_mapping_from(b"columns: {gb: usege}", "m.yaml")
    file = written(tmp_path, "subject,usage\nC-1,1\n")
    with pytest.raises(DataQualityIssue, match="has no column `usege`") as raised:
        list(lines_of(file, mapping, lambda _done, _total: None))
    assert raised.value.issues[0].hint == "did you mean `usage`?"


def test_all_findings_of_a_mapping_come_at_once() -> None:
    wrong = """
kind: a
snapshot: b
colums: {}
columns: {a: x, b: x}
separator: ";;"
time format: tomorrow
time zone: Mars/Base
decimal comma: sometimes
true is: [J]
false is: [J]
leave out: {a: b}
missing: [[a]]
"""
    with pytest.raises(PolicyError) as raised:
        column_mapping_from(wrong.encode(), "m.yaml")
    said = [issue.message for issue in raised.value.issues]
    assert len(said) == 10, said
    assert all(issue.span is not None for issue in raised.value.issues)


def test_a_float_of_a_parquet_file_is_its_shortest_decimal(sqlite_store: FeatureStore, tmp_path: Path) -> None:
    columns = {"subject": ["C-1"], "happened_at": [dt.datetime(2026, 5, 1)], "gb": [0.1], "big": [Decimal("12.50")]}
    parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    taken = take_in(sqlite_store, tmp_path / "rows.parquet", source="usage")
    (event,) = sqlite_store.events_of("C-1")
    assert (taken.added, event.fields) == (1, {"gb": "0.1", "big": "12.5"})
