"""What the Python reading works out beforehand, so that no database has to know the function: what depends on nothing
but the clock, or on one fact of few values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlglot import exp

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import single
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.scope_in_sql import Scope
from ordain.engine.backends.sql.sql_terms import Sql, Term, Value, case, first_of, is_null, text, whole
from ordain.engine.backends.sql.written_in_sql import written
from ordain.engine.errors import CalculationFailed, NotThatType
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Kind


def read_names(node: Expr, own: Collection[str], scope: Scope) -> list[str] | None:
    """The facts and decisions that an expression reads; None: it depends on `?`, or on a name of its own."""
    if any(isinstance(part, tree.Input) for part in tree.walk(node)) and not isinstance(node, tree.In):
        return None
    read = list(dict.fromkeys(tree.names(node)))
    names = [name for name in read if name in scope.values]
    # A name that is neither known nor a function of the language is a table that is called.
    others = any(name in own or (name not in scope.values and name not in FUNCTIONS) for name in read)
    return None if others else names


def known_beforehand(node: Expr, names: list[str], scope: Scope, place: str) -> Value | None:
    """The value of what depends on nothing, or on one fact; None where the values of that are not known."""
    if not names:
        return written(worked_out(node, scope, {}), node.type, scope.dialect)
    return by_value(node, names[0], scope, place)


def worked_out(node: Expr, scope: Scope, values: Mapping[str, Any]) -> Any:
    """What the Python reading gives. Raises Unsupported where that is an error for everybody."""
    try:
        function = function_of(Checked(node), tuple(values))
        return function(None, values, scope.at, Runtime(None))
    except (MissingValue, CalculationFailed, ArithmeticError, ValueError, TypeError, NotThatType) as error:
        raise Unsupported(f"it fails whatever is known: {error}", span=node.span) from None


def by_value(node: Expr, name: str, scope: Scope, place: str) -> Value | None:
    """Its value for each value of the one fact it reads, as a CASE; None where those are not known."""
    known = scope.known.get(name)
    asked = scope.values[name]
    if known is None or not isinstance(asked, Sql):
        return None
    answers: dict[Term, tuple[Sql, list[str]]] = {}
    failing: list[str] = []
    for each in known:
        try:
            found = worked_out(node, scope, {name: each})
        except Unsupported:
            failing.append(each)
            continue
        answer = single(written(found, node.type, scope.dialect))
        answers.setdefault(answer.value, (answer, []))[1].append(each)
    if not answers:
        return None
    digits = None
    if node.type.kind is Kind.NUMBER:
        digits = numbers.widest([answer for answer, _ in answers.values()])
    branches = [
        (
            exp.In(this=asked.value, expressions=[text(each) for each in values]),
            answer.value if digits is None else scope.dialect.number(answer.value, digits),
        )
        for answer, values in answers.values()
    ]
    faults: list[Term | None] = [asked.fault]
    if any(part.type.optional for part in tree.free_names(node) if part.name == name):
        faults.append(case([(is_null(asked.value), whole(scope.faults.lacks(place, name)))]))
    if failing:
        fails = scope.faults.other("CalculationFailed", f"{place} cannot be calculated for this `{name}`")
        among = exp.In(this=asked.value, expressions=[text(each) for each in failing])
        faults.append(case([(among, whole(fails))]))
    return Sql(scope.layers.named(case(branches), "by_value"), first_of(faults), digits=digits)
