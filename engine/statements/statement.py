"""One statement for a service: for each row of facts the outcome, the verdict, the rules that fired and why.

The order is that of a decision: facts, the gate before the scores, each policy, what must hold, the verdict.
A row that the Python reading refuses has `error_code` and `error`, and null everywhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.plan import PlannedFormula, is_held
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.backends.sql.called_in_sql import PLAIN, called, reason, reasons_of
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.dialects import DIALECTS, Dialect
from ordain.engine.backends.sql.expressions_in_sql import Expressions
from ordain.engine.backends.sql.faults import Fault, Faults
from ordain.engine.backends.sql.held_in_sql import held_value
from ordain.engine.backends.sql.layers import Layers
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.scope_in_sql import Fired, Scope
from ordain.engine.backends.sql.sql_terms import (
    NULL,
    Fields,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    binary,
    case,
    cast,
    column,
    enclosed,
    first_of,
    is_null,
    negated,
    only_if,
    text,
    whole,
)
from ordain.engine.backends.sql.tables_in_sql import decided
from ordain.engine.evaluate import Plan
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import STATUS, Requirement, Verdict
from ordain.engine.statements.column_names import distinct, kept_columns
from ordain.engine.statements.facts_in_sql import Column, FactTerms, personal_read
from ordain.engine.statements.outcome_columns import Output, outcome_columns
from ordain.engine.statements.steps import in_steps
from ordain.engine.statements.table_name import table_named
from ordain.engine.statements.told_rules import Told
from ordain.engine.values.types import Kind
from ordain.engine.values.zones import zone_names

VERDICT, STATUS_COLUMN, FIRED, REASONS, CODE, ERROR = "verdict", "status", "fired", "reasons", "error_code", "error"
OWN_COLUMNS = (VERDICT, STATUS_COLUMN, FIRED, REASONS, CODE, ERROR)
"""Columns besides those of the outcome."""
_FAULT = "o_fault"


@dataclass(frozen=True, slots=True)
class Statement:
    """`tree` is sqlglot's, `text` what it prints; `outputs` are the outcome's columns, in order."""

    tree: exp.Select
    text: str
    dialect: Dialect
    columns: Sequence[Column]
    outputs: Sequence[Output]
    faults: Mapping[int, Fault]
    has_verdict: bool


def statement(
    plan: Plan,
    at: dt.datetime,
    *,
    dialect: str = "duckdb",
    table: str = "facts",
    columns: Mapping[str, Digits | None] | None = None,
    keep: Sequence[str] = (),
    explained: bool = True,
) -> Statement:
    """The statement that decides every row of `table` as of `at`, an aware time.

    `columns` are those of the table, numbers with their digits; None: the statement asks for what it needs. `keep` are
    columns that are handed on, such as a key. Not `explained`: without the rules that fired and their reasons.
    Raises PolicyError for what cannot be said in SQL, with line and column, and MalformedRequest for a `table` that is
    no name of a table and for a `keep` that cannot be handed on.
    """
    return _Service(plan, at, DIALECTS[dialect], columns, explained).statement(table, keep)


class _Service:
    def __init__(
        self,
        plan: Plan,
        at: dt.datetime,
        dialect: Dialect,
        columns: Mapping[str, Digits | None] | None,
        explained: bool,
    ) -> None:
        self.plan, self.dialect = plan, dialect
        self.values: dict[str, Value] = {}
        self.known: dict[str, Sequence[str]] = {}
        taken = frozenset(need.fact.name.casefold() for need in plan.needs)
        layers = Layers(taken=taken)
        self.scope = Scope(self.values, self.known, at, dialect, Faults(), layers, explained=explained)
        self.facts = FactTerms(self.scope, columns)
        self.fault_columns: list[Term] = []
        self.told = Told()
        self.broken: dict[int, Term] = {}
        """The sentences of faults that are worked out for each row, by their numbers."""

    def statement(self, table: str, keep: Sequence[str]) -> Statement:
        service = self.plan.service
        source = table_named(table, self.dialect)
        try:
            distinct((need.fact.name for need in self.plan.needs), self.dialect)
            self.gather()
        except Unsupported as why:
            raise why.told(f"the service {service.name}") from None
        verdicts: list[Term] = []
        for number, compiled in enumerate(self.plan.policies):
            try:
                self.decide(compiled, f"p{number}")
            except Unsupported as why:
                raise why.told(compiled.policy.label) from None
            if compiled.policy.kind == "compliance":
                verdicts.append(single(self.values["verdict"]).value)
        if verdicts:
            self.values["verdict"] = Sql(self.keep(_worst(verdicts), "verdict"))
        try:
            outputs = list(self.outputs())
            distinct((output.name for output, _ in outputs), self.dialect)
        except Unsupported as why:
            raise why.told(f"the service {service.name}") from None
        shown = [output for output, _ in outputs]
        kept = kept_columns(keep, [*OWN_COLUMNS, *(output.name for output in shown)], self.facts.table)
        tree = self.select(source, kept, outputs, bool(verdicts))
        printed = self.dialect.as_told(tree.sql(dialect=self.dialect.name, pretty=True, copy=False))
        return Statement(
            tree, printed, self.dialect, self.facts.columns, shown, self.scope.faults.by_number(), bool(verdicts)
        )

    def keep(self, term: Term, hint: str) -> Term:
        return self.scope.layers.named(term, hint)

    def note(self, fault: Term | None) -> None:
        """A fault of the row, in the order in which it would be found."""
        if fault is not None:
            self.fault_columns.append(self.keep(fault, "fault"))

    def gather(self) -> None:
        """The facts, as the gate before the scores leaves them."""
        shut = self.gate()
        for need in self.plan.needs:
            fact = need.fact
            known = len(self.facts.lacks)
            value = self.facts.read(need)
            if isinstance(value, Sql):
                if shut is not None and need.may_withhold:
                    value = replace(value, value=case([(negated(shut), value.value)]))
                    value = replace(value, fault=only_if(negated(shut), value.fault))
                    lacked = [only_if(negated(shut), fault) for fault in self.facts.lacks[known:]]
                    self.facts.lacks[known:] = [fault for fault in lacked if fault is not None]
                self.note(value.fault)
                value = replace(value, value=self.keep(value.value, "f"), fault=None)
            self.values[fact.name] = value
            if fact.type.values and fact.type.kind is Kind.TEXT:
                self.known[fact.name] = fact.type.values
            elif fact.time_zone:
                self.known[fact.name] = sorted(zone_names())
        for fault in self.facts.lacks:
            self.note(fault)
        for name in self.plan.derived:
            self.values[name] = Sql(self.keep(personal_read(self.values, self.plan.personal).value, "f"))

    def gate(self) -> Term | None:
        """Whether no score may be read: unless the condition is known not to hold."""
        gate = self.plan.needs.gate
        if gate is None:
            return None
        by_name = {need.fact.name: need for need in self.plan.needs}
        read: dict[str, Value] = {}
        for fact in gate.facts:
            value = FactTerms(self.scope, self.facts.table).read(replace(by_name[fact.name], may_miss=True))
            read[fact.name] = value
        scope = replace(self.scope, values=read)
        asked = Expressions(scope, f"`scores` of `{self.plan.service.name}`").flag(gate.condition)
        faults = first_of((asked.fault, *(value.fault for value in read.values())))
        is_open = negated(exp.Coalesce(this=exp.Paren(this=asked.value), expressions=[exp.true()]))
        if faults is not None:
            is_open = all_of((is_null(faults), is_open))
        return self.keep(negated(is_open), "shut")

    def decide(self, compiled: CompiledPolicy, name: str) -> None:
        """One policy: its decisions in their order, and what must hold then."""
        policy, plan = compiled.policy, compiled.plan
        if policy.lenient:
            raise Unsupported(
                "a `.dmn` policy counts what fails as null", "convert it: ordain dmn convert", policy.span
            )
        self.scope = replace(
            self.scope,
            constants=policy.constants,
            functions={
                each.formula.name: each.expression.tree
                for each in plan.decisions
                if isinstance(each, PlannedFormula) and isinstance(each.expression.tree, Function)
            },
            tables={function.name: partial(called, function, table) for function, table in plan.functions},
        )
        for number, planned in enumerate(plan.decisions):
            prefix = f"{name}_{number}"
            if isinstance(planned, PlannedFormula):
                if not isinstance(planned.expression.tree, Function):
                    self.formula(planned, policy.label, prefix)
                continue
            table, writer = planned.table, Expressions(self.scope, f"`{planned.table.name}`")
            try:
                found = decided(planned, writer, prefix)
            except Unsupported as why:
                raise why.at(table.span) from None
            self.note(found.fault)
            reasons, unsaid = reasons_of(table, found, writer)
            self.note(unsaid)
            self.values[table.name] = self.kept(replace(found.value, fault=None), prefix)
            self.called(policy.label)
            self.told.rules(policy.label, Fired(table, found.fired, reasons))
        for requirement, checked in plan.must_hold:
            self.require(requirement, checked)
            self.called(policy.label)

    def called(self, label: str) -> None:
        """Tells of the tables that were called."""
        for fired in self.scope.calls.taken():
            if fired.unsure and self.scope.explained:
                why = "where a fact is missing it is not known whether it is called, and which of its rules fire"
                at = replace(fired.table.span, text=fired.table.name)
                raise Unsupported(why, f"let a policy before this one decide what it gives, or {PLAIN}", at)
            self.told.rules(label, fired)

    def require(self, requirement: Requirement, checked: Checked) -> None:
        """Notes the fault of what does not hold, with its reason filled in."""
        writer = Expressions(self.scope, f"requirement `{requirement.id}`")
        try:
            held = writer.flag(checked)
            said = reason(requirement.because, requirement.told, writer.under(held.value, False))
        except Unsupported as why:
            raise why.at(requirement.span) from None
        head = f"`{requirement.id}` does not hold"
        because = requirement.because if requirement.told is None else ""
        words = f"{head}: {because or requirement.expression.tree.span.text}"
        broken = self.scope.faults.other("PricingConstraintViolation", words)
        fault: Term | None = case([(negated(held.value), whole(broken))])
        if said is not None and requirement.told is not None:
            self.broken[broken] = exp.DPipe(this=text(f"{head}: "), expression=enclosed(said.value))
            fault = first_of((only_if(negated(held.value), said.fault), fault))
        self.note(first_of((held.fault, fault)))

    def formula(self, planned: PlannedFormula, label: str, prefix: str) -> None:
        decision, checked = planned.formula, planned.expression
        writer = Expressions(self.scope, f"`{decision.name}`")
        try:
            value = writer.of(checked.tree, null_allowed=decision.type.optional)
            if not is_held(checked.tree, decision.type):
                value = writer.kept(value) if isinstance(value, Sql) else value
                value = held_value(value, decision.type, decision.name, writer)
        except Unsupported as why:
            raise why.at(decision.span) from None
        self.note(value.fault)
        self.values[decision.name] = self.kept(replace(value, fault=None), prefix)
        try:
            said = reason(decision.because, decision.told, writer)
        except Unsupported as why:
            raise why.at(decision.span) from None
        self.called(label)
        if said is not None:
            self.note(said.fault)
            self.told.reasons.append(said.value)

    def kept(self, value: Value, prefix: str) -> Value:
        """Each single value under a name."""
        match value:
            case Sql(quotient=None):
                return replace(value, value=self.keep(value.value, prefix))
            case Fields():
                return replace(value, parts={name: self.kept(part, prefix) for name, part in value.parts.items()})
            case _:
                return value

    def outputs(self) -> Iterator[tuple[Output, Term]]:
        """The columns of the outcome."""
        for name, type in self.plan.gives.items():
            if name == VERDICT and self.has_verdict:
                continue  # it has a column of its own, which nothing withholds
            shown = f"outcome.{name}" if name.casefold() in OWN_COLUMNS else name
            yield from outcome_columns(shown, type, self.values[name], self.dialect)

    @property
    def has_verdict(self) -> bool:
        return any(compiled.policy.kind == "compliance" for compiled in self.plan.policies)

    def select(
        self,
        table: exp.Table,
        keep: Sequence[str],
        outputs: Sequence[tuple[Output, Term]],
        has_verdict: bool,
    ) -> exp.Select:
        """The layers as steps, one reading the other."""
        fault = first_of(self.fault_columns) or cast(NULL, "INT")
        layers = [layer for layer in self.scope.layers.layers if layer]
        free = self.scope.layers.free
        fault_name = free(_FAULT)
        layers.append({fault_name: fault})
        # The table's other columns stay behind: one that is called like a step's own would be read for it.
        handed = {name: free(f"kept_{number}") for number, name in enumerate(keep)}
        brought = [column(each.fact) for each in self.facts.columns]
        brought += [_named(column(name), own) for name, own in handed.items()]
        step_name = "ordain_step" if not table.name.casefold().startswith("ordain_step") else "ordain_next"
        steps = [exp.select(*(brought or [_named(whole(1), "o_row")])).from_(table)]
        for layer in layers:
            made = [_named(term, name) for name, term in layer.items()]
            steps.append(exp.select(exp.Star(), *made))
        is_fine = is_null(column(fault_name))
        verdict = single(self.values[VERDICT]).value if has_verdict else None
        shown = is_fine
        if verdict is not None and self.plan.service.withholds:
            hidden = [binary(exp.EQ, verdict, text(str(each))) for each in self.plan.service.withholds if each]
            shown = all_of((is_fine, negated(any_of(hidden))))
        selected: list[Term] = [_named(column(own), name) for name, own in handed.items()]
        selected += [_named(case([(shown, term)]), output.name) for output, term in outputs]
        if verdict is not None:
            selected.append(_named(case([(is_fine, verdict)]), VERDICT))
        selected.append(_named(case([(is_fine, _status(verdict))]), STATUS_COLUMN))
        if self.scope.explained:
            selected.append(_named(case([(is_fine, self.dialect.array(self.told.fired))]), FIRED))
            selected.append(_named(case([(is_fine, self.dialect.array(self.told.reasons))]), REASONS))
        by_number = self.scope.faults.by_number()
        codes = {number: text(fault.code) for number, fault in by_number.items()}
        messages = {number: text(fault.message) for number, fault in by_number.items()} | self.broken
        for name, told in ((CODE, codes), (ERROR, messages)):
            words = case((binary(exp.EQ, column(fault_name), whole(n)), said) for n, said in told.items())
            selected.append(_named(words if told else cast(NULL, "TEXT"), name))
        return in_steps(exp.select(*selected), steps, step_name, self.dialect)


def _named(term: Term, name: str) -> exp.Alias:
    return exp.Alias(this=term, alias=exp.to_identifier(name, quoted=True))


_WORST_FIRST = tuple(str(verdict) for verdict in Verdict)


def _worst(verdicts: Sequence[Term]) -> Term:
    """Deny before review before permit."""
    *worse, best = _WORST_FIRST
    branches = [(any_of(binary(exp.EQ, each, text(word)) for each in verdicts), text(word)) for word in worse]
    return case(branches, text(best))


def _status(verdict: Term | None) -> Term:
    if verdict is None:
        return text(str(STATUS[None]))
    return case([(binary(exp.EQ, verdict, text(str(each))), text(str(STATUS[each]))) for each in Verdict])
