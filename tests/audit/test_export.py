"""An export holds what its role may see, whole or not at all, in a form that other programs read as it was meant."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from reading_sample import CALL, LOOKED_AT, PRICE, Sample, sample, scored

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.ledger.told import UNTOLD
from ordain.audit.limits import LIMITS
from ordain.audit.records.export import COLUMNS, PUBLIC_COLUMNS, Exported, Format, export, safe_cell
from ordain.audit.records.masking import MASKED, Mask, Role
from ordain.audit.records.parquet import _fitted
from ordain.audit.store.rows import DOCUMENT
from ordain.engine.errors import ExportFailed, NotRecorded

WHO = "C-1 Ravi"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def filled(made: Sample) -> Sample:
    score = scored(
        Decimal("0.85123"), ("usage_gb", Decimal("12.5"), Decimal("1.25")), ("tickets", Decimal(77), Decimal(2))
    )
    made.decide(WHO, score=score)
    made.decide(WHO, CALL)
    made.decide("C-2", PRICE, "price-quote")
    made.event(Kind.READ, {"actor": "anna", "purpose": "a complaint"}, {"action": "show", "entries": 1})
    return made


def written(made: Sample, path: Path, format: Format, role: Role, **options: Any) -> Exported:
    """Of an export for analysts what is masked in any row; what its rows have in common has tests of its own."""
    return export(made.reader.records(), made.reader, path, format, role, **{"alike": 1, **options})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_reviewer_gets_every_record_as_it_is(filled: Sample, tmp_path: Path) -> None:
    done = written(filled, tmp_path / "all.jsonl", Format.JSONL, Role.REVIEWER)
    rows = lines(tmp_path / "all.jsonl")
    for row, record in zip(rows, filled.reader.records(), strict=True):
        stored = record.merged()
        stored |= {"entry_id": stored.pop("id"), "recorded_at": stored.pop("time")}
        assert [name for name, part in stored.items() if row[name] != part] == []
        assert row["private_part"] == "readable"
        assert row["leaf_hash"] == record.entry.leaf_hash.hex()
    assert done.entries == 5
    assert done.statuses == {"readable": 5}
    assert done.ids == [row["entry_id"] for row in rows]


@pytest.mark.parametrize("format", list(Format))
def test_the_public_gets_envelopes_and_nothing_else(filled: Sample, tmp_path: Path, format: Format) -> None:
    path = tmp_path / "public"
    written(filled, path, format, Role.PUBLIC)
    data = told(path, format).encode()
    for word in (WHO, "churn_risk", "0.85", "personal call", "anna", "complaint"):
        assert word.encode() not in data
    if format is Format.JSONL:
        for row, record in zip(lines(path), filled.reader.records(), strict=True):
            names = {"id": "entry_id", "time": "recorded_at"}
            said = {name: value for name, value in record.envelope.items() if name not in UNTOLD}
            assert {name: row.pop(names.get(name, name)) for name in said} == said
            assert set(row) == {"export", "leaf_index", "leaf_hash"}


@pytest.mark.parametrize("format", list(Format))
def test_an_analyst_gets_no_personal_fact_and_no_subject(filled: Sample, tmp_path: Path, format: Format) -> None:
    path = tmp_path / "analyst"
    written(filled, path, format, Role.ANALYST)
    data = told(path, format)
    for word in (WHO, "C-2", "0.85", "12.5", "1.25", '"77"', "Asia/Kolkata", "2025-03-01", "anna", "standard", "0.15"):
        assert word not in data, word
    assert "personal call" in data, "the outcome stays"
    assert "550" in data


def test_an_analyst_sees_what_is_not_personal_and_not_where_the_rest_came_from(filled: Sample, tmp_path: Path) -> None:
    written(filled, tmp_path / "a", Format.JSONL, Role.ANALYST)
    by_kind = lines(tmp_path / "a")
    [price] = [row for row in by_kind if row["service"] == "price-quote"]
    [read] = [row for row in by_kind if row["kind"] == "read"]
    given_row, other = [row for row in by_kind if row["service"] == "retention"]
    for row in (given_row, other):
        assert row["facts"]["churn_risk"] == {"value": MASKED}
        assert row["models"] == [], "that a model scored it tells that it was not given"
    assert price["facts"]["base_price"] == {"value": {"amount": "500", "currency": "INR"}, "source": "request"}
    assert price["facts"]["current_price"] == {"value": MASKED}
    assert price["outcome"]["price"] == {"amount": "550", "currency": "INR"}
    assert [step["gives"] for step in given_row["trace"]] == [MASKED] * len(given_row["trace"]), (
        "made from personal facts"
    )
    assert (given_row["reasons"], given_row["reason_codes"], price["reasons"]) == ([], [], [])
    assert not read.keys() & {"actor", "purpose", "subject", "about"}


_OF_ONE = ("id", "leaf_index", "leaf_hash", "payload_hash", "key_commitment", "ledger", "jurisdiction", "obligations")


def test_two_exports_have_no_id_digest_place_or_time_that_joins_them(made: Sample, tmp_path: Path) -> None:
    for number in range(40):
        made.decide(f"C-{number % 9}", LOOKED_AT if number % 3 else CALL)
    made.use.settle()
    for name in ("one", "two"):
        written(made, tmp_path / name, Format.JSONL, Role.ANALYST)
    one, two = ([row for row in lines(tmp_path / name) if row["kind"] == "decision"] for name in ("one", "two"))
    for row in one:
        assert not row.keys() & set(_OF_ONE)
        assert "vulnerable" not in json.dumps([row["reasons"], row["reason_codes"], row["outcome"]])
        assert {row["at"], row["recorded_at"]} == {"2026-11-21T00:00:00+00:00"}
    for column in one[0]:
        cells = [Counter(json.dumps(row.get(column)) for row in rows) for rows in (one, two)]
        alone = [{cell for cell, count in counted.items() if count == 1} for counted in cells]
        assert not alone[0] & alone[1], column
    order = [[row["status"] for row in rows] for rows in (one, two)]
    assert sorted(order[0]) == sorted(order[1])
    assert order[0] != order[1], "one in many millions"


def test_a_value_made_only_from_what_is_open_stays_in_the_trace(made: Sample) -> None:
    private = {
        "facts": {"base_price": {"value": "1"}, "churn_risk": {"value": "0.5"}},
        "trace": [
            {"decision": "open", "reads": ["base_price"], "gives": "1"},
            {"decision": "closed", "reads": ["base_price", "churn_risk"], "gives": "2"},
            {"decision": "closed too", "reads": ["open", "closed"], "gives": "3"},
        ],
    }
    record = made.record(made.decide("C-1"))
    shown = Mask(Role.ANALYST, Past(made.reader.document)).private(
        Record(record.entry, record.envelope, Status.READABLE, private)
    )
    assert [step["gives"] for step in shown["trace"]] == ["1", MASKED, MASKED]


def test_a_pseudonym_is_the_same_within_an_export_and_in_no_other(filled: Sample, tmp_path: Path) -> None:
    for name in ("one", "two"):
        written(filled, tmp_path / name, Format.JSONL, Role.ANALYST)
    one, two = ([row["subject"] for row in lines(tmp_path / name) if "subject" in row] for name in ("one", "two"))
    assert sorted(Counter(one).values()) == [1, 2]
    assert not set(one) & set(two)


def test_when_the_vocabulary_of_that_day_is_gone_no_fact_is_shown_to_an_analyst(filled: Sample, tmp_path: Path) -> None:
    with filled.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.kind == "vocabulary"))
    written(filled, tmp_path / "a", Format.JSONL, Role.ANALYST)
    [price] = [row for row in lines(tmp_path / "a") if row["service"] == "price-quote"]
    assert {fact["value"]["masked"] for fact in price["facts"].values()} == {True}


def test_what_cannot_be_read_says_so(filled: Sample, tmp_path: Path) -> None:
    filled.erase(WHO)
    done = written(filled, tmp_path / "all.csv", Format.CSV, Role.REVIEWER)
    rows = cells(tmp_path / "all.csv")
    assert [row["private_part"] for row in rows] == ["readable", "erased", "erased", "readable", "readable", "readable"]
    assert (rows[1]["subject"], rows[1]["facts"], rows[1]["outcome_class"]) == ("", "", "")
    assert done.statuses == {"readable": 4, "erased": 2}


def test_csv_has_the_documented_columns_and_keeps_numbers_as_text(filled: Sample, tmp_path: Path) -> None:
    written(filled, tmp_path / "all.csv", Format.CSV, Role.REVIEWER)
    text = (tmp_path / "all.csv").read_bytes().decode()
    reader = csv.DictReader(text.splitlines(keepends=True))
    rows = list(reader)
    assert tuple(reader.fieldnames or ())[: len(COLUMNS)] == COLUMNS
    assert text.count("\r\n") == 6
    assert json.loads(rows[3]["outcome"])["price"] == {"amount": "550.00", "currency": "INR"}
    made, law = ("price-proposal", "price-bounds", "grandfathering"), ("eu", "uk", "us", "us-ny", "us-ca", "in")
    asked = (*made, "price-house-rules", *(f"price-law-{where}" for where in law))
    assert rows[3]["policies"] == " ".join(f"{policy}@1" for policy in asked)
    assert rows[1]["models"] == "churn@3"
    assert json.loads(rows[1]["model_scores"])[0]["score"] == "0.85123"
    assert json.loads(rows[4]["other"]) == {"actor": "anna", "purpose": "a complaint"}


def test_parquet_has_the_same_columns_with_their_types(filled: Sample, tmp_path: Path) -> None:
    written(filled, tmp_path / "all.parquet", Format.PARQUET, Role.REVIEWER)
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert tuple(schema.names)[: len(COLUMNS)] == COLUMNS
    assert (str(schema.field("leaf_index").type), str(schema.field("recorded_at").type)) == (
        "int64",
        "timestamp[us, tz=UTC]",
    )
    rows = parquet(tmp_path / "all.parquet")
    assert [row["leaf_index"] for row in rows] == list(range(5))
    assert rows[1]["recorded_at"] == dt.datetime(2026, 11, 21, 6, 30, 1, tzinfo=dt.UTC)
    assert json.loads(rows[1]["facts"])["churn_risk"] == {"value": "0.8512", "source": "churn@3"}
    written(filled, tmp_path / "public.parquet", Format.PARQUET, Role.PUBLIC)
    assert tuple(pq.read_schema(tmp_path / "public.parquet").names) == PUBLIC_COLUMNS


def test_parts_of_outcome_and_facts_are_columns_with_their_types(filled: Sample, tmp_path: Path) -> None:
    written(filled, tmp_path / "all.parquet", Format.PARQUET, Role.REVIEWER)
    schema, rows = pq.read_schema(tmp_path / "all.parquet"), parquet(tmp_path / "all.parquet")
    price = rows[3]
    assert price["outcome.price.amount"] == Decimal("550.00")
    assert (price["outcome.price.currency"], price["outcome.offer.action"]) == ("INR", None)
    assert price["facts.contract_start"] == dt.date(2025, 3, 1)
    assert price["facts.price_personalised"] is True
    assert price["at"] == dt.datetime(2026, 11, 21, 6, 30, 3, tzinfo=dt.UTC)
    assert rows[1]["outcome.offer.discount_percent"] == Decimal(30)
    assert rows[4]["outcome.price.amount"] is None
    types = {name: schema.field(name).type for name in ("outcome.price.amount", "at", "facts.plan_enrolled_on")}
    assert pa.types.is_decimal(types["outcome.price.amount"])
    assert (str(types["at"]), str(types["facts.plan_enrolled_on"])) == ("timestamp[us, tz=UTC]", "date32[day]")


def test_what_an_analyst_may_not_see_is_empty_in_its_own_column_too(filled: Sample, tmp_path: Path) -> None:
    written(filled, tmp_path / "a.parquet", Format.PARQUET, Role.ANALYST)
    [price] = [row for row in parquet(tmp_path / "a.parquet") if row["service"] == "price-quote"]
    assert (price["facts.current_price.amount"], price["facts.base_price.amount"]) == (None, Decimal(500))


def test_a_workbook_has_typed_cells_and_no_formula(filled: Sample, tmp_path: Path) -> None:
    filled.decide("=1+1")
    filled.decide("\x01 control")
    written(filled, tmp_path / "all.xlsx", Format.XLSX, Role.REVIEWER)
    heads, *rows = sheet(tmp_path / "all.xlsx")
    price, formula, control = (dict(zip(heads, rows[number], strict=True)) for number in (3, 5, 6))
    assert price["outcome.price.amount"] == 550
    assert price["recorded_at (UTC)"] == dt.datetime(2026, 11, 21, 6, 30, 3)
    assert price["facts.contract_start"] == dt.datetime(2025, 3, 1)
    assert (formula["subject"], control["subject"]) == ("=1+1", "\N{REPLACEMENT CHARACTER} control")
    [only] = openpyxl.load_workbook(tmp_path / "all.xlsx").worksheets
    assert {cell.data_type for row in only.iter_rows() for cell in row} <= {"s", "inlineStr", "n", "d", "b"}


def test_a_csv_begins_with_a_byte_order_mark_only_when_asked(filled: Sample, tmp_path: Path) -> None:
    for mark in (True, False):
        written(filled, tmp_path / "a.csv", Format.CSV, Role.REVIEWER, mark=mark, replace=True)
        assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf") is mark


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_number_is_written_or_empty_in_parquet(number: Decimal) -> None:
    fitted = _fitted(number)
    assert fitted is None or abs(fitted - number) <= Decimal("5e-19")
    assert (fitted is None) is (abs(number) >= Decimal(10) ** 20)
    pa.array([fitted], pa.decimal128(38, 18))


def test_a_large_export_is_written_in_pieces(made: Sample, tmp_path: Path) -> None:
    record = made.record(made.decide("C-1"))
    many = (same for same, _ in zip(repeat(record), range(4_500), strict=False))
    done = export(many, made.reader, tmp_path / "m", Format.PARQUET, Role.PUBLIC)
    assert pq.ParquetFile(tmp_path / "m").num_row_groups == 3
    assert (done.entries, len(done.ids)) == (4_500, LIMITS.ids_named)


@pytest.mark.parametrize("subject", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(made: Sample, tmp_path: Path, subject: str) -> None:
    made.decide(subject)
    written(made, tmp_path / "f.csv", Format.CSV, Role.REVIEWER)
    rows = cells(tmp_path / "f.csv")
    assert rows[1]["subject"] == f"'{subject}"


@given(st.text())
def test_a_safe_cell_keeps_its_text(text: str) -> None:
    cell = safe_cell(text)
    assert isinstance(cell, str)
    assert cell.endswith(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_file_appears_after_the_confirmation_and_for_its_owner_only(filled: Sample, tmp_path: Path) -> None:
    target, seen = tmp_path / "all.jsonl", []

    def confirm(exported: Exported) -> None:
        seen.append((exported.entries, target.exists()))

    written(filled, target, Format.JSONL, Role.REVIEWER, confirm=confirm)
    assert seen == [(5, False)]
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("format", list(Format))
def test_an_export_that_may_not_be_leaves_nothing_behind(filled: Sample, tmp_path: Path, format: Format) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def refuse(exported: Exported) -> None:
        raise NotRecorded("the reading could not be recorded")

    with pytest.raises(NotRecorded):
        written(filled, folder / "all", format, Role.REVIEWER, confirm=refuse)
    with pytest.raises(ZeroDivisionError):
        export((1 // 0 for _ in range(1)), filled.reader, folder / "all", format, Role.PUBLIC)  # type: ignore[misc]
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_when_asked(filled: Sample, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    target.write_text("mine")
    with pytest.raises(ExportFailed, match="already"):
        written(filled, target, Format.JSONL, Role.PUBLIC)
    assert target.read_text() == "mine"
    written(filled, target, Format.JSONL, Role.PUBLIC, replace=True)
    assert len(lines(target)) == 5


@pytest.mark.parametrize("name", ["ordain.db", "config.yaml", "master.key", "all.csv", "folder.jsonl"])
def test_what_is_no_export_of_that_kind_is_never_replaced(filled: Sample, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    if name.startswith("folder"):
        target.mkdir()
    else:
        target.write_text("mine")
    with pytest.raises(ExportFailed, match=f"`.*{name}` is no .jsonl file, so it is not replaced"):
        written(filled, target, Format.JSONL, Role.PUBLIC, replace=True)
    assert target.is_dir() or target.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(filled: Sample, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="no such file or directory"):
        written(filled, tmp_path / "nowhere" / "all.csv", Format.CSV, Role.PUBLIC)


def told(path: Path, format: Format) -> str:
    """All that stands in an export."""
    match format:
        case Format.PARQUET:
            return json.dumps(parquet(path), default=str)
        case Format.XLSX:
            return json.dumps(sheet(path), default=str)
    return path.read_text()


def sheet(path: Path) -> list[tuple[Any, ...]]:
    [only] = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).worksheets
    return list(only.iter_rows(values_only=True))


def parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
