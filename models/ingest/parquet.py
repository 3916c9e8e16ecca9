"""Parquet files of rows (https://parquet.apache.org): a row group at a time is in memory, and a batch of its rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ordain.engine.errors import DataQualityIssue, SettingsError, reason_of
from ordain.models.features.definition import moment
from ordain.models.ingest.column_mapping import ColumnMapping
from ordain.models.ingest.files import Needed, Told, check_columns, check_file, named
from ordain.models.ingest.line import Line
from ordain.models.limits import LIMITS


def lines_of_parquet(path: Path, mapping: ColumnMapping, told: Told, needed: Needed = ()) -> Iterator[Line]:
    """The rows, numbered from 1. Raises SettingsError without the file, DataQualityIssue for one that is damaged."""
    check_file(path)
    try:
        with parquet.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            check_columns(columns, mapping, path.name, needed)
            kept = [column for column in columns if column not in mapping.left_out]
            name_of, total, number = named(mapping), file.metadata.num_rows, 0
            names = [name_of(column) or "" for column in kept]
            for batch in file.iter_batches(LIMITS.rows_together, columns=kept):
                told(number, total)
                values = [_values(batch.column(at), mapping.missing) for at in range(len(kept))]
                for row in zip(*values, strict=True):
                    number += 1
                    cells = {name: value for name, value in zip(names, row, strict=True) if value is not None}
                    yield Line(number, "", cells)
            told(total, total)
    except pa.ArrowException as error:
        said = str(error).partition("\n")[0][:200].rstrip(".")
        message = f"`{path.name}` cannot be read: {said}. Rows before that may have been taken"
        raise DataQualityIssue(message, "is it a Parquet file, and whole?") from None
    except OSError as error:
        raise SettingsError(f"`{path.name}` cannot be read: {reason_of(error)}") from None


def _values(column: pa.Array, missing: frozenset[str]) -> list[Any]:
    """The values of a column in Python's types; of a time what is less than a microsecond is cut.

    None for what is missing: blank, or one of the mapping's words for it.
    """
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if column.type.tz is not None:  # read by itself, each costs as much as all else of its row
            return [None if value is None else moment(value) for value in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_float32(column.type):  # as a double its shortest decimal is another one
        column = column.cast(pa.string())
        return [None if text is None else _number(text) for text in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    if _is_binary(column.type):
        values = [value if value is None else _text_in(value) for value in values]
    if pa.types.is_floating(column.type):
        return [None if value is None else _number(value) for value in values]
    if pa.types.is_nested(column.type):
        return [_plain(value) for value in values]
    return [_said(value, missing) if isinstance(value, str) else value for value in values]


def _said(text: str, missing: frozenset[str]) -> str | None:
    bare = text.strip()
    return None if not bare or bare in missing else bare


def _number(value: float | str) -> Decimal | None:
    """The shortest decimal that is this number; what is none, as statistics programs write a gap, is missing."""
    return Decimal(str(value)) if math.isfinite(float(value)) else None


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _text_in(data: bytes) -> str | bytes:
    """Some programs write texts without saying that they are; what is none stays as it is."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
