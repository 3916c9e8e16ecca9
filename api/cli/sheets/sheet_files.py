"""CSV and XLSX files that commands read and write."""

from __future__ import annotations

from pathlib import Path

from ordain.api.cli.whole_files import write_whole
from ordain.api.limits import LIMITS
from ordain.engine.errors import ExportFailed, MalformedRequest, PolicyError, reason_of
from ordain.engine.late import late
from ordain.engine.sheets.book import Book
from ordain.engine.sheets.csv import read_csv, write_csv
from ordain.engine.sheets.sections import Section
from ordain.engine.text.regular import opened

_XLSX = "ordain.engine.sheets.xlsx"
"""Imported by its name: openpyxl is an extra, and most uses of the commands need none."""


def read_book(file: Path, *, percents: bool = False) -> Book:
    """The sheets that Ordain wrote and a person edited; `percents` as for `read_xlsx`. Raises PolicyError."""
    is_xlsx = _is_xlsx(file)
    data = sheet_bytes(file)
    return late(f"{_XLSX}:read_xlsx")(data, str(file), percents=percents) if is_xlsx else read_csv(data, str(file))


def write_book(book: Book, file: Path, delimiter: str, force: bool, sections: tuple[Section, ...] = ()) -> None:
    """`sections` offer the declared values of outputs; with `force` a file that exists is replaced.

    Raises ExportFailed, MalformedRequest.
    """
    data = late(f"{_XLSX}:write_xlsx")(book, sections) if _is_xlsx(file) else write_csv(book, delimiter)
    if file.exists() and not force:
        raise ExportFailed(f"`{file}` exists already", "choose another name, or --force")
    write_whole(file, data)


def sheet_bytes(file: Path) -> bytes:
    """What is in the file, up to the limit of a sheet. Raises MalformedRequest, PolicyError."""
    try:
        with opened(file) as stream:
            data = stream.read(LIMITS.sheet_bytes + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
    if len(data) > LIMITS.sheet_bytes:
        raise PolicyError(f"`{file}` is larger than {LIMITS.sheet_bytes:,} bytes")
    return data


def _is_xlsx(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise MalformedRequest(f"`{file.name}` is neither a .csv nor a .xlsx file", "let its name end with one of them")
    return suffix == ".xlsx"
