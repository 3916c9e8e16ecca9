"""A sheet as a person made it, square by square: what stands in each, and how it is shown."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.late import late
from ordain.engine.sheets.book import letters
from ordain.engine.sheets.csv import decoded
from ordain.engine.sheets.foreign.amounts import (
    currency_in,
    decimal_comma_in,
    decimal_point_in,
    is_doubtful,
    number_of,
    with_points,
)

_NAMED = 6
"""So many hidden rows are named."""
Content = str | Decimal | bool | dt.date | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Square:
    """One cell. A number that is shown as percent is kept as it is shown: 5 for 5 %.

    `area` is the same for all squares of merged cells, each of which has the content of all.
    """

    row: int
    column: int
    content: Content = None
    percent: bool = False
    currency: str = ""
    area: str = ""
    written: str = ""
    """The text as it stands there, where it was one: `01.50 %`."""

    @property
    def text(self) -> str:
        if self.content is None:
            return ""
        if isinstance(self.content, bool):
            return "true" if self.content else "false"
        if isinstance(self.content, Decimal):
            return format(self.content, "f")
        return str(self.content) if isinstance(self.content, str) else self.content.isoformat()

    @property
    def empty(self) -> bool:
        return self.content is None or self.content == ""


@dataclass(frozen=True, slots=True)
class ForeignSheet:
    """The rows in which anything stands, from the first column to the last one in which anything does."""

    title: str
    file: str
    rows: tuple[tuple[Square, ...], ...]
    notes: tuple[Issue, ...] = field(default=())

    def place(self, square: Square) -> str:
        return f"sheet `{self.title}`, row {square.row}, column {letters(square.column)}"

    def span(self, square: Square) -> Span:
        return Span(self.file, square.row, square.column, square.text)


def read_foreign(data: bytes, file: str, sheet: str = "", *, numbers: bool = True) -> ForeignSheet:
    """The sheet of that name; without one the only sheet, or the first with anything in it.

    Without `numbers` a text stays one, whatever it writes out: it is an expression. Raises PolicyError, with every
    cell that holds an error of the spreadsheet.
    """
    if file.lower().endswith(".csv"):
        if sheet:
            raise PolicyError(
                Issue("a CSV file has one sheet, without a name", "leave `--sheet` out", Span(file, 1, 1))
            )
        return _of_csv(data, file, numbers)
    return _of_xlsx(data, file, sheet, numbers)


def _of_csv(data: bytes, file: str, numbers: bool) -> ForeignSheet:
    text = decoded(data, file)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [
            tuple(Square(number, column, cell) for column, cell in enumerate(cells, start=1))
            for number, cells in enumerate(lines, start=1)
        ]
    except csv.Error as error:
        raise PolicyError(
            Issue(f"this is not a CSV file: {error}", "save it as CSV (UTF-8)", Span(file, 1, 1))
        ) from None
    read = ForeignSheet("CSV", file, tuple(rows))
    return _trimmed(_with_numbers(read, commas=delimiter == ";") if numbers else read)


def _of_xlsx(data: bytes, file: str, sheet: str, numbers: bool) -> ForeignSheet:
    book = "ordain.engine.sheets.xlsx"
    workbook = late(f"{book}:opened_workbook")(data, file, results=True)
    names = [name for name in workbook.sheetnames if late(f"{book}:filled_rows")(workbook[name], file)]
    if sheet and sheet not in workbook.sheetnames:
        hint = f"there are: {', '.join(workbook.sheetnames)}"
        raise PolicyError(Issue(f"there is no sheet `{sheet}`", hint, Span(file, 1, 1)))
    if not sheet and not names:
        raise PolicyError(Issue("nothing is written in its sheets", "", Span(file, 1, 1)))
    title = sheet or names[0]
    page = workbook[title]
    issues = list(_without_result(page, late(f"{book}:opened_workbook")(data, file)[title], title, file))
    areas = _areas(page)
    rows = []
    for row in late(f"{book}:filled_rows")(page, file):
        squares = []
        for cell in row:
            area = areas.get((cell.row, cell.column))
            first = page.cell(area[0], area[1]) if area else cell
            square = _of_cell(first, title, file, issues)
            squares.append(replace(square, row=cell.row, column=cell.column, area=area[2] if area else ""))
        rows.append(tuple(squares))
    if issues:
        raise PolicyError(issues)
    others = [name for name in names if name != title]
    notes = list(_hidden(page, title, file))
    if others and not sheet:
        notes.append(Issue(f"the sheet `{title}` is read, not {', '.join(others)}", "`--sheet NAME` reads another"))
    read = ForeignSheet(title, file, tuple(rows), tuple(notes))
    return _trimmed(_with_numbers(read, commas=False) if numbers else read)


def _hidden(page: Any, title: str, file: str) -> Iterator[Issue]:
    """What a person who looks at the sheet does not see, and is read all the same."""
    rows = [str(number) for number, row in sorted(page.row_dimensions.items()) if row.hidden and number <= page.max_row]
    columns = [letters(n) for n in range(1, page.max_column + 1) if _is_hidden(page, n)]
    for what, several in (("row", rows), ("column", columns)):
        if several:
            shown = ", ".join(several[:_NAMED]) + (" ..." if len(several) > _NAMED else "")
            message = f"sheet `{title}`: {what}{'s' * (len(several) > 1)} {shown}: hidden, and read all the same"
            yield Issue(message, "delete in the spreadsheet what is not meant", Span(file, 1, 1))


def _is_hidden(page: Any, number: int) -> bool:
    """Columns that are hidden side by side are kept under the first one's letter."""
    return any(each.hidden and (each.min or 0) <= number <= (each.max or 0) for each in page.column_dimensions.values())


def _without_result(page: Any, formulas: Any, title: str, file: str) -> Iterator[Issue]:
    """Formulas that no spreadsheet has calculated: a program wrote them, and their squares would be empty."""
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and page.cell(cell.row, cell.column).value is None:
                place = f"sheet `{title}`, row {cell.row}, column {letters(cell.column)}"
                message = f"{place}: no result is stored of its formula"
                hint = "open the file in a spreadsheet and save it"
                yield Issue(message, hint, Span(file, cell.row, cell.column, str(cell.value)), code="sheet-cell")


def _areas(page: Any) -> dict[tuple[int, int], tuple[int, int, str]]:
    """Of each merged cell its area's first row and column, and the area's name."""
    found = {}
    for area in page.merged_cells.ranges:
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                found[row, column] = (area.min_row, area.min_col, str(area))
    return found


def _of_cell(cell: Any, title: str, file: str, issues: list[Issue]) -> Square:
    value, square = cell.value, Square(cell.row, cell.column)
    shown = str(cell.number_format)
    if cell.data_type == "e" or isinstance(value, dt.timedelta | dt.time):
        place = f"sheet `{title}`, row {cell.row}, column {letters(cell.column)}"
        what = f"the spreadsheet's error {value}" if cell.data_type == "e" else f"the span of time {value}"
        span = Span(file, cell.row, cell.column, str(value))
        issues.append(Issue(f"{place}: it holds {what}", "write the value that is meant", span, code="sheet-cell"))
        return square
    if isinstance(value, bool):
        return replace(square, content=value)
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        percent = "%" in shown
        number = number * 100 if percent else number
        return replace(square, content=_plain(number), percent=percent, currency=currency_in(shown))
    if isinstance(value, dt.datetime):
        return replace(square, content=value.date() if value.time() == dt.time() else value)
    if value is None or isinstance(value, dt.date):
        return replace(square, content=value)
    return replace(square, content=str(value))


def _with_numbers(sheet: ForeignSheet, *, commas: bool) -> ForeignSheet:
    """Texts that write out numbers as numbers. `commas`: 1.600,5 is meant where nothing in the sheet says otherwise."""
    texts = [square.content for row in sheet.rows for square in row if isinstance(square.content, str)]
    has_commas, has_points = any(map(decimal_comma_in, texts)), any(map(decimal_point_in, texts))
    commas = not has_points and (commas or has_commas)
    notes = list(sheet.notes)
    odd = next((square for row in sheet.rows for square in row if is_doubtful(square.content, points=not commas)), None)
    if odd is not None and (has_points == has_commas or not commas):
        message = f"{sheet.place(odd)}: `{odd.content}` is read with a decimal point"
        notes.append(Issue(message, "where thousands are meant, write them without a point", sheet.span(odd)))
    if has_points and has_commas:
        notes.append(Issue(f"sheet `{sheet.title}`: decimal points and decimal commas", "write all in one way"))
    rows = tuple(
        tuple(_of_text(square, commas) if isinstance(square.content, str) else square for square in row)
        for row in sheet.rows
    )
    return replace(sheet, rows=rows, notes=tuple(notes))


def _of_text(square: Square, commas: bool) -> Square:
    """A text, or the number or flag that it writes out."""
    text = " ".join(str(square.content).replace("\u00a0", " ").split())
    if not text:
        return replace(square, content=None)
    square = replace(square, written=text)
    text = with_points(text) if commas else text
    number = number_of(text)
    if number is not None:
        return replace(square, content=_plain(number), percent=text.endswith("%"), currency=currency_in(text))
    if text.lower() in ("true", "false"):
        return replace(square, content=text.lower() == "true")
    return replace(square, content=text)


def _plain(number: Decimal) -> Decimal:
    """Without the zeros that percent leaves behind: 12.50 stays, 5.00 from 0.05 is 5."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()


def _trimmed(sheet: ForeignSheet) -> ForeignSheet:
    """Without rows and columns in which nothing stands."""
    rows = [row for row in sheet.rows if not all(square.empty for square in row)]
    if not rows:
        raise PolicyError(Issue(f"nothing is written in the sheet `{sheet.title}`", "", Span(sheet.file, 1, 1)))
    used = sorted({square.column for row in rows for square in row if not square.empty})
    return replace(sheet, rows=tuple(tuple(_filled(row, used)) for row in rows))


def _filled(row: tuple[Square, ...], columns: list[int]) -> Iterator[Square]:
    known = {square.column: square for square in row}
    for column in columns:
        yield known.get(column, Square(row[0].row, column))
