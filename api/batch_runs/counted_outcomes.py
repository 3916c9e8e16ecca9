"""What a run came to, counted over all its rows: outcomes, verdicts, rules that fired, and why rows were rejected.

Of an output that is a text or a flag the most frequent values are told, of a number its least, greatest and middle
values, and how they spread. Nothing of one person is in it but values that many have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ordain.api.batch_runs.input_rows import quoted_name
from ordain.api.batch_runs.part_facts import ROW
from ordain.api.batch_runs.run_folder import RunFolder
from ordain.api.limits import LIMITS
from ordain.audit.rows.output_table import name_of
from ordain.engine.statements.statement import CODE, ERROR, FIRED, REASONS

Json = dict[str, Any]
_BINS = 20
"""Bars of the picture of a number."""


def summary_of(
    folder: RunFolder, parts: int, columns: Sequence[tuple[str, str]], kept: Sequence[str], counts: Mapping[str, int]
) -> Json:
    """`outcomes` by column, `fired` and `rejects_told` with their counts, the most frequent first.

    `columns` are those of the output with DuckDB's types, of which `kept` were only handed on.
    """
    files = [folder.part_files(number) for number in range(parts)]
    told: Json = {"rows": sum(counts.values()), **counts, "outcomes": {}, "fired": [], "rejects_told": []}
    if not parts:
        return told
    with duckdb.connect() as database:
        decided, rejected = (", ".join(name_of(pair[place]) for pair in files) for place in (0, 1))
        database.execute(f"CREATE VIEW decided AS SELECT * FROM read_parquet([{decided}])")
        database.execute(f"CREATE VIEW rejected AS SELECT * FROM read_parquet([{rejected}])")
        for name, kind in columns:
            if name in kept or name == REASONS:
                continue
            if kind in ("VARCHAR", "BOOLEAN"):
                told["outcomes"][name] = _words(database, name)
            elif kind.startswith(("DECIMAL", "BIGINT", "INTEGER", "HUGEINT")):
                told["outcomes"][name] = _numbers(database, name)
            elif name == FIRED:
                told["fired"] = _most(database, f"SELECT unnest({FIRED}) AS value FROM decided")
        reasons = f"SELECT {CODE} || ': ' || {ERROR} AS value FROM rejected"
        told["rejects_told"] = _most(database, reasons)
        [(first,)] = database.execute(f"SELECT min({ROW}) FROM rejected").fetchall()
        told["first_rejected_row"] = first
    return told


def _words(database: duckdb.DuckDBPyConnection, name: str) -> Json:
    column = quoted_name(name)
    [(different, null)] = database.execute(
        f"SELECT approx_count_distinct({column}), count(*) - count({column}) FROM decided"
    ).fetchall()
    if different > LIMITS.batch_values_told:
        return {"kind": "texts", "different": different, "null": null}
    values = _most(database, f"SELECT {column}::VARCHAR AS value FROM decided WHERE {column} IS NOT NULL")
    return {"kind": "words", "values": values, "null": null}


def _numbers(database: duckdb.DuckDBPyConnection, name: str) -> Json:
    column = quoted_name(name)
    [(null, least, quarter, middle, three, greatest)] = database.execute(
        f"SELECT count(*) - count({column}), min({column}), quantile_disc({column}, 0.25), "
        f"quantile_disc({column}, 0.5), quantile_disc({column}, 0.75), max({column}) FROM decided"
    ).fetchall()
    told = {"kind": "numbers", "null": null}
    if least is None:
        return told
    five = dict(
        zip(
            ("least", "quarter", "middle", "three_quarters", "greatest"),
            map(str, (least, quarter, middle, three, greatest)),
            strict=True,
        )
    )
    bins: list[int] = []
    if least < greatest:
        # Where a bar begins is a matter of the picture alone, so floating point will do.
        place = f"least(floor(({column} - {least})::DOUBLE / ({greatest - least})::DOUBLE * {_BINS}), {_BINS - 1})::INT"
        found = dict(
            database.execute(
                f"SELECT {place} AS bar, count(*) FROM decided WHERE {column} IS NOT NULL GROUP BY bar"
            ).fetchall()
        )
        bins = [found.get(bar, 0) for bar in range(_BINS)]
    return {**told, **five, "bars": bins}


def _most(database: duckdb.DuckDBPyConnection, values: str) -> list[Json]:
    found = database.execute(
        f"SELECT value, count(*) AS rows FROM ({values}) GROUP BY value ORDER BY rows DESC, value "
        f"LIMIT {LIMITS.batch_values_told}"
    ).fetchall()
    return [{"value": value, "rows": rows} for value, rows in found]
