"""Tables in Parquet, written and read in pieces. Nothing imports this file but by its name: pyarrow is an extra, and
takes 0.3 s and 60 MB to load.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ordain.audit.limits import LIMITS
from ordain.audit.records.table_rows import Row, check_names
from ordain.engine.errors import MalformedRequest

Json = dict[str, Any]


class ParquetTable:
    """Writes rows of texts; `leaf_index` is a whole number, `time` a timestamp in UTC, to the microsecond."""

    def __init__(self, file: IO[bytes], columns: tuple[str, ...]) -> None:
        kinds = {"leaf_index": pa.int64(), "time": pa.timestamp("us", tz="UTC")}
        self._schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def add(self, rows: list[Json]) -> None:
        for row in rows:
            row["time"] = None if row["time"] is None else dt.datetime.fromisoformat(row["time"])
        self._writer.write_table(pa.Table.from_pylist(rows, self._schema))

    def __exit__(self, *error: object) -> None:
        self._writer.close()


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, columns by name; a row with a value that cannot be read has its fault.

    Raises MalformedRequest for a file that is no Parquet table, or is damaged from some row on, OSError.
    """
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            check_names(path, names)
            for batch in file.iter_batches(batch_size=LIMITS.read_piece):
                for cells in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    yield Row(number, dict(zip(names, cells, strict=True)), _fault(path, number, names, cells))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        what = f"is damaged after row {number}" if number else "is not a parquet table, or is damaged"
        raise MalformedRequest(f"`{path}` {what}: {str(error).splitlines()[0]}", "write it anew") from None


@dataclass(frozen=True, slots=True)
class _Unreadable:
    why: str


def _fault(path: Path, number: int, names: Sequence[str], cells: Sequence[Any]) -> MalformedRequest | None:
    for name, cell in zip(names, cells, strict=True):
        if isinstance(cell, _Unreadable):
            return MalformedRequest(f"row {number} of `{path}`, column `{name}`: the value cannot be read ({cell.why})")
    return None


def _values(column: pa.Array) -> list[Any]:
    """The values of a column in Python; _Unreadable for one that Python has no value for, such as the year 300000."""
    try:
        values: list[Any] = column.to_pylist()
    except Exception:  # of pyarrow, Python or pandas, as the type may be
        values = [_value(cell) for cell in column]
    shorten = _shortener(column.type)
    return values if shorten is None else [shorten(value) for value in values]


def _value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except Exception as error:
        return _Unreadable(str(error))


Shortener = Callable[[Any], Any]


def _shortener(type: pa.DataType) -> Shortener | None:
    """What takes numbers of 32 and 16 bits by their shortest text, as people see them: 33.3, not 33.29999923706055."""
    if pa.types.is_float32(type):
        return partial(_shortest, form="f", digits=6)
    if pa.types.is_float16(type):
        return partial(_shortest, form="e", digits=3)
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
        of_item = _shortener(type.value_type)
        return of_item and (lambda items: [of_item(item) for item in items] if isinstance(items, list) else items)
    if pa.types.is_struct(type):
        of_parts = {part.name: of_part for part in type if (of_part := _shortener(part.type)) is not None}
        return partial(_shortened, of_parts=of_parts) if of_parts else None
    return None


def _shortest(value: Any, form: str, digits: int) -> Any:
    """The number of fewest digits, but no fewer than `digits`, that is this one in that form of IEEE 754."""
    if value is None or isinstance(value, _Unreadable):
        return value
    if not math.isfinite(value) or float(value).is_integer():
        return float(value)
    kept = struct.pack(form, value)
    texts = (f"{value:.{count}g}" for count in range(digits, digits + 3))
    return float(next((text for text in texts if _packs_to(form, text, kept)), value))


def _packs_to(form: str, text: str, kept: bytes) -> bool:
    try:
        return struct.pack(form, float(text)) == kept
    except OverflowError:  # the largest of all, rounded up
        return False


def _shortened(value: Any, of_parts: Mapping[str, Shortener]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: of_parts[name](part) if name in of_parts else part for name, part in value.items()}
