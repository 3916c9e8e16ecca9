"""A decision table as SQL terms: which rules fire, and what the table gives.

`first`, and every hit policy of which one rule comes out, become one column with the number of that rule, from 1; 0 is
none. A CASE over it gives each output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from sqlglot import exp

from ordain.engine.backends.plan import OnNull, PlannedCell, PlannedRule, PlannedTable
from ordain.engine.backends.sql import lists_in_sql as lists
from ordain.engine.backends.sql.choices_in_sql import LAST, chosen, joined, single
from ordain.engine.backends.sql.expressions_in_sql import Expressions
from ordain.engine.backends.sql.faults import OTHERS_FROM
from ordain.engine.backends.sql.held_in_sql import held_output, held_value
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.places_in_sql import placed
from ordain.engine.backends.sql.sql_terms import (
    FALSE,
    NULL,
    TRUE,
    Fields,
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
    not_null,
    only_if,
    whole,
)
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy
from ordain.engine.values.types import Kind


@dataclass(frozen=True, slots=True)
class DecidedTable:
    """What a table gives, and which rules fired: for each rule, in the table's order, whether it did."""

    value: Value
    fired: Sequence[Term]
    fault: Term | None


def decided(plan: PlannedTable, at: Expressions, name: str) -> DecidedTable:
    """The terms of one table, of which `at` writes the parts; `name` begins the names of its columns.

    Raises Unsupported.
    """
    return _TableTerms(plan, at, name).decided()


class _TableTerms:
    def __init__(self, plan: PlannedTable, at: Expressions, name: str) -> None:
        if plan.lenient:
            raise Unsupported("a `.dmn` policy counts what fails as null", "convert it: ordain dmn convert")
        self.plan, self.table, self.at, self.name = plan, plan.table, at, name
        self.scope = at.scope
        whole_table = replace(at, place=f"`{self.table.name}`")
        self.columns = [whole_table.of(each.asked.tree, null_allowed=True) for each in plan.columns]
        self.before = first_of(each.fault for each in self.columns)
        self.columns = [
            whole_table.kept(replace(each, fault=None)) if isinstance(each, Sql) else each for each in self.columns
        ]

    def decided(self) -> DecidedTable:
        if self.table.hit_policy is HitPolicy.FIRST:
            return self.first()
        return self.every()

    def keep(self, term: Term, what: str) -> Term:
        """A term under a name of its own."""
        return self.scope.layers.named(term, f"{self.name}_{what}")

    def keep_fault(self, term: Term) -> Term:
        return self.keep(term, "lacks")

    def first(self) -> DecidedTable:
        branches: list[tuple[Term, Term]] = []
        at = self.at
        for number, rule in enumerate(self.plan.rules, start=1):
            matched = self.matched(rule, at)
            at = at.under(matched.value, False)
            if matched.fault is not None:
                branches.append((not_null(matched.fault), exp.Neg(this=exp.Paren(this=matched.fault))))
            branches.append((matched.value, whole(number)))
        hit = self.keep(case(branches, whole(0)), "hit")
        fault = case([(binary(exp.LT, hit, whole(0)), exp.Neg(this=exp.Paren(this=hit)))])
        whens = [binary(exp.EQ, hit, whole(number)) for number in range(1, len(self.plan.rules) + 1)]
        rows = [self.row(rule, self.at.under(when)) for rule, when in zip(self.plan.rules, whens, strict=True)]
        value = self.one_of(whens, rows)
        has_fault = any(isinstance(term, exp.Neg) for _, term in branches)
        return DecidedTable(
            replace(value, fault=None), whens, first_of((self.before, fault if has_fault else None, value.fault))
        )

    def every(self) -> DecidedTable:
        table = self.table
        fires: list[Term] = []
        rows: list[Value] = []
        faults: list[Term | None] = []
        for rule in self.plan.rules:
            called = len(self.scope.calls.fired)
            matched = self.matched(rule, self.at)
            row = self.row(rule, self.at.under(matched.value))
            if row.fault is not None:
                matched = replace(matched, value=self.keep(matched.value, "matches"))
            fault = first_of((matched.fault, only_if(matched.value, row.fault)))
            fired, row = matched.value, replace(row, fault=None)
            if rule.rule.missing is not None and fault is not None:
                fault = self.keep(fault, "lacks")
                self.scope.calls.doubt(called)
                is_missing = binary(exp.LT, fault, whole(OTHERS_FROM))
                instead = self.written(rule.rule.missing)
                fired = case([(is_missing, TRUE)], fired)
                row = replace(chosen([(is_missing, instead)], row, self.scope.dialect), fault=None)
                fault = only_if(binary(exp.GTE, fault, whole(OTHERS_FROM)), fault)
            fires.append(self.keep(exp.Coalesce(this=exp.Paren(this=fired), expressions=[FALSE]), "fires"))
            rows.append(self.kept_row(row))
            faults.append(fault)
        fault = first_of((self.before, *faults))
        several = placed(self.table, fires, rows)
        match table.hit_policy:
            case HitPolicy.UNIQUE | HitPolicy.ANY | HitPolicy.PRIORITY:
                return self.one_fires(fires, rows, several, fault)
            case HitPolicy.COLLECT | HitPolicy.RULE_ORDER | HitPolicy.OUTPUT_ORDER:
                last = None if self.plan.otherwise is None else self.otherwise(self.plan.otherwise, fires)
                value: Value
                if table.aggregation:
                    value = self.total(several, last)
                elif last is None:
                    value = Rows(several)
                else:
                    lacks = only_if(negated(any_of(fires)), last.fault)
                    value = Rows(several, replace(last, fault=None), lacks)
                return DecidedTable(replace(value, fault=None), fires, first_of((fault, value.fault)))
            case HitPolicy.FIRST:
                raise AssertionError("it has a way of its own")
            case _ as other:
                assert_never(other)

    def one_fires(
        self, fires: list[Term], rows: list[Value], several: Sequence[Row], fault: Term | None
    ) -> DecidedTable:
        """Unique, any and priority: one rule comes out."""
        table = self.table
        if table.hit_policy is HitPolicy.PRIORITY:
            keys = [
                self.keep(case([(row.when, row.place or whole(n))], whole(LAST)), "place")
                for n, row in enumerate(several)
            ]
            best = self.keep(self.scope.dialect.smallest(keys), "best")
            hit = case(
                [(binary(exp.EQ, best, whole(LAST)), whole(0))]
                + [(binary(exp.EQ, best, key), whole(n)) for n, key in enumerate(keys, start=1)],
                whole(0),
            )
        else:
            hit = case(((fired, whole(n)) for n, fired in enumerate(fires, start=1)), whole(0))
        hit = self.keep(hit, "hit")
        whens = [binary(exp.EQ, hit, whole(number)) for number in range(1, len(fires) + 1)]
        value = self.one_of(whens, rows)
        clash: Term | None = None
        if table.hit_policy is HitPolicy.UNIQUE and len(fires) > 1:
            counted = _sum_of([case([(fired, whole(1))], whole(0)) for fired in fires])
            message = f"several rules of `{table.name}` apply at once, and its hit policy is unique"
            clash = case(
                [(binary(exp.GT, counted, whole(1)), whole(self.scope.faults.other("RulesDisagree", message)))]
            )
        if table.hit_policy is HitPolicy.ANY and len(fires) > 1:
            message = f"rules of `{table.name}` apply at once with different outputs, and its hit policy is any"
            differs = [all_of((fired, self.differs(row, value))) for fired, row in zip(fires, rows, strict=True)]
            clash = case([(any_of(differs), whole(self.scope.faults.other("RulesDisagree", message)))])
        shown = whens if table.hit_policy is HitPolicy.PRIORITY else fires
        return DecidedTable(replace(value, fault=None), shown, first_of((fault, clash, value.fault)))

    def differs(self, one: Value, other: Value) -> Term:
        """Whether two rows differ in any output."""
        if isinstance(one, Fields) and isinstance(other, Fields):
            return any_of(self.differs(part, other.parts[name]) for name, part in one.parts.items())
        left, right = single(one), single(other)
        if left.digits is not None and right.digits is not None:
            return exp.NullSafeNEQ(this=self.scope.dialect.number(left.value, right.digits), expression=right.value)
        return exp.NullSafeNEQ(this=exp.Paren(this=left.value), expression=exp.Paren(this=right.value))

    def one_of(self, whens: list[Term], rows: list[Value]) -> Value:
        """The row of the rule that comes out; `otherwise`, or a fault, where none does."""
        table = self.table
        if self.plan.otherwise is not None:
            last: Value = self.otherwise(self.plan.otherwise, whens)
        else:
            none = self.scope.faults.other("NoRuleApplies", f"no rule of `{table.name}` applies")
            parts: Value = Sql(NULL)
            if not table.single:
                parts = Fields({output.name: Sql(NULL) for output in table.outputs})
            last = replace(parts, fault=whole(none))
        return chosen(list(zip(whens, rows, strict=True)), last, self.scope.dialect)

    def total(self, several: Sequence[Row], last: Value | None) -> Value:
        """`collect` with an aggregation."""
        table, how = self.table, self.table.aggregation
        none = negated(any_of(row.when for row in several))
        found = self.aggregated(how, Rows(several))
        if how not in ("count", "sum") and last is None:
            message = f"no rule of `{table.name}` applies, so there is no {how}"
            found = replace(found, fault=case([(none, whole(self.scope.faults.other("NoRuleApplies", message)))]))
        value: Value = found if last is None else chosen([(none, last)], found, self.scope.dialect)
        if table.total_range is None:
            return value
        return held_value(value, table.type, table.name, replace(self.at, place=f"`{table.name}`"))

    def aggregated(self, how: str, rows: Rows) -> Sql:
        dialect, kind = self.scope.dialect, self.table.row_type.kind
        if how == "count":
            return lists.count(rows, dialect)
        if how in ("min", "max"):
            return lists.least_or_most(rows, "<" if how == "min" else ">", kind, dialect, self.keep_fault)
        if kind is not Kind.NUMBER:
            raise Unsupported(f"the {how} of what is no number is not translated")
        return lists.total(rows, dialect) if how == "sum" else lists.mean(rows, 0, dialect)

    # --- one rule

    def matched(self, rule: PlannedRule, at: Expressions) -> Sql:
        """Whether a rule matches. As in the other readings, a null matters only where no other plain cell fails."""
        place = f"rule `{rule.rule.id}`"
        plain: list[Sql] = []
        needed: list[Sql] = []
        rest: list[Callable[[Expressions], Sql]] = []
        for number, cell in enumerate(rule.cells):
            if cell is None:
                continue
            planned, asked = self.plan.columns[number], self.columns[number]
            if cell.plain is None:
                rest.append(partial(self.test, cell, number))
                continue
            test = self.test(cell, number, replace(at, place=place))
            if planned.nullable and cell.on_null is OnNull.NEEDED:
                gone = is_null(single(asked).value)
                plain.append(Sql(any_of((gone, test.value))))
                lacks = whole(self.scope.faults.lacks(place, planned.text))
                needed.append(Sql(negated(gone), case([(gone, lacks)])))
            else:
                plain.append(test)
        if rule.condition is not None:
            condition = rule.condition
            rest.append(lambda writer: writer.flag(condition))
        at, done = replace(at, place=place), [*plain, *needed]
        if done and rest:
            at = at.under(all_of(part.value for part in done))
        for part in rest:
            done.append(part(at))
            at = at.under(done[-1].value)
        return joined("and", done, self.keep_fault)

    def test(self, cell: PlannedCell, number: int, at: Expressions) -> Sql:
        planned, asked = self.plan.columns[number], self.columns[number]
        test = single(at.asking(asked, planned.text).of(cell.tree))
        if cell.plain is not None:
            test = replace(test, fault=None)  # what a plain cell says of null is seen to by the rule
        if planned.nullable and planned.asks_null and not cell.asks_null:
            there = Sql(not_null(single(asked).value))
            return joined("and", [there, test], self.keep_fault)
        if cell.plain is not None and planned.nullable and cell.on_null is not OnNull.NEEDED:
            answer = TRUE if cell.on_null is OnNull.HOLDS else FALSE
            return Sql(exp.Coalesce(this=exp.Paren(this=test.value), expressions=[answer]), test.fault)
        return test

    def row(self, rule: PlannedRule, at: Expressions) -> Value:
        return self.outputs(rule.gives, replace(at, place=f"rule `{rule.rule.id}`"))

    def otherwise(self, gives: tuple[Checked, ...], fires: Sequence[Term]) -> Value:
        at = self.at.under(any_of(fires), False) if self.scope.functions else self.at
        return self.outputs(gives, replace(at, place=f"`otherwise` of `{self.table.name}`"))

    def outputs(self, gives: tuple[Checked, ...], at: Expressions) -> Value:
        """What a rule gives, held to what `gives` says of it."""
        parts = [
            held_output(part, output, self.table, at) for part, output in zip(gives, self.table.outputs, strict=True)
        ]
        if self.table.single:
            return parts[0]
        fault = first_of(part.fault for part in parts)
        names = (output.name for output in self.table.outputs)
        return Fields({name: replace(part, fault=None) for name, part in zip(names, parts, strict=True)}, fault)

    def written(self, values: tuple[object, ...]) -> Value:
        """A row that is known beforehand."""
        parts = [self.at.literal(value, output.type) for value, output in zip(values, self.table.outputs, strict=True)]
        if self.table.single:
            return parts[0]
        return Fields({output.name: part for output, part in zip(self.table.outputs, parts, strict=True)})

    def kept_row(self, row: Value) -> Value:
        """Each output under a name, where it is worked out."""
        if isinstance(row, Fields):
            return replace(row, parts={name: self.kept_row(part) for name, part in row.parts.items()})
        if isinstance(row, Sql) and not isinstance(row.value, exp.Cast) and row.quotient is None:
            return replace(row, value=self.keep(row.value, "gives"))
        return row


def _sum_of(terms: list[Term]) -> Term:
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    return total
