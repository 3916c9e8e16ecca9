"""What people add to a sheet for themselves stays out of the policy, and findings that are alike come once."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook
from sheet_cases import FILE, VOCABULARY, loaded, text_with

from ordain.engine.errors import Level, PolicyError
from ordain.engine.sheets.back import Returned, bring_back
from ordain.engine.sheets.book import Book, Cell, book_of
from ordain.engine.sheets.xlsx import read_xlsx, write_xlsx

RULES = """\
decides:
  offer:
    gives: number
    hit policy: first
    rules:
      - {id: best, when: {risk: "> 0.80"}, then: 30, because: Likely to leave.}
      - {id: rest, when: {risk: "<= 0.80"}, then: 10, because: The others.}
    otherwise: 0
"""
POLICY = loaded(text_with(RULES))


def back(book: Book) -> Returned:
    return bring_back(book, POLICY, VOCABULARY, FILE)


def edited(change: Callable[[Any], None]) -> Book:
    """The workbook after somebody changed its sheet of rules."""
    workbook = load_workbook(io.BytesIO(write_xlsx(book_of(POLICY))))
    change(workbook.worksheets[1])
    out = io.BytesIO()
    workbook.save(out)
    return read_xlsx(out.getvalue(), "rules.xlsx")


@pytest.mark.parametrize("heading", ["Notes", "remarks", " Internal "])
def test_a_column_of_notes_is_left_out_and_told(heading: str) -> None:
    def change(page: Any) -> None:
        column = page.max_column + 1
        page.cell(1, column).value = heading
        page.cell(2, column).value = "ask Asha"

    returned = back(edited(change))
    assert returned.text == POLICY.text
    (note,) = returned.notes
    assert f"the column `{heading.strip()}` is left out" in note.message
    assert note.level is Level.NOTE


@pytest.mark.parametrize("merged", [False, True])
def test_a_title_between_the_rows_is_left_out_and_told(merged: bool) -> None:
    def change(page: Any) -> None:
        page.insert_rows(3)
        page.cell(3, 1).value = "All the others"
        if merged:
            page.merge_cells("A3:D3")

    returned = back(edited(change))
    assert returned.text == POLICY.text
    (note,) = returned.notes
    assert "row 3: the row with nothing but `All the others` is left out" in note.message


def test_a_merged_cell_among_others_is_still_refused() -> None:
    with pytest.raises(PolicyError, match="are merged"):
        edited(lambda page: page.merge_cells("A2:B2"))


def test_a_cell_is_stored_without_the_line_end_behind_it() -> None:
    book = book_of(POLICY)
    sheet = book.sheets[0]

    def typed(text: str) -> Book:
        rows = [[replace(cell, text=text) if cell.text == "> 0.80" else cell for cell in row] for row in sheet.rows]
        return replace(book, sheets=(replace(sheet, rows=tuple(map(tuple, rows))),))

    assert b'"[0.8..0.9)"' in back(typed("[0.8..0.9)\n")).text
    assert back(typed("> 0.80\n")).text == POLICY.text


def test_many_cells_with_the_same_fault_are_one_finding_with_a_count() -> None:
    def change(page: Any) -> None:
        headings: list[Cell] = [cell.value for cell in page[1]]
        column = next(number for number, text in enumerate(headings, 1) if str(text).startswith("then"))
        for row in range(2, 62):
            page.cell(row, 1).value = f"rule-{row}"
            page.cell(row, column).value = row / 1000
            page.cell(row, column).number_format = "0.0%"

    with pytest.raises(PolicyError) as caught:
        edited(change)
    (issue,) = caught.value.issues
    assert "row 2" in issue.message
    assert issue.message.endswith("; it is the same with 59 more cells")
