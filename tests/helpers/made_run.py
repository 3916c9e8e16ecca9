"""Runs for the tests: an output, its rejects and its proof file, made by DuckDB from rows as the batch makes them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from ordain.audit.entry.entry import Entry
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.rows import proof_file
from ordain.audit.rows.output_table import AS_CSV, AS_PARQUET, csv_select
from ordain.audit.rows.row_text import row_text_sql
from ordain.audit.rows.run_entry import RunTold, entry_of
from ordain.audit.rows.run_files import CSV, RunFiles, digest_of
from ordain.audit.rows.sealed_part import PART_ROWS, seal_part

COLUMNS = [
    ("customer_id", "VARCHAR"),
    ("amount", "DECIMAL(12,2)"),
    ("at", "TIMESTAMP WITH TIME ZONE"),
    ("verdict", "VARCHAR"),
    ("reasons", "VARCHAR[]"),
]
REJECT_COLUMNS = [("row", "BIGINT"), ("customer_id", "VARCHAR"), ("error_code", "VARCHAR"), ("error", "VARCHAR")]


@dataclass
class Run:
    files: RunFiles
    texts: list[str]
    root: bytes
    entry: Entry
    run: str = field(default_factory=lambda: str(uuid4()))


def a_row(number: int, customer: str | None = None) -> tuple[Any, ...]:
    """A decided row; a later one has other values."""
    reasons = None if number % 5 == 0 else [f"rule {number % 3}", 'with "quotes", and a comma']
    name = f"C-{number}" if customer is None else customer
    return (name, f"{number}.50", f"2026-01-01 00:00:{number % 60:02}+00", "permit" if number % 2 else None, reasons)


def rows_and_rejects(size: int, rejected: Sequence[int] = ()) -> list[tuple[Any, ...] | str]:
    """Rows of a run in the order of its input; a text stands for a rejected one, and is whom it is about."""
    return [f"C-{number}" if number in rejected else a_row(number) for number in range(size)]


def make_run(
    output: Path,
    rows: Sequence[tuple[Any, ...] | str],
    *,
    use: OpenLedger | None = None,
    part_rows: int = PART_ROWS,
    zone: str = "Asia/Kolkata",
) -> Run:
    """Writes the files of a run over these rows, and its entry, if there is a ledger for it.

    A folder has a file for each `part_rows` rows.
    """
    files, run = RunFiles(output), str(uuid4())
    with duckdb.connect() as duck:
        duck.execute(f"SET TimeZone = '{zone}'")
        decided = [(at, *row) for at, row in enumerate(rows) if not isinstance(row, str)]
        rejected = [
            (at, row, "DataQualityIssue", "no such plan") for at, row in enumerate(rows) if isinstance(row, str)
        ]
        _table(duck, "decided", [("at_row", "BIGINT"), *COLUMNS], decided)
        _table(duck, "rejected", REJECT_COLUMNS, rejected)
        _write(duck, files, bool(rejected), len(rows), part_rows)
        texts = dict(duck.execute(f"SELECT at_row, {row_text_sql(COLUMNS)} FROM decided").fetchall())
        texts |= dict(duck.execute(f'SELECT "row", {row_text_sql(REJECT_COLUMNS)} FROM rejected').fetchall())
    ordered = [texts[at] for at in range(len(rows))]
    parts = [seal_part(ordered[first : first + PART_ROWS], first) for first in range(0, len(rows), PART_ROWS)]
    about = {"run": run, "key": "customer_id", "columns": COLUMNS, "reject_columns": REJECT_COLUMNS}
    about = json.loads(json.dumps(about))
    root = proof_file.write(files.proof, about, parts)
    rejects = digest_of(files.rejects) if files.rejects.exists() else None
    told = RunTold(
        *(run, len(rows), len(decided), len(rejected), root, "sha256:" + "0" * 64),
        *(digest_of(output), rejects, dt.datetime.now(dt.UTC)),
    )
    entry = entry_of(told, dt.datetime.now(dt.UTC), "retention", {"output": output.name, "actor": "analyst"})
    if use is not None:
        use.ledger.append(entry)
    return Run(files, ordered, root, entry, run)


def _table(
    duck: duckdb.DuckDBPyConnection, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]
) -> None:
    cells = [[row[at] for row in rows] for at in range(len(columns))]
    told = ", ".join(
        f'CAST(unnest(CAST(? AS VARCHAR{"[]" * (1 + type_.endswith("[]"))})) AS {type_}) AS "{column}"'
        for column, type_ in columns
    )
    texts = [
        [None if each is None else each if isinstance(each, list) else str(each) for each in some] for some in cells
    ]
    duck.execute(f"CREATE TABLE {name} AS SELECT {told}", texts)


def _write(duck: duckdb.DuckDBPyConnection, files: RunFiles, rejected: bool, size: int, part_rows: int) -> None:
    columns = ", ".join(f'"{name}"' for name, _ in COLUMNS)
    if files.format == CSV:
        duck.execute(f"COPY (SELECT {csv_select(COLUMNS)} FROM decided ORDER BY at_row) TO '{files.output}' ({AS_CSV})")
        if rejected:
            chosen = f"SELECT {csv_select(REJECT_COLUMNS)} FROM rejected ORDER BY rejected.row"
            duck.execute(f"COPY ({chosen}) TO '{files.rejects}' ({AS_CSV})")
        return
    if files.is_folder:
        files.output.mkdir()
    for part, first in enumerate(range(0, size, part_rows) if files.is_folder else [0]):
        name = files.output / f"part-{part:05}.parquet" if files.is_folder else files.output
        within = f"at_row >= {first} AND at_row < {first + part_rows}" if files.is_folder else "true"
        chosen = f"SELECT {columns} FROM decided WHERE {within} ORDER BY at_row"
        duck.execute(f"COPY ({chosen}) TO '{name}' ({AS_PARQUET})")
    if rejected:
        duck.execute(f"COPY (FROM rejected ORDER BY \"row\") TO '{files.rejects}' ({AS_PARQUET})")
