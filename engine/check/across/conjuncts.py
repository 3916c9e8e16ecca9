"""Flag expressions as conditions on a customer: what they read, how they are decided, and whether they are plain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.errors import CalculationFailed
from ordain.engine.feel.functions import FUNCTIONS, entry_of
from ordain.engine.feel.functions.folding import folded
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.tables.cells import plain_cell
from ordain.engine.values.types import Kind, Type, Value

Variable = tuple[str, str]
"""A fact, and of a context the field; ("", "today") is the day of the decision."""
TODAY: Variable = ("", "today")
_EXACT = (Kind.NUMBER, Kind.TEXT, Kind.FLAG, Kind.DATE)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold of a customer.

    `holds` decides it for values by fact name; a fault or a missing value counts as no. `values` are the values written
    in it. `plain`: it only compares variables with such values, so that trying the borders tries all there is.
    """

    variables: frozenset[Variable]
    holds: Callable[[Mapping[str, Value], dt.datetime], bool]
    values: tuple[Value, ...]
    plain: bool


def conditions(checked: Checked, policy: Policy, vocabulary: Vocabulary) -> list[Condition] | None:
    """The conditions that a flag expression joins with `and`; None when it reads what is neither fact nor constant."""
    conditions = []
    for part in _joined(checked.tree):
        condition = condition_of(replace(checked, tree=part), policy, vocabulary)
        if condition is None:
            return None
        conditions.append(condition)
    return conditions


def condition_of(checked: Checked, policy: Policy, vocabulary: Vocabulary, want: bool = True) -> Condition | None:
    """One expression as a condition; with `want` false, its not holding (a missing value then counts as well)."""
    value = value_of(checked, policy, vocabulary)
    if value is None:
        return None
    variables, compute, written = value

    def holds(values: Mapping[str, Value], at: dt.datetime) -> bool:
        return (compute(values, at) is True) is want

    plain = _plain(checked.tree, policy, vocabulary)
    return Condition(variables, holds, written, plain)


Computed = tuple[frozenset[Variable], Callable[[Mapping[str, Value], dt.datetime], Value], tuple[Value, ...]]


def value_of(checked: Checked, policy: Policy, vocabulary: Vocabulary) -> Computed | None:
    """What an expression reads, how it is computed (None for a fault), and the values written in it."""
    names = tuple(dict.fromkeys(name for name in tree.names(checked.tree) if not _built_in(name, policy, vocabulary)))
    constants = {name: policy.constants[name][1] for name in names if name in policy.constants}
    variables = _variables(checked.tree, vocabulary)
    known = {name for name, _ in variables} | constants.keys()
    if any(name not in known for name in names):
        return None
    function = function_of(checked, names, policy.types)

    def compute(values: Mapping[str, Value], at: dt.datetime) -> Value:
        try:
            return function(None, {**values, **constants}, at, Runtime())
        except (MissingValue, CalculationFailed, ArithmeticError, ValueError, TypeError, LookupError):
            return None

    written = [_written(node) for node in tree.walk(checked.tree)]
    tried = (
        part for value in (*written, *constants.values()) for part in (value if type(value) is tuple else (value,))
    )
    return (
        frozenset(variables),
        compute,
        tuple(value for value in tried if value is not None and type(value) is not dict),
    )


def _written(node: Expr) -> Value:
    """The value of a literal, or of a call that is as good as one: `date("2026-01-31")`; None for anything else."""
    literal = node if isinstance(node, tree.Literal) else folded(node)
    return None if literal is None else literal.value


def _built_in(name: str, policy: Policy, vocabulary: Vocabulary) -> bool:
    return name in FUNCTIONS and name not in vocabulary and name not in policy.constants


def _joined(node: Expr) -> Iterator[Expr]:
    if isinstance(node, tree.Logic) and node.op == "and":
        for operand in node.operands:
            yield from _joined(operand)
    else:
        yield node


def _variables(node: Expr, vocabulary: Vocabulary) -> set[Variable]:
    match node:
        case tree.Path(base=tree.Name(name=name)) if name in vocabulary and vocabulary[name].type.fields:
            return {(name, node.name)}
        case tree.Name() if node.name in vocabulary:
            return set() if vocabulary[node.name].type.fields else {(node.name, "")}
        case tree.Call() if (entry := entry_of(node)) is not None and entry.clock:
            return {TODAY}
        case _:
            return {variable for child in tree.children(node) for variable in _variables(child, vocabulary)}


def _plain(node: Expr, policy: Policy, vocabulary: Vocabulary) -> bool:
    def value(part: Expr) -> bool:
        if isinstance(part, tree.Name):
            return part.name in policy.constants
        return isinstance(part, tree.Literal) or _written(part) is not None

    def variable(part: Expr) -> bool:
        if isinstance(part, tree.Call):
            entry = entry_of(part)
            return entry is not None and entry.clock and entry.signatures[0].gives.kind is Kind.DATE
        variables = _variables(part, vocabulary) if isinstance(part, tree.Name | tree.Path) else set()
        return len(variables) == 1 and type_of(next(iter(variables)), vocabulary).kind in _EXACT

    match node:
        case tree.Logic(operands=parts):
            return all(_plain(part, policy, vocabulary) for part in parts)
        case tree.Call(arguments=(inner,)) if (entry := entry_of(node)) is not None and entry.negates:
            return _plain(inner, policy, vocabulary)
        case tree.Comparison(left=left, right=right):
            known = value(left), value(right)
            return all(known) or (known[1] and variable(left)) or (known[0] and variable(right))
        case tree.Between(value=inner, low=low, high=high):
            return variable(inner) and value(low) and value(high)
        case tree.In(value=inner, tests=tests):
            return variable(inner) and all(plain_cell(test, lenient=False) is not None for test in tests)
        case tree.Literal():
            return True
        case _:
            return variable(node)


def type_of(variable: Variable, vocabulary: Vocabulary) -> Type:
    name, part = variable
    if not name:
        return Type(Kind.DATE)
    of = vocabulary[name].type
    return of.fields.get(part, Type(Kind.ANY)) if part else of
