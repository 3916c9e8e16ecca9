"""The plan of a policy: what every backend, and every analysis, needs to know of it, worked out once.

Expressions have types on their nodes and constants as literals. Of each table the plan says what its cells accept where
that can be told, what each cell says of null, which conditions are left to be tried, and which rows are known. What it
does not say is how any of it is run: that is each backend's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ordain.engine.backends.settled import Constants, settle, settled
from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Expr, If, Literal, Logic, Matches, Parameter
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Formula, Policy, Requirement, Rule, Table, TableFunction
from ordain.engine.tables.cells import PlainCell, asks_null, plain_cell
from ordain.engine.values.holding import is_narrow
from ordain.engine.values.types import Kind, Type, Value


class OnNull(StrEnum):
    """What a cell says of null. A strict table with a rule for null in a column has no need of a value there."""

    HOLDS = "holds"
    FAILS = "fails"
    NEEDED = "needed"
    """The decision lacks a value, unless another plain cell of the rule fails."""
    ASKED = "asked"
    """Only the cell itself can tell: it is not plain."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """`written` is the cell as the policy has it, `tree` the same with its constants settled.

    `plain` is what it accepts, when all its tests compare with written values.
    """

    written: Checked
    tree: Expr
    plain: PlainCell | None
    asks_null: bool
    on_null: OnNull


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """`asks_null`: a rule of the table is for null here. `nullable`: its value may be null."""

    text: str
    asked: Checked
    asks_null: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """`row` is what the rule gives, when that is known beforehand; otherwise None, and `gives` computes it."""

    rule: Rule
    cells: tuple[PlannedCell | None, ...]
    condition: Checked | None
    gives: tuple[Checked, ...]
    row: Value

    @property
    def others(self) -> tuple[int, ...]:
        """The columns whose cell is not plain, so that it has to be tried."""
        return tuple(number for number, cell in enumerate(self.cells) if cell is not None and cell.plain is None)


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """`otherwise_row` is as `row` of a rule."""

    table: Table
    columns: tuple[PlannedColumn, ...]
    rules: tuple[PlannedRule, ...]
    otherwise: tuple[Checked, ...] | None
    otherwise_row: Value
    lenient: bool


@dataclass(frozen=True, slots=True)
class PlannedFormula:
    formula: Formula
    expression: Checked


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """The decisions in their order, the tables that stand inside expressions, and what must hold at the end."""

    policy: Policy
    decisions: tuple[PlannedTable | PlannedFormula, ...]
    functions: tuple[tuple[TableFunction, PlannedTable], ...]
    must_hold: tuple[tuple[Requirement, Checked], ...]

    @property
    def tables(self) -> dict[str, PlannedTable]:
        """The decisions that are tables, by name."""
        return {each.table.name: each for each in self.decisions if isinstance(each, PlannedTable)}


def plan_policy(policy: Policy) -> PolicyPlan:
    """The plan of a checked policy."""
    own = {*policy.constants, *policy.reads, *(each.name for each in (*policy.decisions, *policy.functions))}
    decisions: list[PlannedTable | PlannedFormula] = []
    for decision in policy.decisions:
        if isinstance(decision, Table):
            decisions.append(plan_table(decision, policy.constants, own, lenient=policy.lenient))
        else:
            decisions.append(PlannedFormula(decision, _settle(decision.expression, policy.constants)))
    functions = tuple((each, _plan_function(each, policy, own)) for each in policy.functions)
    must_hold = tuple((each, _settle(each.expression, policy.constants)) for each in policy.must_hold)
    return PolicyPlan(policy, tuple(decisions), functions, must_hold)


def _plan_function(function: TableFunction, policy: Policy, own: Collection[str]) -> PlannedTable:
    """The plan of a table with parameters, which hide constants of their names."""
    hidden = function.parameters
    constants = {name: constant for name, constant in policy.constants.items() if name not in hidden}
    return plan_table(function.table, constants, {*own, *hidden}, lenient=policy.lenient)


def plan_table(table: Table, constants: Constants, own: Collection[str], *, lenient: bool) -> PlannedTable:
    """The plan of one table. `own` are the names of the policy; see `settled`."""
    for_null = [any(cell is not None and asks_null(cell.tree) for cell in column) for column in _by_column(table)]
    columns = tuple(
        PlannedColumn(column.text, _settle(column.expression, constants), null, column.expression.type.optional)
        for column, null in zip(table.columns, for_null, strict=True)
    )
    rules = []
    for rule in table.rules:
        cells = tuple(
            None if cell is None else _cell(cell, constants, own, for_null=null, lenient=lenient)
            for cell, null in zip(rule.cells, for_null, strict=True)
        )
        condition = None if rule.condition is None else _settle(rule.condition, constants)
        gives = tuple(_settle(part, constants) for part in rule.gives)
        rules.append(PlannedRule(rule, cells, condition, gives, _row(table, gives, lenient)))
    otherwise = None if table.otherwise is None else tuple(_settle(part, constants) for part in table.otherwise)
    otherwise_row = None if otherwise is None else _row(table, otherwise, lenient)
    return PlannedTable(table, columns, tuple(rules), otherwise, otherwise_row, lenient)


def whole_row(table: Table, values: tuple[Value, ...]) -> Value:
    """What a table gives for these outputs: the one value, or a context of them."""
    if table.single:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def is_held(tree: Expr, type: Type) -> bool:
    """Whether an output is known to be of its declared type: one of its values, in its range, with its fields. Any
    other is held to that when it is decided: a constant, too, is looked at as what it is only here."""
    if isinstance(tree, If):
        return is_held(tree.then, type) and is_held(tree.otherwise, type)
    if not is_narrow(type):
        return True
    if not isinstance(tree, Literal) or type.kind in (Kind.CONTEXT, Kind.LIST):
        return isinstance(tree, Literal) and tree.value is None
    return tree.value is None or (
        (not type.values or tree.value in type.values) and (type.limits is None or type.limits.hold(tree.value))
    )


def conjuncts(tree: Expr, at: Span | None = None) -> Iterator[Expr]:
    """The parts that must all hold, from left to right; with `at`, only where they were joined at that place."""
    if isinstance(tree, Logic) and tree.op == "and" and (at is None or tree.span == at):
        for part in tree.operands:
            yield from conjuncts(part, at)
    else:
        yield tree


def is_null_test(test: Expr) -> bool:
    """Whether a test asks for null, and nothing else."""
    candidate = test.candidate if isinstance(test, Matches) else None
    return isinstance(candidate, Literal) and candidate.value is None


def is_needed(parameter: Parameter) -> bool:
    """Whether a function has to be given a value: the type of the parameter is written, and null is none of it."""
    of = parameter.type
    return parameter.declared is not None and not of.optional and of.kind not in (Kind.ANY, Kind.NULL)


def null_first(tests: Iterable[Expr]) -> list[Expr]:
    """The tests of an `or` in the order in which they are tried: those for null come first, and shield the others."""
    return sorted(tests, key=lambda test: not is_null_test(test))


def _by_column(table: Table) -> Iterator[list[Checked | None]]:
    return ([rule.cells[number] for rule in table.rules] for number in range(len(table.columns)))


def _cell(cell: Checked, constants: Constants, own: Collection[str], *, for_null: bool, lenient: bool) -> PlannedCell:
    tree = settled(cell.tree, constants, own)
    plain, for_itself = plain_cell(tree, lenient=lenient), asks_null(cell.tree)
    return PlannedCell(cell, tree, plain, for_itself, _on_null(plain, for_null, for_itself, lenient))


def _on_null(plain: PlainCell | None, for_null: bool, for_itself: bool, lenient: bool) -> OnNull:
    if for_null and not for_itself and not lenient:
        return OnNull.FAILS  # the column has a rule for null, so its other rules are known not to match it
    if plain is None:
        return OnNull.ASKED
    if plain.on_null is None:
        return OnNull.FAILS if lenient or for_null else OnNull.NEEDED
    return OnNull.HOLDS if plain.on_null else OnNull.FAILS


def _settle(checked: Checked, constants: Constants) -> Checked:
    """Settled where types are known: without them a name may turn out to be something else."""
    return checked if checked.lenient else settle(checked, constants)


def _row(table: Table, gives: tuple[Checked, ...], lenient: bool) -> Value:
    """The row, when all of it is known and nothing has to be converted or held to declared values; otherwise None."""
    if lenient and any(out.type.kind is not Kind.ANY or out.type.allowed is not None for out in table.outputs):
        return None
    if not all(is_held(part.tree, output.type) for part, output in zip(gives, table.outputs, strict=True)):
        return None
    values = [part.tree.value for part in gives if isinstance(part.tree, Literal) and part.tree.value is not None]
    return whole_row(table, tuple(values)) if len(values) == len(gives) else None
