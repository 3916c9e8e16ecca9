"""A file of a run written anew without some of its rows, beside the old one and then in its place.

What stays of a CSV file are its very bytes; of Parquet all rows in their order, in row groups of their own.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import duckdb

from ordain.audit.rows.csv_records import records
from ordain.audit.rows.output_table import AS_PARQUET, name_of
from ordain.audit.rows.run_files import CSV, keep_name
from ordain.audit.rows.run_table import in_memory
from ordain.engine.errors import ExportFailed, reason_of

_PLACE = '"place in the file, of ordain"'


def rewrite(path: Path, places: Collection[int]) -> None:
    """Takes the rows at these places, from 0, out of the file. Raises ExportFailed: then it is as it was."""
    beside = path.with_name(f".{path.name}.erasing")
    try:
        try:
            beside.unlink(missing_ok=True)
            if path.suffix.lower() == CSV:
                _csv(path, beside, places)
            else:
                _parquet(path, beside, places)
            beside.chmod(path.stat().st_mode & 0o7777)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
            keep_name(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, duckdb.Error) as error:
        why = reason_of(error) if isinstance(error, OSError) else str(error)
        raise ExportFailed(f"`{path}` cannot be written: {why}", "check its folder and the disk") from None


def _parquet(path: Path, beside: Path, places: Collection[int]) -> None:
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    gone = ", ".join(map(str, sorted(places)))
    source = f"read_parquet({name_of(path)}, hive_partitioning = false)"
    placed = f"SELECT *, row_number() OVER () - 1 AS {_PLACE} FROM {source}"  # noqa: S608 - quoted
    kept = f"SELECT * EXCLUDE ({_PLACE}) FROM ({placed}) WHERE {_PLACE} NOT IN ({gone})"  # noqa: S608 - same
    with in_memory() as duck:
        target = str(beside).replace("'", "''")
        duck.execute(f"COPY ({kept}) TO '{target}' ({AS_PARQUET}, USE_TMP_FILE false)")  # into the file made above


def _csv(path: Path, beside: Path, places: Collection[int]) -> None:
    gone = frozenset(places)
    with path.open("rb") as source, open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for place, record in enumerate(records(source), start=-1):  # the heading is none of the rows
            if place not in gone:
                target.write(record)
