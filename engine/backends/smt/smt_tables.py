"""Decision tables as terms of Z3, from their plan: which rules apply, and what the hit policy makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Any

import z3

from ordain.engine.backends.plan import OnNull, PlannedCell, PlannedRule, PlannedTable, is_held
from ordain.engine.backends.smt.smt_expressions import INPUT, Ends, Fault, Names, Reader
from ordain.engine.backends.smt.smt_functions import counted
from ordain.engine.backends.smt.smt_holding import hold, with_notes
from ordain.engine.backends.smt.terms import (
    NULL,
    Item,
    Sym,
    Term,
    Truth,
    both,
    chosen,
    either,
    equal,
    guarded,
    if_then,
    number,
    opposite,
    widest,
)
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import HitPolicy, Output
from ordain.engine.values.types import Kind

_NESTED = 24
"""From so many rules on a table's value is a variable of its own with a line for each rule, not one nested term."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a table: for whom it applies, and what it gives then."""

    applies: Truth
    value: Sym
    surely: Truth = True
    """That it applies as it says, and not because a fact is missing that it needs."""


@dataclass
class TableTerms:
    """Reads one table. `names` are what its expressions may read, and `path` says when it is decided at all."""

    reader: Reader
    plan: PlannedTable
    names: Names
    path: Truth
    fired: dict[tuple[str, str, str], Truth] | None = None

    def value(self) -> Sym:
        """What the table gives. Raises NotCoveredHere."""
        columns = [
            self.reader.of(each.asked.tree, self.path, self.names, null_allowed=True) for each in self.plan.columns
        ]
        if self.plan.table.hit_policy is HitPolicy.FIRST:
            return self._first(columns)
        return self._every(columns)

    # --- which rules apply

    def _applies(self, rule: PlannedRule, columns: Sequence[Sym], path: Truth) -> Truth:
        """All cells and the condition. A null matters only where no other plain cell fails."""
        plain: list[Truth] = []
        needed: list[tuple[Truth, str]] = []
        rest: list[tuple[PlannedCell, int]] = []
        for place, cell in enumerate(rule.cells):
            if cell is None:
                continue
            column, sym = self.plan.columns[place], columns[place]
            if cell.plain is None:
                rest.append((cell, place))
            elif column.nullable and cell.on_null is OnNull.NEEDED:
                plain.append(either(sym.null, self._test(cell, place, sym.there, both(path, opposite(sym.null)))))
                needed.append((sym.null, column.text))
            else:
                plain.append(self._test(cell, place, sym, path))
        holds = both(*plain)
        for null, asked in needed:
            self.reader.fault(both(path, holds, null), Ends.LACKS, asked, rule.rule.span)
            holds = both(holds, opposite(null))
        for cell, place in rest:
            holds = both(holds, self._test(cell, place, columns[place], both(path, holds)))
        if rule.condition is not None:
            holds = both(holds, self.reader.truth(rule.condition.tree, both(path, holds), self.names))
        return holds

    def _test(self, cell: PlannedCell, place: int, sym: Sym, path: Truth) -> Truth:
        column = self.plan.columns[place]
        if column.nullable and column.asks_null and not cell.asks_null:
            there = opposite(sym.null)
            return both(there, self._asked(cell, sym.there, both(path, there)))
        return self._asked(cell, sym, path)

    def _asked(self, cell: PlannedCell, sym: Sym, path: Truth) -> Truth:
        return self.reader.truth(cell.tree, path, {**self.names, INPUT: sym})

    # --- what rules give

    def _row(self, gives: tuple[Checked, ...], path: Truth) -> Sym:
        table = self.plan.table
        parts = [self._given(part, output, path) for part, output in zip(gives, table.outputs, strict=True)]
        if table.single:
            return parts[0]
        return Sym(Kind.CONTEXT, fields={output.name: part for output, part in zip(table.outputs, parts, strict=True)})

    def _given(self, part: Checked, output: Output, path: Truth) -> Sym:
        sym = self.reader.of(part.tree, path, self.names, null_allowed=output.type.optional)
        if not is_held(part.tree, output.type):
            hold(self.reader, sym, output.type, path, output.name or self.plan.table.name, part.tree.span)
        return sym

    def _otherwise(self, path: Truth) -> Sym:
        table = self.plan.table
        if self.plan.otherwise is None:
            self.reader.fault(path, Ends.NO_RULE, f"no rule of `{table.name}` applies", table.span)
            return NULL
        return self._row(self.plan.otherwise, path)

    def _note(self, rule: PlannedRule, applies: Truth) -> None:
        if self.fired is not None:
            self.fired[rule.rule.span.file, self.plan.table.name, rule.rule.id] = applies

    def _say(self, rule: PlannedRule, path: Truth) -> None:
        """The reason of a rule that fired: its text is nothing to prove, but what is in it may have no value."""
        if rule.rule.told is not None:
            with_notes(self.reader, rule.rule.told, path, self.names, f"the reason of `{rule.rule.id}`")

    # --- hit policies

    def _first(self, columns: Sequence[Sym]) -> Sym:
        none_yet: Truth = True
        rows: list[Row] = []
        for rule in self.plan.rules:
            path = both(self.path, none_yet)
            applies = self._applies(rule, columns, path)
            fires = both(none_yet, applies)
            rows.append(Row(fires, self._row(rule.gives, both(self.path, fires))))
            self._note(rule, fires)
            self._say(rule, both(self.path, fires))
            none_yet = self._named(both(none_yet, opposite(applies)), len(rows))
        return self._joined(rows, self._otherwise(both(self.path, none_yet)), none_yet)

    def _named(self, truth: Truth, place: int) -> Truth:
        """A truth under a name of its own now and then, so that no term grows with the table."""
        if isinstance(truth, bool) or len(self.plan.rules) < _NESTED:
            return truth
        name = self.reader.world.fresh(f"none of {place}", z3.BoolSort())
        self.reader.world.always.append(name == truth)
        return name

    def _joined(self, rows: Sequence[Row], otherwise: Sym, none: Truth) -> Sym:
        """The value of the one row that applies."""
        plain = all(_is_plain(row.value) for row in rows)
        if len(rows) < _NESTED or not plain or not rows:
            value = otherwise
            for row in reversed(rows):
                value = chosen(row.applies, row.value, value)
            return value
        values = [row.value for row in rows] + ([] if otherwise.kind is Kind.NULL else [otherwise])
        value = self._variable(values)
        every = [*rows] if otherwise.kind is Kind.NULL else [*rows, Row(none, otherwise)]
        for row in every:
            same = equal(value, row.value)
            if same is None:
                raise NotCoveredHere("a table of values of this type", self.plan.table.span)
            self.reader.world.always.append(either(opposite(row.applies), same))
        return value

    def _variable(self, values: Sequence[Sym]) -> Sym:
        """A value of its own that may be each of these."""
        like, fresh = values[0], self.reader.world.fresh
        if like.kind is Kind.CONTEXT:
            names = dict.fromkeys(name for value in values for name in value.fields)
            parts = {name: [value.fields.get(name, NULL) for value in values] for name in names}
            return Sym(Kind.CONTEXT, fields={name: self._variable(part) for name, part in parts.items()})
        null = False if all(value.null is False for value in values) else fresh("null", z3.BoolSort())
        if like.kind is Kind.FLAG:
            return Sym(like.kind, fresh("flag", z3.BoolSort()), null)
        sort = z3.RealSort() if like.kind is Kind.NUMBER else z3.IntSort()
        digits = reduce(widest, (value.digits for value in values))
        return Sym(like.kind, fresh(str(like.kind), sort), null, digits=digits)

    def _every(self, columns: Sequence[Sym]) -> Sym:
        table = self.plan.table
        rows: list[Row] = []
        seen: Truth = False
        disagree: list[Truth] = []
        first: Sym | None = None
        for rule in self.plan.rules:
            row = self._tried(rule, columns)
            rows.append(row)
            self._note(rule, both(row.applies, row.surely))
            self._say(rule, both(self.path, row.applies))
            if table.hit_policy in (HitPolicy.UNIQUE, HitPolicy.ANY):
                again = both(seen, row.applies)
                if table.hit_policy is HitPolicy.ANY and first is not None:
                    again = both(again, opposite(self._same(row.value, first)))
                disagree.append(again)
            first = row.value if first is None else chosen(seen, first, row.value)
            seen = self._named(either(seen, row.applies), len(rows))
        about = f"rules of `{table.name}` disagree"
        self.reader.fault(both(self.path, either(*disagree)), Ends.DISAGREE, about, table.span)
        if table.aggregation:
            return self._total(rows, seen)
        if table.hit_policy.gives_list:
            return self._listed(rows, seen)
        if table.hit_policy is HitPolicy.PRIORITY:
            value, _, _ = self._best(rows)
        else:
            value = first or NULL
        return chosen(seen, value, self._otherwise(both(self.path, opposite(seen))))

    def _same(self, one: Sym, other: Sym) -> Truth:
        same = equal(one, other)
        if same is None:
            raise NotCoveredHere("outputs of this type under the hit policy any", self.plan.table.span)
        return same

    def _tried(self, rule: PlannedRule, columns: Sequence[Sym]) -> Row:
        """A rule that may have a row for a missing fact, which its first fault then leads to."""
        if rule.rule.missing is None:
            applies = self._applies(rule, columns, self.path)
            return Row(applies, self._row(rule.gives, both(self.path, applies)))
        with self.reader.apart() as faults:
            applies = self._applies(rule, columns, self.path)
            value = self._row(rule.gives, both(self.path, applies))
        lacks, others = _first_of_each(faults)
        for fault in others:
            self.reader.fault(fault.when, fault.ends, fault.about, fault.span)
        parts = [self.reader.literal(part, rule.rule.span) for part in rule.rule.missing]
        table = self.plan.table
        names = [output.name for output in table.outputs]
        instead = parts[0] if table.single else Sym(Kind.CONTEXT, fields=dict(zip(names, parts, strict=True)))
        surely = opposite(lacks)
        return Row(either(lacks, both(applies, surely)), chosen(lacks, instead, value), surely)

    def _listed(self, rows: Sequence[Row], seen: Truth) -> Sym:
        items = tuple(Item(row.applies, row.value) for row in rows)
        if self.plan.table.hit_policy is HitPolicy.OUTPUT_ORDER:
            items = self._sorted(rows)
        if self.plan.otherwise is not None:
            none = opposite(seen)
            items += guarded((Item(True, self._otherwise(both(self.path, none))),), none)
        return Sym(Kind.LIST, items=tuple(item for item in items if item.there is not False))

    # --- priorities

    def _rank(self, value: Sym) -> tuple[Term, int]:
        """The priority of a row as a whole number, the least first, and how many there are."""
        rank: Term = z3.IntVal(0)
        count = 1
        for output in self.plan.table.outputs:
            if not output.priorities:
                continue
            part = value.fields[output.name] if output.name else value
            written = [self.reader.literal(each, self.plan.table.span) for each in output.priorities]
            place: Term = z3.IntVal(0)
            for number_, each in reversed(list(enumerate(written))):
                place = if_then(self._same(part, each), z3.IntVal(number_), place)
            rank, count = rank * len(written) + place, count * len(written)
        return z3.simplify(rank), count

    def _best(self, rows: Sequence[Row]) -> tuple[Sym, Term, Truth]:
        best, least, seen = NULL, z3.IntVal(0), False
        for row in rows:
            rank, _ = self._rank(row.value)
            better = both(row.applies, either(opposite(seen), rank < least))
            best = chosen(better, row.value, best) if best is not NULL else row.value
            least = if_then(better, rank, least)
            seen = either(seen, row.applies)
        return best, least, seen

    def _sorted(self, rows: Sequence[Row]) -> tuple[Item, ...]:
        """A place for each rule and priority, in their order; where a rule's priority is known, one."""
        places: list[tuple[int, int, Item]] = []
        for position, row in enumerate(rows):
            rank, count = self._rank(row.value)
            if z3.is_int_value(rank):
                places.append((rank.as_long(), position, Item(row.applies, row.value)))
                continue
            if count > LIMITS.proof_ranks:
                raise NotCoveredHere("`output order` of so many priorities", self.plan.table.span)
            places += [(each, position, Item(both(row.applies, rank == each), row.value)) for each in range(count)]
        places.sort(key=lambda place: place[:2])
        return tuple(item for _, _, item in places)

    # --- aggregations

    def _total(self, rows: Sequence[Row], seen: Truth) -> Sym:
        table, reader = self.plan.table, self.reader
        how = table.aggregation
        items = tuple(Item(row.applies, row.value) for row in rows)
        none = both(self.path, opposite(seen))
        if self.plan.otherwise is None and how not in ("count", "sum"):
            reader.fault(none, Ends.NO_RULE, f"no rule of `{table.name}` applies, so there is no {how}", table.span)
        nulls = either(*(both(item.there, item.value.null) for item in items))
        if how != "count":
            reader.fault(
                both(self.path, nulls), Ends.DISAGREE, f"the values of `{table.name}` have no {how}", table.span
            )
        value = self._aggregated(how, items)
        if self.plan.otherwise is not None:
            value = chosen(seen, value, self._otherwise(none))
        if table.total_range is not None:
            hold(reader, value, table.type, self.path, table.name, table.span)
        return value

    def _aggregated(self, how: str, items: tuple[Item, ...]) -> Sym:
        functions, span = self.reader.functions, self.plan.table.span
        if how == "count":
            return counted(items)
        if how in ("sum", "average"):
            emitter: Any = functions["sum"]
            total: Sym = emitter(self.reader, None, False, Sym(Kind.LIST, items=items))
            if how == "sum":
                return total
            count = counted(items)
            return self.reader.world.exact(total.term / if_then(count.term == 0, z3.RealVal(1), count.term), None)
        best, seen = number(Decimal(0)), False
        for item in items:
            order = (
                self.reader.ordered("<" if how == "min" else ">", item.value, best, span) if seen is not False else True
            )
            best = (
                chosen(both(item.there, either(opposite(seen), order)), item.value, best)
                if seen is not False
                else item.value
            )
            seen = either(seen, item.there)
        return best


def _is_plain(value: Sym) -> bool:
    return value.kind not in (Kind.LIST, Kind.NULL) and all(_is_plain(part) for part in value.fields.values())


def _first_of_each(faults: Sequence[Fault]) -> tuple[Truth, list[Fault]]:
    """For whom the first fault is a missing fact, and the other faults, for those whose first they are."""
    lacks: list[Truth] = []
    others: list[Fault] = []
    earlier: Truth = False
    for fault in faults:
        first = both(fault.when, opposite(earlier))
        if fault.ends is Ends.LACKS:
            lacks.append(first)
        else:
            others.append(replace(fault, when=first))
        earlier = either(earlier, fault.when)
    return either(*lacks), others


def table_terms(
    reader: Reader,
    plan: PlannedTable,
    names: Names,
    path: Truth = True,
    fired: dict[tuple[str, str, str], Truth] | None = None,
) -> Sym:
    """The value of a table for every customer; `fired` gets for whom each rule fires. Raises NotCoveredHere."""
    return TableTerms(reader, plan, names, path, fired).value()
