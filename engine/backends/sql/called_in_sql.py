"""A table that is called, written out in place of its call; and the reasons of the rules that fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ordain.engine.backends.plan import PlannedTable
from ordain.engine.backends.settled import settle
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.expressions_in_sql import Expressions
from ordain.engine.backends.sql.held_in_sql import held_value
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.scope_in_sql import Fired, is_reached
from ordain.engine.backends.sql.sql_terms import (
    Fields,
    Sql,
    Term,
    Value,
    all_of,
    case,
    first_of,
    is_null,
    only_if,
    text,
    whole,
    with_fault,
)
from ordain.engine.backends.sql.tables_in_sql import DecidedTable, decided
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Table, TableFunction
from ordain.engine.values.types import Type

PLAIN = "leave the rules and reasons out: --plain"


def called(function: TableFunction, plan: PlannedTable, at: Expressions, given: Sequence[Value]) -> Value:
    """What a call gives; `given` are its arguments, without a fault. Notes which rules fired.

    Raises Unsupported.
    """
    scope, table = at.scope, function.table
    names = dict(zip(function.parameters, given, strict=True))
    inside = replace(
        scope,
        values={**scope.values, **names},
        known={name: known for name, known in scope.known.items() if name not in names},
        constants={name: constant for name, constant in scope.constants.items() if name not in names},
    )
    writer = Expressions(inside, f"`{table.name}`", when=at.when)
    faults = [_not_taken(writer, name, of, names[name]) for name, of in function.takes.items()]
    number = scope.calls.written
    try:
        found = decided(plan, writer, f"c{number}")
    except Unsupported as why:
        raise why.at(table.span) from None
    reasons, unsaid = reasons_of(table, found, writer)
    here = is_reached(at.when)
    rules = [all_of((here, when)) for when in found.fired]
    scope.calls.fired.append(Fired(table, rules, reasons))
    return with_fault(found.value, *faults, found.fault, unsaid)


def _not_taken(at: Expressions, name: str, of: Type, value: Value) -> Term | None:
    """The fault of an argument that is null, or not as `takes` says."""
    gone: Term | None = None
    if not of.optional:
        lacks = whole(at.scope.faults.lacks(at.place, name))
        match value:
            case Sql(quotient=None):
                gone = case([(is_null(value.value), lacks)])
            case Fields(absent=Term() as absent):
                gone = case([(absent, lacks)])
    narrow = of.values or of.limits is not None
    return first_of((gone, held_value(value, of, name, at).fault if narrow else None))


def reasons_of(table: Table, found: DecidedTable, at: Expressions) -> tuple[list[Term | None], Term | None]:
    """The reason of each rule, with its `{...}` filled in, and the fault of one that cannot be.

    Raises Unsupported for a reason that has no text in SQL, unless reasons are not told.
    """
    reasons: list[Term | None] = []
    faults: list[Term | None] = []
    for rule, when in zip(table.rules, found.fired, strict=True):
        said = reason(rule.because, rule.told, replace(at.under(when), place=f"the reason of rule `{rule.id}`"))
        reasons.append(None if said is None else said.value)
        faults.append(None if said is None else only_if(when, said.fault))
    return reasons, first_of(faults)


def reason(because: str, told: Checked | None, at: Expressions) -> Sql | None:
    """A reason as a text; None where there is none. Raises Unsupported, as `reasons_of`."""
    if told is None:
        return Sql(text(because)) if because else None
    scope = at.scope
    try:
        return single(at.of(settle(told, scope.constants, scope.values).tree))
    except Unsupported as why:
        if not scope.explained:
            return None
        said = Unsupported(f"in the reason `{because}`: {why.reason}", "; or ".join(filter(None, (why.hint, PLAIN))))
        raise said.at(why.span or told.tree.span) from None
