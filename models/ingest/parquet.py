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
from ordain.models.ingest.column_mapping import ColumnMapping
from ordain.models.ingest.files import Told, check_columns, named
from ordain.models.ingest.line import Line
from ordain.models.limits import LIMITS


def lines_of_parquet(path: Path, mapping: ColumnMapping, told: Told) -> Iterator[Line]:
    """The rows, numbered from 1. Raises SettingsError without the file, DataQualityIssue for one that is damaged."""
    try:
        with parquet.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            check_columns(columns, mapping, path.name, [])
            kept = [column for column in columns if column not in mapping.left_out]
            name_of, total, number = named(mapping), file.metadata.num_rows, 0
            names = [name_of(column) or "" for column in kept]
            for batch in file.iter_batches(LIMITS.rows_together, columns=kept):
                told(number, total)
                values = [_values(batch.column(at)) for at in range(len(kept))]
                for row in zip(*values, strict=True):
                    number += 1
                    yield Line(number, "", _cells(names, row, mapping.missing))
            told(total, total)
    except FileNotFoundError:
        raise SettingsError(f"there is no file `{path.name}`", "name a file of events or snapshots") from None
    except pa.ArrowException as error:
        said = str(error).partition("\n")[0][:200]
        message = f"`{path.name}` cannot be read: {said}. The rows before were taken"
        raise DataQualityIssue(message, "is it a Parquet file, and whole?") from None
    except OSError as error:
        raise SettingsError(f"`{path.name}` cannot be read: {reason_of(error)}") from None


def _values(column: pa.Array) -> list[Any]:
    """The values of a column in Python's types; of a time what is less than a microsecond is cut."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if value is None else _number(value) for value in values]
    return [_plain(value) for value in values] if pa.types.is_nested(column.type) else values


def _cells(names: list[str], row: tuple[Any, ...], missing: frozenset[str]) -> dict[str, Any]:
    cells = {}
    for name, value in zip(names, row, strict=True):
        said = value.strip() if isinstance(value, str) else value
        if said is not None and said != "" and not (isinstance(said, str) and said in missing):
            cells[name] = said
    return cells


def _number(value: float) -> Decimal | None:
    """The shortest decimal that is this number; what is none, as statistics programs write a gap, is missing."""
    return Decimal(repr(value)) if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
