"""The columns of a Parquet file, with the digits of its numbers, as DuckDB reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from ordain.engine.backends.digits import Digits
from ordain.engine.errors import Issue, MalformedRequest
from ordain.engine.statements.column_types import KINDS
from ordain.engine.values.types import Kind, Type

_WHOLE = {
    "TINYINT": 3,
    "UTINYINT": 3,
    "SMALLINT": 5,
    "USMALLINT": 5,
    "INTEGER": 10,
    "UINTEGER": 10,
    "BIGINT": 19,
    "UBIGINT": 20,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def columns_of(path: Path, facts: Mapping[str, Type]) -> dict[str, Digits | None]:
    """Each column by name, with its digits where it is a decimal or a whole number; else None.

    `facts` are the types of those that are read. Raises MalformedRequest for a file that is no Parquet, and for a
    column that is read and is not of its fact's type: a database would find the number 1 equal to "01", and take
    a time without an offset for one in UTC. What 0.1 is in floating point is not what anybody wrote.
    """
    with duckdb.connect() as database:
        try:
            found = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        except duckdb.Error:
            raise MalformedRequest(f"`{path}` is no Parquet file", "name a file that ends with .parquet") from None
    kinds = {str(name): str(kind) for name, kind, *_ in found}
    issues = [
        issue
        for name, of in facts.items()
        if name in kinds and (issue := unfit(path, name, kinds[name], of)) is not None
    ]
    if issues:
        raise MalformedRequest(issues)
    return {name: digits_of_type(kind) for name, kind in kinds.items()}


def unfit(path: Path | str, name: str, kind: str, of: Type) -> Issue | None:
    """What is wrong with a column of DuckDB's type `kind` for a fact of some type; None where it fits."""
    if of.kind is Kind.NUMBER:
        to = f'CAST("{name}" AS DECIMAL(12, 4))'
        if kind in ("DOUBLE", "FLOAT"):
            message = f"column `{name}` of `{path}` is in floating point, which no decision is made on"
            return Issue(message, f"write it as a decimal first: {to}")
        if digits_of_type(kind) is None:
            return Issue(f"column `{name}` of `{path}` is {kind}, and the fact is a number", f"cast it first: {to}")
        return None
    if of.kind not in KINDS or re.fullmatch(KINDS[of.kind][1], kind):
        return None
    called, _, to = KINDS[of.kind]
    message = f"column `{name}` of `{path}` is {kind}, and the fact is {called}"
    return Issue(message, f'write it so first: CAST("{name}" AS {to})')


def digits_of_type(kind: str) -> Digits | None:
    """Those of a type of DuckDB; None where it is no exact number."""
    if (decimal := _DECIMAL.fullmatch(kind)) is not None:
        precision, scale = map(int, decimal.groups())
        return Digits(precision - scale, scale)
    return Digits(_WHOLE[kind], 0) if kind in _WHOLE else None
