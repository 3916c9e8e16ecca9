"""Sheets as one CSV file: first what they are of, then a section for each table.

A line that says something about the sheets begins with a word and a colon, which no id of a rule has: `policy:`,
`table:`, `hit policy:` ... The first line after those of a table is its headings, the lines below are its rules.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, so such a cell, and one that begins
with a space, a line break or an apostrophe, is written with an apostrophe before it, which is taken off on return.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.sheets.book import Book, Cell, Sheet

_FORMULA = tuple("=+-@＝＋－＠'")
_MARK = "'"
_FIRST = "policy:"
DELIMITERS = (",", ";", "\t")


def write_csv(book: Book, delimiter: str = ",") -> bytes:
    """UTF-8 with its mark, CRLF: as spreadsheets expect it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    rows = [[_FIRST, book.policy], ["version:", book.version], ["text:", book.digest]]
    rows += [["note:", note] for note in book.notes]
    for sheet in book.sheets:
        rows += [[], ["table:", sheet.name], *([f"{key}:", text] for key, text in sheet.about)]
        rows += [[cell.text for cell in row] for row in (sheet.headings, *sheet.rows)]
    for row in rows:
        writer.writerow([_guarded(text) for text in row])
    return out.getvalue().encode("utf-8-sig")


def read_csv(data: bytes, file: str) -> Book:
    """The sheets in a CSV file. Raises PolicyError when it is none that `write_csv` wrote."""
    lines = list(_records(decoded(data, file), file))
    first = lines[0][1] if lines else []
    if not first or first[0].strip() != _FIRST:
        raise PolicyError(
            Issue(
                "this file was not written by `ordain table` or `ordain cases` with `--out`",
                f"its first cell must be `{_FIRST}`",
                _at(file),
            )
        )
    head: dict[str, str] = {}
    tables: list[tuple[dict[str, str], list[tuple[Cell, ...]]]] = []
    for number, cells in lines:
        key = cells[0].strip()
        in_table = bool(tables and tables[-1][1])
        if key.endswith(":") and (not in_table or key == "table:"):
            text = cells[1] if len(cells) > 1 else ""
            if key == "table:":
                tables.append(({"table": text}, []))
            elif tables:
                tables[-1][0][key[:-1]] = text
            else:
                head[key[:-1]] = text
        elif tables:
            tables[-1][1].append(tuple(Cell(text, number, column) for column, text in enumerate(cells, start=1)))
    sheets = []
    for about, (headings, *rows) in ((about, rows) for about, rows in tables if rows):
        name = about.pop("table")
        sheets.append(Sheet(name, name, tuple(about.items()), headings, tuple(_filled(row, headings) for row in rows)))
    empty = [about["table"] for about, rows in tables if not rows]
    if empty:
        raise PolicyError(
            Issue(f"the table `{empty[0]}` has no line of headings", "write the sheet out again", _at(file))
        )
    return Book(head["policy"], head.get("version", ""), head.get("text", ""), tuple(sheets), file)


def _filled(row: tuple[Cell, ...], headings: tuple[Cell, ...]) -> tuple[Cell, ...]:
    missing = range(len(row) + 1, len(headings) + 1)
    return (*row, *(Cell("", row[0].row, column) for column in missing))


def decoded(data: bytes, file: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, said = "utf-16", "UTF-16"
    else:
        encoding, said = "utf-8-sig", "UTF-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        hint = "save it as `CSV UTF-8 (comma delimited)`"
        raise PolicyError(Issue(f"the file is not {said} text", hint, Span(file, row, 1))) from None


def _records(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each record that is not empty; the delimiter is what stands after `policy:`."""
    after = text.lstrip().removeprefix('"').removeprefix(_FIRST).removeprefix('"')[:1]
    delimiter = after if after in DELIMITERS and after else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, start=1):
            cells = [_bare(cell) for cell in record]
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        message = f"row {number + 1} is not CSV: {error}"
        raise PolicyError(
            Issue(message, "look for a quotation mark that is not doubled", _at(file, number + 1))
        ) from None


def _at(file: str, row: int = 1) -> Span:
    return Span(file, row, 1)


def _needs_guard(text: str) -> bool:
    return text[:1].isspace() or text.startswith(_FORMULA)


def _guarded(text: str) -> str:
    return _MARK + text if _needs_guard(text) else text


def _bare(text: str) -> str:
    return text[1:] if text.startswith(_MARK) and _needs_guard(text[1:]) else text
