"""Whether what a decision gives is of its declared type, as `engine.values.holding` asks when Python decides."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from ordain.engine.backends.plan import is_held
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.expressions_in_sql import Expressions
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import (
    NULL,
    Fields,
    Items,
    Rows,
    Sql,
    Term,
    Value,
    any_of,
    case,
    first_of,
    negated,
    text,
    whole,
)
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Output, Table
from ordain.engine.values.holding import is_narrow
from ordain.engine.values.types import Type


def held_output(part: Checked, output: Output, table: Table, writer: Expressions) -> Value:
    """An output; a computed one is held to what `gives` says of it."""
    value = writer.of(part.tree, null_allowed=output.type.optional)
    if is_held(part.tree, output.type):
        return value
    return held_value(value, output.type, output.name or table.name, writer)


def held_value(value: Value, type: Type, name: str, writer: Expressions) -> Value:
    """The value with a fault where it is none of the type: of its values, or outside its range."""
    if isinstance(value, Fields):
        parts = {
            each: held_value(value.parts.get(each, Sql(NULL)), of, f"{name}.{each}", writer)
            for each, of in type.fields.items()
        }
        fault = first_of((value.fault, *(part.fault for part in parts.values())))
        return Fields({each: replace(part, fault=None) for each, part in parts.items()}, fault, value.absent)
    if isinstance(value, Items | Rows):
        if is_narrow(type):
            raise Unsupported("a list is not held to declared values in SQL")
        return value
    wrong: list[Term] = []
    if type.values:
        wrong.append(
            negated(exp.In(this=exp.Paren(this=value.value), expressions=[text(each) for each in type.values]))
        )
    if type.limits is not None:
        limits, dialect = type.limits, writer.dialect
        for end, op in (
            (limits.low, "<=" if limits.low_open else "<"),
            (limits.high, ">=" if limits.high_open else ">"),
        ):
            if end is not None:
                wrong.append(numbers.compared(op, value, numbers.literal(end, dialect), dialect))
    if not wrong:
        return value
    message = f"{writer.place} cannot be calculated: `{name}` is not as `gives` declares it"
    fault = case([(any_of(wrong), whole(writer.scope.faults.other("CalculationFailed", message)))])
    return with_fault_after(value, fault)


def with_fault_after(value: Sql, fault: Term) -> Sql:
    """The value with a fault that comes after its own."""
    return replace(value, fault=first_of((value.fault, fault)))
