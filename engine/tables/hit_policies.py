"""What a table does once its rules have been tried: the hit policies, at run time (DMN 1.5, 8.2.10).

Called by the generated code of `backends/python` under the names of HIT_POLICIES. In all of them `fired` holds the
positions of the rules that apply, from 0, in the table's order; `rows` holds what each of them gives: a value, or a
context of several outputs. Where DMN leaves a result undefined, and its lenient reading gives null, a policy gets an
error that names table and rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ordain.engine.errors import Issue, NoRuleApplies, PricingConstraintViolation, RulesDisagree
from ordain.engine.feel.functions.operators import less
from ordain.engine.policy.model import Output, Requirement, Table
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.holding import held
from ordain.engine.values.types import Kind, Value, kind_of

Fired = tuple[int, ...]
Rows = tuple[Value, ...]


def no_rule(table: Table) -> None:
    """For every hit policy with one result, when no rule applies and there is no `otherwise`. Raises NoRuleApplies."""
    hint = "add a rule for this case, or `otherwise`"
    raise NoRuleApplies(Issue(f"no rule of `{table.name}` applies", hint, table.span))


def several(table: Table, fired: Fired) -> None:
    """`unique`, when two rules or more apply. Raises RulesDisagree at the second of them."""
    names = " and ".join(f"`{table.rules[number].id}`" for number in fired)
    message = f"{names} of `{table.name}` apply at once, and its hit policy is unique"
    raise RulesDisagree(Issue(message, "narrow one of them, or choose another hit policy", table.rules[fired[1]].span))


def differ(table: Table, fired: Fired) -> None:
    """`any`, when the rules that apply give different outputs. Raises RulesDisagree at the second of them."""
    names = " and ".join(f"`{table.rules[number].id}`" for number in fired)
    message = f"{names} of `{table.name}` apply at once with different outputs, and its hit policy is any"
    raise RulesDisagree(Issue(message, "give them the same outputs", table.rules[fired[1]].span))


def broken(requirement: Requirement) -> None:
    """A `must hold` that an outcome does not meet; of ours, not DMN's. Raises PricingConstraintViolation."""
    message = f"`{requirement.id}` does not hold: {requirement.because or requirement.expression.tree.span.text}"
    raise PricingConstraintViolation(Issue(message, "", requirement.span))


def rank(table: Table, row: Value) -> tuple[int, ...]:
    """The priority of a row, the least first: the place of each output among its declared values, from 0.

    Outputs without declared values count for nothing. Raises RulesDisagree for a value that is none of them.
    """
    ranks = []
    for output in table.outputs:
        if output.priorities:
            ranks.append(_place(table, output, row[output.name] if output.name else row))
    return tuple(ranks)


def _place(table: Table, output: Output, value: Value) -> int:
    if value not in output.priorities:
        message = f"`{value}` of `{table.name}` is none of the values that its hit policy orders by"
        raise RulesDisagree(Issue(message, "", table.span))
    return output.priorities.index(value)


def ordered(table: Table, fired: Fired, rows: Rows) -> tuple[Fired, Rows]:
    """`output order`: both lists by priority, equals in the table's order. Raises RulesDisagree, as `rank`."""
    ranks: list[Any] = [rank(table, row) for row in rows]
    return _sorted(ranks, fired, rows)


def ordering(table: Table) -> Callable[[Fired, Rows], tuple[Fired, Rows]]:
    """`ordered` for one table; where it has one output with declared texts, several times faster."""
    output, priorities = table.outputs[0], table.outputs[0].priorities
    if len(table.outputs) > 1 or not priorities or not all(type(value) is str for value in priorities):
        return partial(ordered, table)
    name, places = output.name, {value: priorities.index(value) for value in priorities}

    def by_place(fired: Fired, rows: Rows) -> tuple[Fired, Rows]:
        try:
            ranks = [places[row[name]] for row in rows] if name else [places[row] for row in rows]
        except (KeyError, TypeError):
            return ordered(table, fired, rows)  # which says what is wrong
        return _sorted(ranks, fired, rows)

    return by_place


def _sorted(ranks: list[Any], fired: Fired, rows: Rows) -> tuple[Fired, Rows]:
    if ranks == sorted(ranks):
        return fired, rows
    order = sorted(range(len(ranks)), key=ranks.__getitem__)
    return tuple(fired[number] for number in order), tuple(rows[number] for number in order)


def best(table: Table, fired: Fired, rows: Rows) -> tuple[Fired, Rows]:
    """`priority`: the rule of highest priority alone, the first of equals. Raises RulesDisagree, as `rank`."""
    positions, values = ordered(table, fired, rows)
    return positions[:1], values[:1]


def total(table: Table, rows: Rows) -> Value:
    """`collect` with an aggregation: sum, min, max, count or average of the rows.

    Of no rows the count and the sum are 0; the others raise NoRuleApplies (DMN, which has no average: null). Sums are
    of 34 digits, rounded half to even, in the table's order, and so is the average, the sum by the count. Raises
    RulesDisagree for values that have no order or no sum, nulls included.
    """
    how = table.aggregation
    if how == "count":
        return NUMBERS.create_decimal(len(rows))
    if not rows:
        if how == "sum":
            return NUMBERS.create_decimal(0)
        hint = "add a rule for this case, or `otherwise`" if how == "average" else ""
        raise NoRuleApplies(Issue(f"no rule of `{table.name}` applies, so there is no {how}", hint, table.span))
    kinds = {kind_of(row) for row in rows}
    if len(kinds) > 1 or (how in _OF_NUMBERS and kinds != {Kind.NUMBER}) or Kind.NULL in kinds:
        raise RulesDisagree(Issue(f"the values of `{table.name}` have no {how}", "", table.span))
    result = rows[0]
    for row in rows[1:]:
        if how in _OF_NUMBERS:
            result = NUMBERS.add(result, row)
        elif less(row, result) if how == "min" else less(result, row):
            result = row
    return NUMBERS.divide(result, NUMBERS.create_decimal(len(rows))) if how == "average" else result


_OF_NUMBERS = ("sum", "average")


HIT_POLICIES = {
    "held": held,
    "no_rule": no_rule,
    "several": several,
    "differ": differ,
    "broken": broken,
    "best": best,
    "total": total,
}
