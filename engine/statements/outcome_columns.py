"""The columns of an outcome: one for each single value of each output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import Fields, Items, Rows, Sql, Term, Value, any_of, case, negated
from ordain.engine.values.types import Kind, Type


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the result: the output's name, and of a field of a context `output.field`."""

    name: str
    type: Type
    digits: Digits | None = None


def outcome_columns(name: str, type: Type, value: Value, dialect: Dialect) -> Iterator[tuple[Output, Term]]:
    """The columns of one output, each with its term. Raises Unsupported for what has none."""
    match value:
        case Sql():
            if value.quotient is not None:
                raise Unsupported(f"`{name}` is a quotient that is not rounded", "round it: decimal(a / b, 2)")
            yield Output(name, type, value.digits), value.value
        case Fields():
            for field, part in value.parts.items():
                yield from outcome_columns(f"{name}.{field}", type.fields.get(field, type), part, dialect)
        case Rows():
            if any(isinstance(row.value, Fields) for row in value.rows):
                raise Unsupported(f"`{name}` is a list of contexts, which has no column")
            if any(row.place is not None for row in value.rows):
                raise Unsupported(f"`{name}` is a list ordered by what is worked out", "use hit policy rule order")
            parts = [case([(row.when, _as_text(single(row.value), type))]) for row in value.rows]
            if value.otherwise is not None:
                none = negated(any_of(row.when for row in value.rows))
                parts.append(case([(none, _as_text(single(value.otherwise), type))]))
            yield Output(name, type), dialect.array(parts)
        case Items():
            yield Output(name, type), dialect.array([_as_text(part, type) for part in value.parts])


def _as_text(value: Sql, type: Type) -> Term:
    if type.item is not None and type.item.kind is not Kind.TEXT:
        raise Unsupported(f"a {type} has no column; only lists of texts have one")
    return value.value
