"""Comparisons that say of null what ZEN says: it equals null alone, and a condition that cannot be asked is none."""

from __future__ import annotations

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Comparison, Expr, Literal, Logic, call
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.values import is_null, null
from ordain.engine.values.types import FLAG


def there(span: Span, needs: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """Conditions that none of these is null."""
    return tuple(Comparison(span, "!=", one, null(span)) for one in needs)


def joined(span: Span, op: str, parts: tuple[Expr, ...]) -> Expr:
    """Operands in one row."""
    flat = tuple(
        inner for part in parts for inner in (part.operands if isinstance(part, Logic) and part.op == op else (part,))
    )
    return flat[0] if len(flat) == 1 else Logic(span, op, flat)


def guarded(span: Span, needs: tuple[Expr, ...], test: Expr) -> Expr:
    """The test where it can be asked, and otherwise false."""
    return joined(span, "and", (*there(span, needs), test)) if needs else test


def equal(scope: Scope, span: Span, left: Expr, right: Expr) -> Expr:
    """`==`: null equals null alone."""
    if is_null(left):
        left, right = right, left
    if is_null(right):
        return _missing(scope, span, left)
    first, second = scope.needs(left), scope.needs(right)
    same = Comparison(span, "=", left, right)
    if first and second:
        neither = joined(span, "and", (_missing(scope, span, left), _missing(scope, span, right)))
        return joined(span, "or", (neither, guarded(span, (*first, *second), same)))
    return guarded(span, (*first, *second), same)


def unequal(scope: Scope, span: Span, left: Expr, right: Expr) -> Expr:
    """`!=`: what is missing is unlike anything."""
    if is_null(left):
        left, right = right, left
    if is_null(right):
        return negated(span, _missing(scope, span, left))
    first, second = scope.needs(left), scope.needs(right)
    if first and second:
        return negated(span, equal(scope, span, left, right))
    missing = tuple(Comparison(span, "=", one, null(span)) for one in (*first, *second))
    return joined(span, "or", (*missing, Comparison(span, "!=", left, right)))


def negated(span: Span, test: Expr) -> Expr:
    """The opposite, as briefly as it can be written."""
    match test:
        case Literal(value=bool(value)):
            return Literal(span, not value, type=FLAG)
        case Comparison(op="=", left=left, right=right) if is_null(right):
            return Comparison(span, "!=", left, right)
        case Logic(op=op, operands=parts) if all(
            isinstance(part, Comparison) and is_null(part.right) for part in parts
        ):
            return Logic(span, "or" if op == "and" else "and", tuple(negated(span, part) for part in parts))
        case _:
            return call(span, "not", test)


def _missing(scope: Scope, span: Span, tree: Expr) -> Expr:
    """Whether this is null; what can never be is not asked."""
    if is_null(tree):
        return Literal(span, True, type=FLAG)
    needs = scope.needs(tree)
    if not needs:
        return Literal(span, False, type=FLAG)
    return joined(span, "or", tuple(Comparison(span, "=", one, null(span)) for one in needs))
