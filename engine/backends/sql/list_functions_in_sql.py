"""The built-in functions of lists in SQL: one emitter for each that has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql import lists_in_sql as lists
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.operations_in_sql import Setting
from ordain.engine.backends.sql.sql_terms import (
    NULL,
    TRUE,
    Items,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    binary,
    case,
    is_null,
    negated,
    text,
    whole,
)
from ordain.engine.feel.syntax.tree import Call
from ordain.engine.values.types import Kind

Emitter = Callable[[Setting, Call, list[Value]], Value]
"""Takes the setting, the call as written, and the arguments, of which none is null where null is not allowed."""

_COUNTED = Digits(9, 0)


def _count(use: Setting, call: Call, given: list[Value]) -> Value:
    match given[0]:
        case Items(parts=parts):
            return numbers.literal(Decimal(len(parts)), use.dialect)
        case Rows():
            return lists.count(lists.items_of(given[0]), use.dialect)
        case _:
            length = use.dialect.length(single(given[0]).value)
            return Sql(use.dialect.number(length, _COUNTED), digits=_COUNTED, positive=True, written=0)


def _several(given: list[Value]) -> Rows:
    """The items of a call with one list, or those given one by one. Raises Unsupported for a list that is a column."""
    is_list = len(given) == 1 and not (isinstance(given[0], Sql) and given[0].digits is not None)
    return lists.items_of(given[0]) if is_list else lists.items_of(lists.written_out(given))


def _empty(use: Setting, call: Call) -> int:
    message = f"{use.place} cannot be calculated: the {call.called} of an empty list is not defined"
    return use.faults.other("CalculationFailed", message)


def _least_or_most(op: str) -> Emitter:
    def emit(use: Setting, call: Call, given: list[Value]) -> Value:
        if call.type.kind is Kind.FLAG:
            raise Unsupported("yes/no values have no order")
        one_by_one = len(given) > 1 or call.arguments[0].type.kind is not Kind.LIST
        rows = lists.items_of(lists.written_out(given) if one_by_one else given[0])
        if not rows.rows:
            return Sql(NULL, whole(_empty(use, call)))
        if call.type.kind is Kind.NUMBER and all(row.when == TRUE for row in rows.rows):
            return numbers.least_or_most([single(row.value) for row in rows.rows], op, use.dialect)
        best = lists.least_or_most(rows, op, call.type.kind, use.dialect, use.keep)
        return lists.of_some(best, rows, _empty(use, call))

    return emit


def _sum(use: Setting, call: Call, given: list[Value]) -> Value:
    if call.type.kind is not Kind.NUMBER:
        raise Unsupported("a sum of durations is not translated")
    return lists.total(_several(given), use.dialect)


def _product(use: Setting, call: Call, given: list[Value]) -> Value:
    rows = _several(given)
    if not rows.rows:
        return Sql(NULL, whole(_empty(use, call)))
    return lists.of_some(lists.product(rows, use.dialect), rows, _empty(use, call))


def _mean(use: Setting, call: Call, given: list[Value]) -> Value:
    if call.type.kind is not Kind.NUMBER:
        raise Unsupported("a mean of durations is not translated")
    rows = _several(given)
    if not rows.rows:
        return Sql(NULL, whole(_empty(use, call)))
    found = lists.mean(rows, _empty(use, call), use.dialect)
    return replace(found, fault=None) if any(row.when == TRUE for row in rows.rows) else found


def _list_contains(use: Setting, call: Call, given: list[Value]) -> Value:
    item = single(given[1])
    of, kind = call.arguments[0].type.item, call.arguments[1].type

    def is_it(part: Sql) -> Term:
        if kind.kind is Kind.NUMBER:
            equal: Term = numbers.compared("=", item, part, use.dialect)
        else:
            equal = binary(exp.EQ, item.value, part.value)
        if not (kind.optional or kind.kind is Kind.NULL) and not (of is None or of.optional):
            return equal
        both = all_of((is_null(item.value), is_null(part.value)))
        return exp.Coalesce(this=exp.Paren(this=equal), expressions=[both])

    def in_column(array: Term) -> Term:
        held = use.dialect.contains(array, item.value)
        return all_of((negated(is_null(item.value)), held)) if kind.optional else held

    return Sql(lists.any_item(given[0], is_it, in_column))


def _concatenated(use: Setting, call: Call, given: list[Value]) -> Value:
    rows = [row for part in given for row in lists.in_order(lists.items_of(part)).rows]
    return lists.of_rows(rows, None)


def _append(use: Setting, call: Call, given: list[Value]) -> Value:
    return _concatenated(use, call, [given[0], lists.written_out(given[1:])])


def _reversed(use: Setting, call: Call, given: list[Value]) -> Value:
    return lists.of_rows(lists.in_order(lists.items_of(given[0])).rows[::-1], None)


def _joined(use: Setting, call: Call, given: list[Value]) -> Value:
    between = text("") if len(given) < 2 else exp.Coalesce(this=single(given[1]).value, expressions=[text("")])
    if isinstance(given[0], Items | Rows):
        rows = lists.in_order(lists.items_of(given[0])).rows
        array = use.dialect.array([case([(row.when, single(row.value).value)]) for row in rows])
    else:
        array = single(given[0]).value
    return Sql(use.dialect.joined_texts(array, between))


LIST_EMITTERS: Mapping[str, Emitter] = {
    "count": _count,
    "min": _least_or_most("<"),
    "max": _least_or_most(">"),
    "sum": _sum,
    "mean": _mean,
    "product": _product,
    "list contains": _list_contains,
    "string join": _joined,
    "append": _append,
    "concatenate": _concatenated,
    "reverse": _reversed,
}
"""By the function's name; of the others of lists `functions_in_sql` says why they have none."""
