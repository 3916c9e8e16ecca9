"""Rows of a table in CSV, JSON Lines or Parquet, by the suffix of its name, read one after another."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late
from ordain.engine.text.regular import opened
from ordain.engine.values.json_text import read_json

JSON_LINES = (".jsonl", ".ndjson")


class Row(NamedTuple):
    """`number` counts from 1, without a heading; `cells` are by the names of the columns.

    `fault` is what is wrong with a row that has more or fewer of them than the heading, or one that cannot be read.
    """

    number: int
    cells: Mapping[str, Any]
    fault: MalformedRequest | None = None


def table_rows(path: Path) -> Iterator[Row]:
    """The rows of a file .csv (texts), .jsonl or .ndjson (numbers as Decimal), or .parquet.

    Raises MalformedRequest for a file that is no such table, or is none from some row on, SettingsError without pyarrow
    for Parquet, and OSError.
    """
    match path.suffix.lower():
        case ".csv":
            return _csv(path)
        case suffix if suffix in JSON_LINES:
            return _json_lines(path)
        case ".parquet":
            return _parquet(path)
    raise MalformedRequest(
        f"`{path}` is not a table that can be read", "its name must end in .csv, .jsonl, .ndjson or .parquet"
    )


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, each with its number from 1; blank ones are counted, too."""
    with io.BufferedReader(io.FileIO(path)) as file:
        _check_beginning(path, file.peek(_LOOKED_AT))
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def check_names(path: Path, names: Iterable[str]) -> None:
    """Raises MalformedRequest when two columns have one name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise MalformedRequest(f"`{path}` has the column `{twice[0]}` twice", "rename one of them")


def _csv(path: Path) -> Iterator[Row]:
    with opened(path) as file:
        _check_beginning(path, file.read(_LOOKED_AT))
    number, names = 0, list[str]()
    # A byte that is no UTF-8 becomes half of a surrogate pair, so that its row can be told.
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        try:
            for cells in filter(None, csv.reader(file, strict=True)):
                where = f"row {number + 1}" if names else "the heading"
                if not _is_text("".join(cells)):
                    raise MalformedRequest(f"{where} of `{path}` is not UTF-8", "save the file as CSV UTF-8")
                if not names:
                    _check_separator(path, cells)
                    check_names(path, names := cells)
                    continue
                number += 1
                yield _row_of(path, number, names, cells)
        except csv.Error as error:
            how = next((words for sign, words in _BROKEN.items() if sign in str(error)), _ELSE_BROKEN)
            where = f"row {number + 1}" if names else "the heading"
            raise MalformedRequest(f"{where} of `{path}` {how}", "save it anew as CSV UTF-8") from None


def _row_of(path: Path, number: int, names: list[str], cells: list[str]) -> Row:
    fault = None
    if len(cells) != len(names):
        more = "more" if len(cells) > len(names) else "fewer"
        fault = MalformedRequest(f"row {number} of `{path}` has {more} cells than the heading")
    return Row(number, dict(zip_longest(names, cells[: len(names)])), fault)


_LOOKED_AT = 512
"""Bytes in which it shows what a file is."""
_OTHERS = {
    b"\xff\xfe": ("UTF-16 text", "save it as CSV UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as CSV UTF-8"),
    b"\x1f\x8b": ("compressed by gzip", "unpack it first, with gunzip"),
    b"PK\x03\x04": ("a spreadsheet or a zip archive", "save its sheet as CSV UTF-8, or unpack it"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet", "save its sheet as CSV UTF-8"),
    b"PAR1": ("a Parquet table", "let its name end in .parquet"),
}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BROKEN = {
    "unexpected end": "opens a quotation mark that is never closed",
    "field limit": "has a cell that is too long to read: a quotation mark before it may not be closed",
    "new-line": "has a line break that is none of CSV",
}
_ELSE_BROKEN = 'has text after a closing quotation mark: one within quoted text is written twice, ""'


def _check_beginning(path: Path, beginning: bytes) -> None:
    """Raises MalformedRequest for a file that is something else than text in UTF-8."""
    found = next((what for sign, what in _OTHERS.items() if beginning.startswith(sign)), None)
    if found is None and b"\0" in beginning[:_LOOKED_AT]:
        found = ("no text in UTF-8", "save it as CSV UTF-8")
    if found is not None:
        raise MalformedRequest(f"`{path}` is {found[0]}, and its name ends in {path.suffix}", found[1])


def _check_separator(path: Path, names: list[str]) -> None:
    found = next((words for sign, words in _SEPARATORS.items() if len(names) == 1 and sign in names[0]), None)
    if found is not None:
        raise MalformedRequest(f"the cells of `{path}` stand between {found}, not commas", "save it as CSV with commas")


def _is_text(text: str) -> bool:
    """Whether it is without halves of surrogate pairs, which are no characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_lines(path: Path) -> Iterator[Row]:
    for number, (_, line) in enumerate(lines(path), start=1):
        cells = read_json(line, f"row {number} of `{path}`")
        if not isinstance(cells, dict):
            raise MalformedRequest(f"row {number} of `{path}` is not a JSON object")
        if b"\\u" in line and not _is_text(json.dumps(cells, ensure_ascii=False, default=str)):
            raise MalformedRequest(f"row {number} of `{path}` contains an invalid Unicode character")
        yield Row(number, cells)


def _parquet(path: Path) -> Iterator[Row]:
    rows: Iterator[Row] = late("ordain.audit.records.parquet:read_rows")(path)
    return rows
