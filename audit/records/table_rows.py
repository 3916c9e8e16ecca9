"""Rows of a table in CSV, JSON Lines or Parquet, by the suffix of its name, read one after another."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late
from ordain.engine.values.json_text import read_json

JSON_LINES = (".jsonl", ".ndjson")


class Row(NamedTuple):
    """`number` counts from 1, without a heading; `cells` are by the names of the columns.

    `fault` is what is wrong with a row that has more or fewer of them than the heading.
    """

    number: int
    cells: Mapping[str, Any]
    fault: MalformedRequest | None = None


def table_rows(path: Path) -> Iterator[Row]:
    """The rows of a file .csv (texts), .jsonl or .ndjson (numbers as Decimal), or .parquet.

    Raises MalformedRequest for a file that is no such table, SettingsError without pyarrow for Parquet; OSError,
    csv.Error and UnicodeDecodeError as they come.
    """
    match path.suffix.lower():
        case ".csv":
            return _csv(path)
        case suffix if suffix in JSON_LINES:
            return _json_lines(path)
        case ".parquet":
            return _parquet(path)
    raise MalformedRequest(f"`{path}` is not a table that can be read", "its name must end in .csv, .jsonl or .parquet")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, each with its number from 1; blank ones are counted, too."""
    with io.BufferedReader(io.FileIO(path)) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        twice = [name for name in reader.fieldnames or () if (reader.fieldnames or []).count(name) > 1]
        if twice:
            raise MalformedRequest(f"`{path}` has the column `{twice[0]}` twice", "rename one of them")
        for number, cells in enumerate(reader, start=1):
            fault = None
            if None in cells or None in cells.values():
                more = "more" if None in cells else "fewer"
                fault = MalformedRequest(f"row {number} of `{path}` has {more} cells than the heading")
            yield Row(number, cells, fault)


def _json_lines(path: Path) -> Iterator[Row]:
    for number, (_, line) in enumerate(lines(path), start=1):
        cells = read_json(line, f"row {number} of `{path}`")
        if not isinstance(cells, dict):
            raise MalformedRequest(f"row {number} of `{path}` is not a JSON object")
        yield Row(number, cells)


def _parquet(path: Path) -> Iterator[Row]:
    for number, cells in enumerate(late("ordain.audit.records.parquet:read_rows")(path), start=1):
        yield Row(number, cells)
