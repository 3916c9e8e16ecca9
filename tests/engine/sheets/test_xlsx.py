"""What spreadsheets make of cells: numbers, dates, flags, formulas, merged cells; and how Ordain writes them."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from sheet_cases import VOCABULARY, loaded, text_with

from ordain.engine.errors import PolicyError
from ordain.engine.policy.model import Policy
from ordain.engine.sheets import xlsx
from ordain.engine.sheets.back import bring_back
from ordain.engine.sheets.book import book_of, chosen_sections
from ordain.engine.sheets.xlsx import read_xlsx, write_xlsx

RULES = """\
decides:
  offer:
    gives: {action: {type: text, values: [call, mail]}, percent: number}
    hit policy: first
    rules:
      - {id: one, when: {risk: 0.80, vip: true, since: '@"2026-01-02"'}, then: {action: call, percent: 30}}
      - {id: two, when: {city: '"=1+1"'}, then: {action: mail, percent: 10}, because: "=not a formula"}
    otherwise: {action: mail, percent: 0}
"""


@pytest.fixture
def policy() -> Policy:
    return loaded(text_with(RULES))


def opened(policy: Policy) -> Any:
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(book_of(policy), chosen_sections(policy))))


def after(policy: Policy, change: Callable[[Any], object]) -> str:
    """The policy's new text after a change to the workbook."""
    workbook = opened(policy)
    change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return bring_back(read_xlsx(out.getvalue(), "rules.xlsx"), policy, VOCABULARY, "v1.yaml").text.decode()


def said(policy: Policy, change: Callable[[Any], object]) -> str:
    with pytest.raises(PolicyError) as caught:
        after(policy, change)
    return str(caught.value)


def column(workbook: Any, heading: str) -> int:
    return next(cell.column for cell in workbook["offer"][1] if cell.value == heading)


def setting(row: int, heading: str, value: object, form: str = "General") -> Callable[[Any], object]:
    def change(workbook: Any) -> None:
        cell = workbook["offer"].cell(row, column(workbook, heading))
        cell.number_format = form
        cell.value = value

    return change


def test_every_cell_is_a_text_and_the_headings_stay_in_sight(policy: Policy) -> None:
    workbook = opened(policy)
    assert workbook.sheetnames == ["About", "offer"]
    page = workbook["offer"]
    assert page.freeze_panes == "B2"
    filled = [cell for sheet in workbook.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    assert {(cell.data_type, cell.number_format) for cell in filled} == {("s", "@")}
    assert "=not a formula" in [cell.value for cell in filled]
    assert page.column_dimensions["A"].width >= 8
    assert [offered.formula1 for offered in page.data_validations.dataValidation] == ['"call,mail"']


def test_the_first_page_says_what_the_sheets_are_of(policy: Policy) -> None:
    told = {row[0].value: row[1].value for row in opened(policy)["About"].iter_rows() if row[0].value}
    assert (told["policy:"], told["version:"], told["text:"]) == ("sample", "1", policy.digest)
    assert told["hit policy:"] == "first"
    assert told["gives:"] == "action: {type: text, values: [call, mail]}, percent: number"
    assert told["otherwise:"] == "action: mail, percent: 0"


@pytest.mark.parametrize(
    ("heading", "value", "form"),
    [
        ("when: risk", 0.8, "General"),
        ("when: vip", True, "General"),
        ("then: percent", 30, "0.00"),
        ("then: percent", 30.0, "0"),
    ],
)
def test_a_cell_that_became_a_number_or_a_flag_is_unchanged(
    policy: Policy, heading: str, value: object, form: str
) -> None:
    assert after(policy, setting(2, heading, value, form)) == text_with(RULES)


def test_new_numbers_and_dates_are_written_as_the_policy_has_them(policy: Policy) -> None:
    assert "percent: 12.5}" in after(policy, setting(2, "then: percent", 12.5))
    assert after(policy, setting(2, "when: since", dt.datetime(2026, 1, 2))) == text_with(RULES)
    dated = after(policy, setting(3, "when: since", dt.datetime(2026, 5, 1)))
    assert """since: '@"2026-05-01"'""" in dated


def test_what_a_spreadsheet_made_of_a_cell_is_not_taken_silently(policy: Policy) -> None:
    date = said(policy, setting(3, "because", dt.datetime(2026, 5, 1)))
    assert "column I (because): `2026-05-01` is a date here, and was `=not a formula`" in date
    assert "it holds a formula" in said(policy, setting(3, "because", "=1+1"))
    assert "the cell shows 80 % but its value is 0.8" in said(policy, setting(2, "when: risk", 0.8, "0%"))
    assert "a date here, and was `one`" in said(policy, setting(2, "id", dt.datetime(2026, 5, 1)))


def test_merged_cells_and_missing_sheets_are_said(policy: Policy) -> None:
    merged = said(policy, lambda workbook: workbook["offer"].merge_cells("B2:B3"))
    assert "sheet `offer`: the cells B2:B3 are merged" in merged
    assert "there is no sheet `offer`" in said(policy, lambda workbook: setattr(workbook["offer"], "title", "mine"))
    assert "there is no sheet `About`" in said(policy, lambda workbook: workbook.remove(workbook["About"]))


def test_what_cannot_be_changed_in_a_sheet_is_said(policy: Policy) -> None:
    def change(workbook: Any) -> None:
        row = next(row for row in workbook["About"].iter_rows() if row[0].value == "hit policy:")
        row[1].value = "unique"

    assert "`hit policy` is `unique` in the sheets, and `first` in the policy" in said(policy, change)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"policy:,sample\r\n"])
def test_a_file_that_is_no_workbook_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(PolicyError, match="this is not an XLSX file"):
        read_xlsx(data, "rules.xlsx")


def test_a_cell_far_away_with_nothing_in_it_is_no_part_of_the_sheet(policy: Policy) -> None:
    assert after(policy, lambda workbook: workbook["offer"].cell(1_048_576, 16_384)) == policy.text.decode()


def test_a_cell_far_away_with_something_in_it_is_refused_without_visiting_what_lies_between(policy: Policy) -> None:
    found = said(policy, lambda workbook: workbook["offer"].cell(1_048_576, 16_384, "x"))
    assert "sheet `offer`: it reaches as far as row 1,048,576 and column XFD" in found


def test_the_cells_of_all_sheets_together_are_limited(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    given = write_xlsx(book_of(policy))
    with zipfile.ZipFile(io.BytesIO(given)) as book:
        sheets = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/")]
    cells = sum(len(re.findall(rb"<(?:c|row)[ />]", sheet)) for sheet in sheets)
    assert len(sheets) > 1
    monkeypatch.setattr(xlsx, "_MOST_CELLS", cells)
    read_xlsx(given, "rules.xlsx")
    monkeypatch.setattr(xlsx, "_MOST_CELLS", cells - 1)
    with pytest.raises(PolicyError, match=f"its sheets have more than {cells - 1} cells"):
        read_xlsx(given, "rules.xlsx")


def test_a_whole_sheet_that_is_merged_is_refused_without_visiting_its_cells(policy: Policy) -> None:
    given, out = io.BytesIO(write_xlsx(book_of(policy))), io.BytesIO()
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    with zipfile.ZipFile(given) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"</sheetData>", merged))
    with pytest.raises(PolicyError, match="the cells A1:XFD1048576 are merged"):
        read_xlsx(out.getvalue(), "rules.xlsx")
