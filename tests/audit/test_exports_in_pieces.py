"""An export that is written in several pieces is the one that a single piece would be, and hides as many people."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from asked_ledger import START, fill
from hypothesis import given
from hypothesis import strategies as st
from ledgers import opened
from test_exports_cannot_be_joined import K, exported, persons, seen, smallest_match

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.records.analysts_rows import _pieces
from ordain.audit.records.export import Format, export
from ordain.audit.records.masking import Role
from ordain.audit.records.query import Query


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('pieces')}/ledger.db", at=lambda: START) as use:
        fill(use, 120)
        yield use


def in_pieces(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    limits = replace(LIMITS, alike_piece=length, export_piece=length)
    for module in ("analysts_rows", "export"):
        monkeypatch.setattr(f"ordain.audit.records.{module}.LIMITS", limits)


@pytest.mark.parametrize("length", [6, 40])
def test_an_analysts_export_in_pieces_has_every_entry_once_and_hides_as_many_people(
    ledger: OpenLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    whole = tmp_path / "whole"
    exported(ledger, whole, Query())
    in_pieces(monkeypatch, length)
    path = tmp_path / "pieces"
    done = exported(ledger, path, Query())
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == done.entries == sum(1 for _ in ledger.reader.records()) > 2 * length
    assert len({row["entry_id"] for row in rows}) == len(rows), "each id is made up for one row"
    assert done.made_for["masked"] == sum(bool(row.get("masked")) for row in rows)
    for shown in (persons(path), [frozenset(row.items()) for row in seen(path)]):
        assert [count for count in Counter(shown).values() if count < K] == []
    sides = ([frozenset(row.items()) for row in seen(each)] for each in (whole, path))
    assert smallest_match(*sides) >= K, "nor does one joined with the other tell anybody"
    assert list(tmp_path.glob(".*")) == []


def cells(path: Path, format: Format) -> Any:
    if format is Format.XLSX:
        sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active
        assert sheet is not None
        return list(sheet.values)
    return pq.read_table(path).to_pylist() if format is Format.PARQUET else path.read_bytes()


@pytest.mark.parametrize("format", list(Format))
def test_a_reviewers_export_in_pieces_is_the_same_file(
    ledger: OpenLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: Format
) -> None:
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    export(ledger.reader.records(), ledger.reader, whole, format, Role.REVIEWER)
    in_pieces(monkeypatch, 40)
    done = export(ledger.reader.records(), ledger.reader, pieces, format, Role.REVIEWER)
    assert cells(pieces, format) == cells(whole, format)
    if format is Format.PARQUET:
        assert pq.ParquetFile(pieces).num_row_groups == -(-done.entries // 40) > 2


@given(st.integers(0, 40), st.integers(1, 12))
def test_no_piece_is_short_and_none_is_lost(count: int, length: int) -> None:
    rows = [({"number": number}, {"number": number}) for number in range(count)]
    pieces = list(_pieces(iter(rows), length))
    assert [row for piece in pieces for row in piece] == rows
    assert all(len(piece) >= length for piece in pieces) or len(pieces) == 1
    assert all(len(piece) < 2 * length for piece in pieces)
