"""Loops over lists whose items are known when the statement is written: each round is a term of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol, Self, TypeVar

from ordain.engine.backends.sql import lists_in_sql as lists
from ordain.engine.backends.sql.beforehand_in_sql import worked_out
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.scope_in_sql import Reached, Scope
from ordain.engine.backends.sql.sql_terms import (
    FALSE,
    TRUE,
    Fields,
    Row,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    first_of,
    negated,
    only_if,
)
from ordain.engine.backends.sql.written_in_sql import written
from ordain.engine.feel.runtime.calls import STRICT
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.values.types import Kind


class Writer(Protocol):
    """What writes the parts of a loop: see `Expressions`."""

    @property
    def scope(self) -> Scope: ...
    @property
    def when(self) -> Reached | None: ...
    def of(self, node: Expr, *, null_allowed: bool = False) -> Value: ...
    def under(self, test: Term, holds: bool = True) -> Self: ...
    def where(self, when: Reached | None) -> Self: ...
    def knowing(self, own: Mapping[str, Value]) -> Self: ...
    def kept(self, value: Sql) -> Sql: ...
    def in_turn(self, op: str, parts: Iterable[Callable[[Self], Value]]) -> Sql: ...


W = TypeVar("W", bound=Writer)


def loop(writer: W, node: tree.For) -> Value:
    """`for`: a list of what its body gives in each round."""
    if any(isinstance(part, tree.Name) and part.name == "partial" for part in tree.walk(node.body)):
        raise Unsupported("`partial`, the list so far, is not translated")
    rows: list[Row] = []
    faults: list[Term | None] = []
    for at, there, fault in _rounds(writer, node.iterators):
        if fault is not None:
            faults.append(fault)
            continue
        value = at.of(node.body, null_allowed=True)
        faults.append(value.fault if there == TRUE else only_if(there, value.fault))
        value = writer.kept(value) if isinstance(value, Sql) else value
        rows.append(Row(there, replace(value, fault=None), None))
    return lists.of_rows(rows, first_of(faults))


def quantified(writer: W, node: tree.Quantified) -> Sql:
    """`some` and `every`: the rounds are tried until the matter is settled."""
    some = node.quantifier == "some"

    def answer(round: tuple[W, Term, Term | None]) -> Callable[[W], Sql]:
        at, there, fault = round

        def answered(reached: W) -> Sql:
            if fault is not None:
                return Sql(FALSE if some else TRUE, fault)
            if there == TRUE:
                return single(at.where(reached.when).of(node.condition))
            found = single(at.where(reached.when).under(there).of(node.condition))
            held = all_of((there, found.value)) if some else any_of((negated(there), found.value))
            return Sql(held, only_if(there, found.fault))

        return answered

    return writer.in_turn("or" if some else "and", map(answer, _rounds(writer, node.iterators)))


def filtered(writer: Writer, node: tree.Filter) -> Value:
    """The items of a list for which a condition holds."""
    rows: list[Row] = []
    base = lists.items_of(writer.of(node.base))
    faults = [base.fault]
    for row in base.rows:
        writer.scope.calls.write()
        fields = row.value.parts if isinstance(row.value, Fields) else {}
        at = writer.knowing({"item": row.value, **fields})
        held = single((at if row.when == TRUE else at.under(row.when)).of(node.condition))
        faults.append(held.fault if row.when == TRUE else only_if(row.when, held.fault))
        when = writer.kept(Sql(all_of((row.when, held.value)))).value
        rows.append(replace(row, when=when))
    return Rows(rows, fault=first_of(faults))


def _rounds(writer: W, iterators: tuple[tree.Each, ...]) -> Iterator[tuple[W, Term, Term | None]]:
    """The rounds: a writer that knows the variables, whether the round takes place, and the fault of what comes before
    it; where there is one, that is no round."""
    first, *others = iterators
    for each in others:
        if not writer.scope.functions.keys().isdisjoint(tree.names(each.over)):
            raise Unsupported("a call in the list of a second variable is not translated", "decide that list before")
    over = lists.in_order(_gone_over(writer, first.over))
    if over.fault is not None:
        yield writer, TRUE, over.fault
    for row in over.rows:
        writer.scope.calls.write()
        at = writer.knowing({first.name: row.value})
        at = at if row.when == TRUE else at.under(row.when)
        if not others:
            yield at, row.when, None
            continue
        for inner, there, fault in _rounds(at, tuple(others)):
            yield inner, all_of((row.when, there)), only_if(row.when, fault)


def _gone_over(writer: Writer, node: Expr) -> Rows:
    """What a loop goes over."""
    if isinstance(node, tree.Steps):
        if any(True for _ in tree.names(node)):
            raise Unsupported("from where to where a loop counts has to be written", "for i in 1..12")
        low, high = (worked_out(end, writer.scope, {}) for end in (node.low, node.high))
        try:
            steps = STRICT.steps(low, high, node.span)
        except ValueError as error:
            raise Unsupported(str(error)) from None
        writer.scope.calls.write(len(steps))
        return Rows([Row(TRUE, written(step, node.low.type, writer.scope.dialect), None) for step in steps])
    if node.type.kind is not Kind.LIST:
        raise Unsupported("a loop over what is no list is not translated")
    return lists.items_of(writer.of(node))
