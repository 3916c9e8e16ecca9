"""A decision table written out as one FEEL expression: `if ... then ... else`, or a list of what matches."""

from __future__ import annotations

from ordain.engine.dmn.reading.boxed import null
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.tree import ContextOf, Entry, Expr, If, In, ListOf, Literal, Logic, call
from ordain.engine.policy.model import HitPolicy, Rule, Table
from ordain.engine.values.types import FLAG

_BY_PRIORITY = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)


def written_out(table: Table, span: Span) -> Expr:
    """The expression that gives what the table gives, where its rules do not overlap against its hit policy.

    Raises PolicyError when the order of its outputs depends on values that only a case has.
    """
    rules = table.rules
    if table.hit_policy in _BY_PRIORITY:
        rules = tuple(sorted(rules, key=lambda rule: _rank(table, rule)))
    if table.hit_policy.gives_list:
        return _collected(table, rules, span)
    expression = _row(table, tuple(part.tree for part in table.otherwise), span) if table.otherwise else null(span)
    for rule in reversed(rules):
        condition = _condition(table, rule)
        always = isinstance(condition, Literal)
        expression = _gives(table, rule) if always else If(rule.span, condition, _gives(table, rule), expression)
    return expression


def _rank(table: Table, rule: Rule) -> tuple[int, ...]:
    """The priorities of a rule's outputs; one that is not listed comes last."""
    ranks = []
    for output, given in zip(table.outputs, rule.gives, strict=True):
        if output.priorities and not isinstance(given.tree, Literal):
            message = f"a table with the hit policy {table.hit_policy} stands inside an expression and calculates"
            raise PolicyError(Issue(message, "make it a decision of its own", table.span))
        value = given.tree.value if isinstance(given.tree, Literal) else None
        ranks.append(output.priorities.index(value) if value in output.priorities else len(output.priorities))
    return tuple(ranks)


def _collected(table: Table, rules: tuple[Rule, ...], span: Span) -> Expr:
    """The list of what matches; its sum and the like where the table asks for that."""
    nothing = ListOf(span, ())
    parts = tuple(
        If(rule.span, _condition(table, rule), ListOf(rule.span, (_gives(table, rule),)), nothing) for rule in rules
    )
    values: Expr = call(span, "concatenate", *parts) if len(parts) > 1 else (*parts, nothing)[0]
    return call(span, table.aggregation, values) if table.aggregation else values


def _condition(table: Table, rule: Rule) -> Expr:
    pairs = zip(table.columns, rule.cells, strict=True)
    tests: tuple[Expr, ...] = tuple(
        In(rule.span, column.expression.tree, (cell.tree,)) for column, cell in pairs if cell is not None
    )
    if not tests:
        return Literal(rule.span, True, type=FLAG)
    return tests[0] if len(tests) == 1 else Logic(rule.span, "and", tests)


def _gives(table: Table, rule: Rule) -> Expr:
    return _row(table, tuple(part.tree for part in rule.gives), rule.span)


def _row(table: Table, gives: tuple[Expr, ...], span: Span) -> Expr:
    if table.single:
        return gives[0]
    pairs = zip(table.outputs, gives, strict=True)
    return ContextOf(span, tuple(Entry(span, output.name, value) for output, value in pairs))
