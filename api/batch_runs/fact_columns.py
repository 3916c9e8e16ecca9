"""The columns of a run's rows as facts: read as they are where they have the fact's type, else as cells of CSV are.

What a cell holds that is no such fact is a fault of its row, in the words of the cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from ordain.api.batch_runs.input_rows import InputRows, quoted_name, quoted_text
from ordain.api.limits import LIMITS
from ordain.engine.backends.digits import Digits
from ordain.engine.errors import Issue, MalformedRequest
from ordain.engine.policy.facts import Fact
from ordain.engine.statements.parquet_columns import digits_of_type, unfit
from ordain.engine.values.types import Kind

_DIGITS = 38
"""Digits of a decimal in DuckDB."""
_SMALLEST = 18
"""Digits behind the point of a number that is written with an exponent."""
_FINE = 9
"""Digits behind the point beyond which a number is one that a computer made, such as 0.30000000000000004."""
_PLAIN = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
_POWER = r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]{1,2}"
_DAY = r"\d{4}-\d{2}-\d{2}"
_OFFSET = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)"
_TEXTS = ("VARCHAR", "DOUBLE")


@dataclass(frozen=True, slots=True)
class FactColumn:
    """How the column of a fact is read: `value` and `fault` are terms of DuckDB's SQL; `digits` are a number's."""

    value: str
    fault: str | None
    digits: Digits | None


def fact_columns(rows: InputRows, facts: Iterable[Fact], told: str) -> dict[str, FactColumn]:
    """By the name of each fact that has a column of `rows`, which `told` names for people.

    Raises MalformedRequest for a column whose type can be no such fact: a true or false for a number.
    """
    by_name = {name.casefold(): (name, kind) for name, kind in rows.columns.items()}
    asked: dict[str, tuple[Fact, str, str]] = {}
    issues: list[Issue] = []
    for fact in facts:
        if (found := by_name.get(fact.name.casefold())) is None:
            continue
        name, kind = found
        issue = unfit(told, name, kind, fact.type)
        if issue is None or (kind in _TEXTS and fact.type.kind in _READ):
            asked[fact.name] = (fact, name, kind)
        else:
            issues.append(issue)
    if issues:
        raise MalformedRequest(issues)
    measured = _measured(rows, [(name, kind) for fact, name, kind in asked.values() if _is_written_number(fact, kind)])
    return {name: _column(*each, measured) for name, each in asked.items()}


def _is_written_number(fact: Fact, kind: str) -> bool:
    return fact.type.kind is Kind.NUMBER and kind in _TEXTS


def _measured(rows: InputRows, columns: list[tuple[str, str]]) -> Mapping[str, Digits]:
    """How many digits the numbers have that are written as texts, or in floating point, before and behind the point."""
    if not columns:
        return {}
    terms: list[str] = []
    for name, kind in columns:
        number = f"CASE WHEN regexp_full_match({_written(name, kind)}, '{_PLAIN}') THEN {_written(name, kind)} END"
        terms.append(f"max(length(ltrim(split_part({number}, '.', 1), '+-0')))")
        terms.append(f"max(length(split_part({number}, '.', 2)))")
    with duckdb.connect() as database:
        [found] = database.execute(f"SELECT {', '.join(terms)} FROM ({rows.all_rows()})").fetchall()
    pairs = zip(columns, zip(found[::2], found[1::2], strict=True), strict=True)
    return {name: _held(whole or 0, scale or 0) for (name, _), (whole, scale) in pairs}


def _held(whole: int, scale: int) -> Digits:
    whole = max(whole, 1)
    return Digits(min(whole, _DIGITS), min(scale, max(_DIGITS - whole, 0)))


def _written(name: str, kind: str) -> str:
    """A number as people write it: its shortest digits where it is in floating point, without an exponent."""
    text = f"trim({quoted_name(name)}::VARCHAR)"
    if kind == "DOUBLE":
        text = f"CASE WHEN NOT isnan({quoted_name(name)}) THEN {text} END"
    exact = f"rtrim(rtrim(try_cast({text} AS DECIMAL({_DIGITS}, {_SMALLEST}))::VARCHAR, '0'), '.')"
    before, power = (f"split_part(lower({text}), 'e', {part})" for part in (1, 2))
    behind = f"length(split_part({before}, '.', 2)) - try_cast(ltrim({power}, '+') AS INT)"
    return f"CASE WHEN regexp_full_match({text}, '{_POWER}') AND {behind} <= {_SMALLEST} THEN {exact} ELSE {text} END"


def _column(fact: Fact, name: str, kind: str, measured: Mapping[str, Digits]) -> FactColumn:
    if unfit("", name, kind, fact.type) is None and not (kind == "VARCHAR" and fact.type.kind is Kind.TEXT):
        return FactColumn(quoted_name(name), None, digits_of_type(kind))
    cell = f"nullif({quoted_name(name)}::VARCHAR, '')"
    digits = None
    match fact.type.kind:
        case Kind.NUMBER:
            digits, written = measured[name], _written(name, kind)
            right = f"regexp_full_match({written}, '{_PLAIN}')"
            most = f"length(ltrim(split_part({written}, '.', 1), '+-0')) <= {digits.whole}"
            most += f" AND length(split_part({written}, '.', 2)) <= {digits.scale}"
            value = f"try_cast({written} AS DECIMAL({(digits.whole or 0) + digits.scale}, {digits.scale}))"
            value = f"CASE WHEN {right} AND {most} THEN {value} END"
            cell = f"nullif({written}, '')" if kind == "DOUBLE" else cell
        case Kind.FLAG:
            value = f"CASE lower(trim({cell})) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case Kind.DATE:
            value = (
                f"CASE WHEN regexp_full_match({cell}, '\\d{{4}}-\\d{{2}}-\\d{{2}}') THEN try_cast({cell} AS DATE) END"
            )
        case Kind.DATE_TIME:
            value = f"CASE WHEN regexp_full_match({cell}, '{_DAY}') THEN try_cast({cell} AS DATE) END"
        case Kind.LIST:
            items = f"list_transform(string_split({cell}, ';'), item -> trim(item))"
            return FactColumn(f"list_filter({items}, item -> item <> '')", None, None)
        case _:
            return FactColumn(cell, None, None)
    long = LIMITS.batch_cell_shown
    shown = f"CASE WHEN length({cell}) > {long} THEN left({cell}, {long}) || '…' ELSE {cell} END"
    before, behind = (quoted_text(part) for part in (f"`{fact.name}`: `", f"` is {_READ[fact.type.kind]}"))
    fault = f"CASE WHEN {cell} IS NOT NULL AND ({value}) IS NULL THEN {before} || {shown} || {behind} END"
    return FactColumn(value, fault, digits)


_READ = {
    Kind.TEXT: "",
    Kind.NUMBER: "no number such as 12.50",
    Kind.FLAG: "neither true nor false",
    Kind.DATE: "no date such as 2026-01-31",
    Kind.DATE_TIME: "no time with its offset such as 2026-01-31T08:00:00+05:30",
    Kind.LIST: "",
}
"""What a text can be read as, and what is said of one that cannot."""


def too_fine(columns: Mapping[str, FactColumn], facts: Mapping[str, Fact], told: str) -> list[Issue]:
    """The columns with more digits behind the point than anybody writes, of facts that are not rounded."""
    return [
        Issue(
            f"`{name}` of `{told}` has numbers with {column.digits.scale} digits behind the point",
            f'round the column, CAST("{name}" AS DECIMAL(12, 4)), or give the fact a `precision` in facts.yaml',
        )
        for name, column in columns.items()
        if column.digits is not None and column.digits.scale > _FINE and facts[name].precision is None
    ]
