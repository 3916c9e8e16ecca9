"""Tables in Parquet, written and read in pieces. Nothing imports this file but by its name: pyarrow is an extra, and
takes 0.3 s and 60 MB to load.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ordain.audit.limits import LIMITS
from ordain.audit.records.flat_columns import Column
from ordain.audit.records.table_rows import Row, check_names
from ordain.engine.errors import MalformedRequest

Json = dict[str, Any]


class ParquetTable:
    """Writes rows of texts and typed parts; `leaf_index` is a whole number, moments are in UTC, to the microsecond.

    Numbers are decimals of 20 digits before the point and 18 after it, rounded half to even; one that is larger is
    empty. The JSON beside them has every digit.
    """

    def __init__(self, file: IO[bytes], columns: tuple[str, ...], flat: Mapping[str, Column]) -> None:
        kinds = {"leaf_index": pa.int64(), **dict.fromkeys(_MOMENTS, _TYPES[Column.MOMENT])}
        kinds |= {name: _TYPES[kind] for name, kind in flat.items()}
        self._numbers = [name for name, kind in flat.items() if kind is Column.NUMBER]
        self._schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def add(self, rows: list[Json]) -> None:
        for row in rows:
            for name in _MOMENTS:
                if isinstance(at := row.get(name), str):
                    row[name] = dt.datetime.fromisoformat(at)
            for name in self._numbers:
                row[name] = _fitted(row[name])
        self._writer.write_table(pa.Table.from_pylist(rows, self._schema))

    def __exit__(self, *error: object) -> None:
        self._writer.close()


_MOMENTS = ("recorded_at", "at")
_TYPES = {
    Column.NUMBER: pa.decimal128(38, 18),
    Column.TEXT: pa.string(),
    Column.FLAG: pa.bool_(),
    Column.DATE: pa.date32(),
    Column.MOMENT: pa.timestamp("us", tz="UTC"),
}
_STEP, _MOST = Decimal(1).scaleb(-18), Decimal(10) ** 20
_EXACT = Context(prec=60)


def _fitted(number: Decimal | None) -> Decimal | None:
    return None if number is None or abs(number) >= _MOST else number.quantize(_STEP, context=_EXACT)


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
