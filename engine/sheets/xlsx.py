"""Sheets as an XLSX file: a page that says what they are of, then one sheet for each table, all cells texts."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.datavalidation import DataValidation

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.limits import LIMITS
from ordain.engine.sheets.alike import told_once
from ordain.engine.sheets.book import Book, Cell, Held, Sheet, letters
from ordain.engine.sheets.sections import Section

_COVER = "About"
_WIDEST, _NARROWEST = 60, 8
_MOST_BYTES, _MOST_CELLS = LIMITS.workbook_bytes, LIMITS.workbook_cells
_ESCAPE = "_x005F_"
_CODE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Where a text looks like the file format's sign for a character, such as _x0041_."""
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([^"']*)""")
_CELL = re.compile(rb"<(?:\w+:)?(?:c|row)[\s/>]")
"""A cell, or a row, which openpyxl keeps too."""


def write_xlsx(book: Book, sections: tuple[Section, ...] = ()) -> bytes:
    """The file's bytes. `sections` of the same tables offer the declared values of outputs in a list."""
    for sheet in book.sheets:
        for cell in (cell for row in (sheet.headings, *sheet.rows) for cell in row):
            if _ESCAPE[1:] in cell.text:
                place = sheet.place(cell.row, cell.column)
                raise PolicyError(f"{place}: `{_ESCAPE[1:]}` cannot stand in an XLSX file", "write a CSV file instead")
    workbook = Workbook()
    cover = workbook.worksheets[0]
    cover.title = _COVER
    rows = [("policy:", book.policy, ""), ("version:", book.version, ""), ("text:", book.digest, "")]
    rows += [("note:", note, "") for note in book.notes]
    for sheet in book.sheets:
        rows += [
            ("", "", ""),
            ("table:", sheet.name, sheet.title),
            *((f"{key}:", said, "") for key, said in sheet.about),
        ]
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            _put(cover, Cell(text, number, column))
        cover.cell(number, 1).font = Font(bold=True)
    for letter, width in (("A", 18), ("B", 90), ("C", 32)):
        cover.column_dimensions[letter].width = width
    values = {section.name: section for section in sections}
    for sheet in book.sheets:
        _write_sheet(workbook.create_sheet(sheet.title), sheet, values.get(sheet.name))
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _write_sheet(page: Any, sheet: Sheet, section: Section | None) -> None:
    for row in (sheet.headings, *sheet.rows):
        for cell in row:
            _put(page, cell)
    for heading in sheet.headings:
        head = page.cell(1, heading.column)
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="E8EDF3")
        texts = [heading.text, *(row[heading.column - 1].text for row in sheet.rows)]
        widest = max(len(line) for text in texts for line in text.split("\n"))
        page.column_dimensions[letters(heading.column)].width = min(max(widest + 2, _NARROWEST), _WIDEST)
    page.freeze_panes = "B2"
    for column, path in enumerate(section.columns if section else (), start=1):
        values = section.values.get(path, ()) if section else ()
        listed = ",".join(values)
        if values and len(listed) < 255 and not any("," in value or '"' in value for value in values):
            offered = DataValidation("list", f'"{listed}"', allow_blank=True, showErrorMessage=False)
            offered.add(f"{letters(column)}2:{letters(column)}{len(sheet.rows) + 200}")
            page.add_data_validation(offered)


def _put(page: Any, cell: Cell) -> None:
    """A text, whatever it looks like: never a formula, a number or a date."""
    square = page.cell(cell.row, cell.column)
    square.number_format = "@"
    square.alignment = Alignment(wrap_text=True, vertical="top")
    if cell.text:
        square.value = _CODE.sub(_ESCAPE, cell.text.replace("\r\n", "\n").replace("\r", "\n"))
        square.data_type = "s"
        square.quotePrefix = cell.text[:1] in "=+-@'"


def read_xlsx(data: bytes, file: str, *, percents: bool = False) -> Book:
    """The sheets in an XLSX file. Raises PolicyError with every cell that is no plain value.

    `percents`: a cell that is shown as percent is one, and says what it shows: 5 for 5 %.
    """
    workbook = opened_workbook(data, file)
    if _COVER not in workbook.sheetnames:
        hint = "do not rename or delete it"
        message = f"there is no sheet `{_COVER}`, which says which policy the other sheets belong to"
        raise PolicyError(Issue(message, hint, _at(file)))
    head: dict[str, str] = {}
    tables: list[tuple[str, str, dict[str, str]]] = []
    for row in filled_rows(workbook[_COVER], file):
        cells = [str(cell.value) if cell.value is not None else "" for cell in row[:3]]
        key, text, title = cells + [""] * (3 - len(cells))
        if key == "table:":
            tables.append((text, title or text, {}))
        elif key.endswith(":"):
            (tables[-1][2] if tables else head)[key[:-1]] = text
    if "policy" not in head:
        hint = "write the sheet out again"
        raise PolicyError(Issue(f"the sheet `{_COVER}` does not name its policy", hint, _at(file)))
    issues: list[Issue] = []
    sheets = []
    for name, title, about in tables:
        if title not in workbook.sheetnames:
            hint = f"there are: {', '.join(workbook.sheetnames)}"
            issues.append(Issue(f"there is no sheet `{title}`", hint, _at(file)))
            continue
        sheet = Sheet(name, title, tuple(about.items()), *_cells(workbook[title], file, issues, percents))
        sheets.append(sheet)
    if issues:
        raise PolicyError(told_once(issues))
    return Book(head["policy"], head.get("version", ""), head.get("text", ""), tuple(sheets), file)


def opened_workbook(data: bytes, file: str, results: bool = False) -> Any:
    """The workbook as openpyxl has it; with `results` of formulas instead of them. Raises PolicyError."""
    message = "this is not an XLSX file"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > _MOST_BYTES:
                raise PolicyError(Issue(f"the file is larger than {_MOST_BYTES:,} bytes unpacked", "", _at(file)))
            cells = 0
            for part in parts:
                if part.filename.startswith("xl/worksheets/"):
                    cells = _refuse_too_many(archive.read(part), file, cells)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not keep, such as themes, is of no interest here
            return load_workbook(io.BytesIO(data), data_only=results)
    except PolicyError:
        raise
    except Exception:  # a damaged file fails anywhere in openpyxl and in what it reads with
        raise PolicyError(Issue(message, "save it as an Excel workbook (.xlsx)", _at(file))) from None


def _refuse_too_many(data: bytes, file: str, before: int) -> int:
    """Cells of a sheet, or of an area that is merged, such as whole columns: openpyxl makes or visits every one.

    `before` are those of the sheets before; gives them all. Raises PolicyError.
    """
    cells = before + sum(1 for _ in _CELL.finditer(data))
    if cells > _MOST_CELLS:
        hint = "delete contents and formats below and beside the rules, and sheets that are none of a policy's"
        raise PolicyError(Issue(f"its sheets have more than {_MOST_CELLS:,} cells", hint, _at(file)))
    for match in _MERGED.finditer(data):
        left, top, right, bottom = range_boundaries(match[1].decode())
        cells += ((right or 0) - (left or 0) + 1) * ((bottom or 0) - (top or 0) + 1)
        if cells > _MOST_CELLS:
            raise PolicyError(Issue(f"the cells {match[1].decode()} are merged", "unmerge them", _at(file)))
    return cells


def filled_rows(page: Any, file: str) -> list[tuple[Any, ...]]:
    """The rows of a sheet, as far as anything is written in it. Raises PolicyError.

    A file may name a single cell at the far end of a sheet; no more is visited than what lies before written ones.
    """
    written = [place for place, cell in getattr(page, "_cells", {}).items() if cell.value not in (None, "")]
    if not written:
        return []
    rows, columns = (max(numbers) for numbers in zip(*written, strict=True))
    if rows * columns > _MOST_CELLS:
        message = f"sheet `{page.title}`: it reaches as far as row {rows:,} and column {letters(columns)}"
        raise PolicyError(Issue(message, "delete what is far below or beside the rules", _at(file)))
    return list(page.iter_rows(min_row=1, min_col=1, max_row=rows, max_col=columns))


def _cells(
    page: Any, file: str, issues: list[Issue], percents: bool
) -> tuple[tuple[Cell, ...], tuple[tuple[Cell, ...], ...]]:
    """Headings and rows; what no cell may be is added to `issues`."""
    title = page.title
    for area in getattr(page, "merged_cells", ()):
        if area.min_row == area.max_row and _has_one_text(page, area.min_row):
            continue  # a title over the rows below it
        place = Span(file, area.min_row, area.min_col, str(area))
        issues.append(Issue(f"sheet `{title}`: the cells {area} are merged", "unmerge them", place, code="sheet-cell"))
    rows = [tuple(_read(cell, title, file, issues, percents) for cell in row) for row in filled_rows(page, file)]
    filled = [row for row in rows if any(cell.text.strip() for cell in row)]
    if not filled:
        issues.append(Issue(f"the sheet `{title}` is empty", "", _at(file), code="sheet-cell"))
        return (), ()
    return filled[0], tuple(filled[1:])


def _has_one_text(page: Any, row: int) -> bool:
    return sum(cell.value not in (None, "") for cell in page[row]) == 1


def _read(cell: Any, title: str, file: str, issues: list[Issue], percents: bool) -> Cell:
    value, row, column = getattr(cell, "value", None), cell.row, cell.column
    read = Cell("", row, column)
    if percents and _is_percent(cell, value):
        return Cell(_shown_percent(value), row, column, Held.PERCENT)
    fault = next(_faults(cell, value), None)
    if fault is not None:
        place = f"sheet `{title}`, row {row}, column {letters(column)}"
        issues.append(Issue(f"{place}: {fault[0]}", fault[1], Span(file, row, column, str(value)), code="sheet-cell"))
    elif isinstance(value, bool):
        read = Cell("true" if value else "false", row, column, Held.FLAG)
    elif isinstance(value, int | float):
        read = Cell(format(Decimal(repr(value)), "f"), row, column, Held.NUMBER)
    elif isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        read = Cell((value.date() if midnight else value).isoformat(), row, column, Held.DATE)
    elif isinstance(value, dt.date | dt.time):
        read = Cell(value.isoformat(), row, column, Held.DATE)
    elif value is not None:
        # openpyxl undoes the escape of some texts and not of others; what is left of it is undone here.
        read = Cell(str(value).replace("_x000D_\n", "\n").replace(_ESCAPE, "_"), row, column)
    return read


def _faults(cell: Any, value: object) -> Iterator[tuple[str, str]]:
    """What a cell may not be, and what to write instead."""
    kind = getattr(cell, "data_type", "n")
    if kind == "f":
        yield "it holds a formula of the spreadsheet", "write its result, or format the cell as text"
    elif kind == "e":
        yield f"it holds the spreadsheet's error {value}", "write the value that is meant"
    elif isinstance(value, dt.timedelta):
        yield f"it holds the span of time {value}", 'format the cell as text and write, for example, duration("PT2H")'
    elif _is_percent(cell, value):
        shown = _shown_percent(value)
        hint = f"format the cell as text, and write {shown} if {shown} percent is meant"
        yield f"the cell shows {shown} % but its value is {value}", hint


def _is_percent(cell: Any, value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and "%" in str(cell.number_format)


def _shown_percent(value: Any) -> str:
    return format((Decimal(repr(value)) * 100).normalize(), "f")


def _at(file: str) -> Span:
    return Span(file, 1, 1)
