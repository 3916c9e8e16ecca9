"""What the rows of a table are ordered by, where its hit policy orders them by their outputs (DMN 1.5, 8.2.10)."""

from __future__ import annotations

from sqlglot import exp

from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import Fields, Row, Sql, Term, Value, binary, case, text, whole
from ordain.engine.policy.model import HitPolicy, Output, Table


def placed(table: Table, fires: list[Term], rows: list[Value]) -> list[Row]:
    """The rows with what they are ordered by, where the hit policy orders them by their outputs."""
    if table.hit_policy not in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER):
        return [Row(fired, row, None) for fired, row in zip(fires, rows, strict=True)]
    ordered = []
    for number, (fired, row) in enumerate(zip(fires, rows, strict=True)):
        place: Term = whole(0)
        fixed = 0
        for output in table.outputs:
            if not output.priorities:
                continue
            value = row.parts[output.name] if isinstance(row, Fields) else row
            base = len(output.priorities)
            known = _known_place(value, output)
            fixed *= base
            if place != whole(0):
                place = binary(exp.Mul, place, whole(base))
            if known is not None:
                fixed += known
                continue
            term = single(value).value
            ranks = case(
                [(binary(exp.EQ, term, _written(each)), whole(n)) for n, each in enumerate(output.priorities)],
                whole(base - 1),
            )
            place = ranks if place == whole(0) else binary(exp.Add, place, ranks)
        size = len(rows)
        if place == whole(0):
            place = whole(fixed * size + number)
        else:
            place = binary(exp.Add, binary(exp.Mul, place, whole(size)), whole(fixed * size + number))
        ordered.append(Row(fired, row, place))
    return ordered


def _known_place(value: Value, output: Output) -> int | None:
    """The place of an output that is written, among its declared values."""
    if isinstance(value, Sql):
        for number, each in enumerate(output.priorities):
            if value.value == _written(each):
                return number
    return None


def _written(value: object) -> Term:
    if isinstance(value, bool) or not isinstance(value, str):
        raise Unsupported("an order of values that are no texts is not translated")
    return text(value)
