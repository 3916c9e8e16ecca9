"""Lists whose items are known when the statement is written: written out, or made of such lists, or what a table gives.

Each item is a term of its own, and `when` it is there at all. How many items a list has that is a column only the
database knows; of such a list there is no more than whether it holds an item, and their count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import reduce

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import chosen, single
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import (
    NULL,
    TRUE,
    Items,
    Row,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    binary,
    case,
    first_of,
    is_null,
    negated,
    whole,
    with_fault,
)
from ordain.engine.values.types import Kind

NOT_KNOWN_LONG = Unsupported(
    "how many items a list of a column has is not known beforehand", "`list contains`, `in` and `count` can be asked"
)


def written_out(parts: Sequence[Value]) -> Value:
    """A list of these items."""
    fault = first_of(part.fault for part in parts)
    if all(isinstance(part, Sql) for part in parts):
        return Items(tuple(replace(single(part), fault=None) for part in parts), fault)
    return Rows([Row(TRUE, replace(part, fault=None), None) for part in parts], fault=fault)


def of_rows(rows: Sequence[Row], fault: Term | None) -> Value:
    """A list of items that may be there."""
    if all(row.when == TRUE and isinstance(row.value, Sql) for row in rows):
        return Items(tuple(single(row.value) for row in rows), fault)
    return Rows(rows, fault=fault)


def items_of(value: Value) -> Rows:
    """The items of a list, each with whether it is there. Raises Unsupported for a list that is a column."""
    match value:
        case Rows():
            if value.otherwise is None:
                return value
            none = Row(negated(any_of(row.when for row in value.rows)), value.otherwise, None)
            return Rows([*value.rows, none], fault=value.fault)
        case Items():
            return Rows([Row(TRUE, part, None) for part in value.parts], fault=value.fault)
        case _:
            raise NOT_KNOWN_LONG


def is_ordered(rows: Rows) -> bool:
    """Whether the items stand in their order."""
    return all(row.place is None for row in rows.rows)


def in_order(rows: Rows) -> Rows:
    """The same. Raises Unsupported for items whose order is worked out with them."""
    if not is_ordered(rows):
        raise Unsupported("the order of this list is worked out for each row", "use hit policy rule order")
    return rows


def at_position(items: Items, place: Sql, fails: int, dialect: Dialect) -> Value:
    """The item at a position, counted from 1, or from the end where that is negative; `fails` is the fault of none."""
    branches: list[tuple[Term, Value]] = []
    for number, part in enumerate(items.parts, start=1):
        places = [number] if place.positive else [number, number - 1 - len(items.parts)]
        asked = [numbers.compared("=", place, numbers.literal(Decimal(each), dialect), dialect) for each in places]
        branches.append((any_of(asked), part))
    if not branches:
        return Sql(NULL, whole(fails))
    none = negated(any_of(when for when, _ in branches))
    return replace(chosen(branches, None, dialect), fault=case([(none, whole(fails))]))


def same(compared: Term, one: Value, is_nullable: bool) -> Term:
    """Whether a value that is there is an item that may be null; `compared` is whether they are equal."""
    return all_of((negated(is_null(single(one).value)), compared)) if is_nullable else compared


def any_item(among: Value, is_it: Callable[[Sql], Term], in_column: Callable[[Term], Term]) -> Term:
    """Whether any item of a list is what is asked; `in_column` asks it of a list that is a column."""
    match among:
        case Items():
            return any_of(is_it(part) for part in among.parts)
        case Rows():
            return any_of(all_of((row.when, is_it(single(row.value)))) for row in items_of(among).rows)
        case _:
            return in_column(single(among).value)


def count(rows: Rows, dialect: Dialect) -> Sql:
    """How many items there are."""
    ones = [whole(1) if row.when == TRUE else case([(row.when, whole(1))], whole(0)) for row in rows.rows]
    total = reduce(lambda one, other: exp.Add(this=one, expression=other), ones) if ones else whole(0)
    return numbers.counted(total, dialect)


def total(rows: Rows, dialect: Dialect) -> Sql:
    """The sum of numbers; of none 0."""
    parts = [single(row.value) for row in rows.rows]
    if not parts:
        return numbers.literal(Decimal(0), dialect)
    digits = numbers.room_for_sum(parts)
    zero = dialect.number(whole(0), digits)
    added: Term | None = None
    for row, part in zip(rows.rows, parts, strict=True):
        one = dialect.number(part.value, digits)
        one = one if row.when == TRUE else case([(row.when, one)], zero)
        added = one if added is None else dialect.number(binary(exp.Add, added, one), digits)
    return Sql(added or zero, digits=digits, positive=all(part.positive for part in parts))


def product(rows: Rows, dialect: Dialect) -> Sql:
    """The product of numbers, of which at least one is there."""
    one = numbers.literal(Decimal(1), dialect)
    factors = [
        single(row.value) if row.when == TRUE else single(chosen([(row.when, row.value)], one, dialect))
        for row in rows.rows
    ]
    return reduce(lambda left, right: numbers.multiplied(left, right, dialect), factors)


def mean(rows: Rows, by_zero: int, dialect: Dialect) -> Sql:
    """The sum over the count, as yet two numbers; `by_zero` is the fault of no items."""
    length = Digits(len(str(len(rows.rows))), 0)
    counted = replace(count(rows, dialect), digits=length)
    divisor = replace(counted, value=dialect.number(counted.value, length))
    return numbers.divided(total(rows, dialect), divisor, by_zero, dialect)


def least_or_most(rows: Rows, op: str, kind: Kind, dialect: Dialect, keep: numbers.Keep) -> Sql:
    """The least (`<`) or the greatest (`>`) item; null where there is none."""
    parts = [single(row.value) for row in rows.rows]
    digits = numbers.widest(parts) if kind is Kind.NUMBER else None
    best: Term = NULL
    for row, part in zip(rows.rows, parts, strict=True):
        one = part.value if digits is None else dialect.number(part.value, digits)
        if isinstance(best, exp.Null):
            best = keep(case([(row.when, one)]))
            continue
        left, right = (dialect.ordered_text(each) if kind is Kind.TEXT else each for each in (one, best))
        better = any_of((is_null(best), binary(numbers.COMPARED[op], left, right)))
        best = keep(case([(all_of((row.when, better)), one)], best))
    return Sql(best, digits=digits, positive=all(part.positive for part in parts))


def is_empty(rows: Rows) -> Term:
    """Whether no item is there."""
    return negated(any_of(row.when for row in rows.rows)) if rows.rows else TRUE


def of_some(value: Sql, rows: Rows, fails: int) -> Sql:
    """A value that an empty list has not: `fails` is the fault of one."""
    if any(row.when == TRUE for row in rows.rows):
        return value
    return single(with_fault(value, case([(is_empty(rows), whole(fails))])))
