"""The SQL with which DuckDB works features out for many points at once: one query a source.

A point is a subject at a moment. Numbers are added as DECIMAL, exactly, and never divided here: DuckDB divides in
doubles. What is a number, a date, or equal to something is decided as `features.field_values` does, by the text in the
JSON. Tables: `point` (point, subject, moment) and `record` (subject, source, happened, known, id, fields).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.values.types import Kind
from ordain.models.features.definition import (
    COMPARES,
    DAY,
    NUMBER,
    OF_NUMBERS,
    SINCE,
    Aggregation,
    Condition,
    Definition,
)
from ordain.models.limits import LIMITS

_WHOLE, _PART = LIMITS.feature_whole_digits, LIMITS.feature_part_digits
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ORDER = "(r.happened, r.known, r.id)"
"""As the records of a subject are ordered in `features.computing`."""
_ENTERS = "greatest(r.happened, r.known)"
_THERE = f"{_ENTERS} <= p.moment"


@dataclass(frozen=True, slots=True)
class Asked:
    """One query, and what its columns after the point are: for each definition its figures, and when it changes.

    The columns of a definition are `count`, `total`, `before`, `raw`, `begins`, then when its first record leaves, and
    the first record of the time before. The last columns are when the next record enters, and how many there are.
    """

    sql: str
    definitions: tuple[Definition, ...]
    width: int = 7


def asked(source: str, definitions: Sequence[Definition]) -> Asked:
    """The query for the definitions of one source."""
    columns = [column for each in definitions for column in (_state(each) if each.of_snapshot else _events(each))]
    columns += [f"min({_ENTERS}) FILTER ({_ENTERS} > p.moment)", "count(*)"]
    sql = (
        f"SELECT p.point, {', '.join(columns)} FROM point p JOIN record r ON r.subject = p.subject"  # noqa: S608 - names are checked
        f" WHERE r.source = {_text(source)} GROUP BY p.point"
    )
    return Asked(sql, tuple(definitions))


def _events(definition: Definition) -> list[str]:
    inside = [_THERE, *_window(definition), *map(_condition, definition.where)]
    count = total = before = raw = begins = "NULL"
    token, number = _token(definition.field), _number(definition.field)
    match definition.aggregation:
        case Aggregation.COUNT | Aggregation.EXISTS:
            count = _over("count(*)", inside)
        case Aggregation.DISTINCT:
            count = _over(f"count(DISTINCT {token})", [*inside, _present(definition.field)])
        case aggregation if aggregation in OF_NUMBERS:
            count, total = _over(f"count({number})", inside), _over(f"sum({number})", inside)
            if aggregation in COMPARES:
                earlier = [_THERE, *_before(definition), *map(_condition, definition.where)]
                before = _over(f"sum({number})", earlier)
        case Aggregation.MIN | Aggregation.MAX:
            value = number if definition.type.kind is Kind.NUMBER else _date(definition.field)
            raw = _over(f"arg_{definition.aggregation}({token}, {value})", [*inside, f"{value} IS NOT NULL"])
        case aggregation if aggregation in SINCE and not definition.field:
            begins = _over("max(r.happened)", inside)
        case aggregation:
            which = "arg_min" if aggregation is Aggregation.FIRST else "arg_max"
            raw = _over(f"{which}({token}, {_ORDER})", [*inside, _present(definition.field)])
    return [count, total, before, raw, begins, *_leaving(definition)]


def _state(definition: Definition) -> list[str]:
    """Of a snapshot the latest counts, and conditions ask about that one: its fields, and when it happened."""
    inside = [_THERE, *_window(definition)]
    raw = _over(f"arg_max(r.fields, {_ORDER})", inside)
    begins = _over(f"arg_max(r.happened, {_ORDER})", inside)
    return ["NULL", "NULL", "NULL", raw, begins, *_leaving(definition)]


def _window(definition: Definition) -> list[str]:
    return [] if definition.window is None else [f"r.happened > p.moment - {definition.window * DAY}"]


def _before(definition: Definition) -> list[str]:
    window, against = (definition.window or 0) * DAY, (definition.against or 0) * DAY
    return [f"r.happened <= p.moment - {window}", f"r.happened > p.moment - {window + against}"]


def _leaving(definition: Definition) -> list[str]:
    """When the first record leaves the window, and the time before it, of all that count, whatever `where` says."""
    if definition.window is None:
        return ["NULL", "NULL"]
    leaves = f"{_over('min(r.happened)', [_THERE, *_window(definition)])} + {definition.window * DAY}"
    if definition.against is None:
        return [leaves, "NULL"]
    reach = (definition.window + definition.against) * DAY
    first = _over("min(r.happened)", [_THERE, f"r.happened > p.moment - {reach}"])
    return [leaves, f"{first} + {reach}"]


def _over(aggregate: str, conditions: Sequence[str]) -> str:
    return f"{aggregate} FILTER ({' AND '.join(conditions)})"


def _condition(condition: Condition) -> str:
    name = condition.field
    alternatives = []
    for value in condition.values:
        if isinstance(value, bool):
            alternatives.append(f"{_token(name)} = '{'true' if value else 'false'}'")
        elif isinstance(value, Decimal):
            alternatives.append(f"{_number(name)} = {value:f}::DECIMAL({_WHOLE + _PART}, {_PART})")
        else:
            alternatives.append(f"({_is_text(name)} AND {_string(name)} = {_text(value)})")
    return f"coalesce({' OR '.join(alternatives)}, false)"


def _path(field: str) -> str:
    return f"""r.fields, '$."{field}"'"""


def _token(field: str) -> str:
    """A field's value as JSON text."""
    return f"json_extract({_path(field)})::VARCHAR"


def _string(field: str) -> str:
    return f"json_extract_string({_path(field)})"


def _is_text(field: str) -> str:
    return f"json_type({_path(field)}) = 'VARCHAR'"


def _present(field: str) -> str:
    return f"{_string(field)} IS NOT NULL"


def _number(field: str) -> str:
    """The field as a DECIMAL, NULL unless it is one that fits: a cast alone would round it."""
    fits = f"{_is_text(field)} AND regexp_full_match({_string(field)}, {_text(NUMBER.pattern)})"
    return f"CASE WHEN {fits} THEN TRY_CAST({_string(field)} AS DECIMAL({_WHOLE + _PART}, {_PART})) END"


def _date(field: str) -> str:
    """The field as a date, NULL unless it is one of the years 1 to 9999."""
    fits = f"{_is_text(field)} AND regexp_full_match({_string(field)}, '{_DATE}') AND {_string(field)} >= '0001'"
    return f"CASE WHEN {fits} THEN TRY_CAST({_string(field)} AS DATE) END"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
