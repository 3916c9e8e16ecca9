"""Tables in Parquet, written and read in pieces. Nothing imports this file but by its name: pyarrow is an extra, and
takes 0.3 s and 60 MB to load.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

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


def read_rows(path: Path) -> Iterator[Json]:
    """The rows of a file, columns by name. Raises MalformedRequest for a file that is no Parquet table, OSError."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise MalformedRequest(f"`{path}` is not a parquet table: {error}") from None


def count_rows(path: Path) -> int:
    """How many rows a file says that it has. Raises as `read_rows`."""
    try:
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except pa.ArrowException as error:
        raise MalformedRequest(f"`{path}` is not a parquet table: {error}") from None
