"""What an expression says about one name alone: conditions split at `and`, each part as a cell where it is one."""

from __future__ import annotations

from ordain.engine.feel.functions import negated
from ordain.engine.feel.syntax.tree import (
    Between,
    Call,
    Comparison,
    Expr,
    In,
    Input,
    Literal,
    Logic,
    Matches,
    Name,
    Range,
    walk,
)
from ordain.engine.values.types import FLAG

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def without_empty(tree: Expr) -> Expr | None:
    """A cell without the ranges in it that hold nothing, such as `(5..5)`; None when nothing is left of it."""
    parts = tree.operands if isinstance(tree, Logic) and tree.op == "or" else (tree,)
    kept = tuple(part for part in parts if not _is_empty(part))
    if len(kept) == len(parts):
        return tree
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else Logic(tree.span, "or", kept)


def _is_empty(tree: Expr) -> bool:
    if not isinstance(tree, Matches) or not isinstance(tree.value, Input) or not isinstance(tree.candidate, Range):
        return False
    low, high = tree.candidate.low, tree.candidate.high
    if not isinstance(low, Literal) or not isinstance(high, Literal) or type(low.value) is not type(high.value):
        return False
    if low.value is None or isinstance(low.value, bool):
        return False
    open_end = tree.candidate.low_open or tree.candidate.high_open
    return bool(high.value < low.value or (open_end and low.value == high.value))


def about_one_name(tree: Expr) -> tuple[Name, Expr] | None:
    """The one name that a test is about, and the test as that of a cell; None when it is about several or none."""
    names = [node for node in walk(tree) if isinstance(node, Name) and not _is_called(node, tree)]
    if len({node.name for node in names}) != 1:
        return None
    test = _as_cell(tree)
    return None if test is None else (names[0], test)


def _is_called(name: Name, tree: Expr) -> bool:
    return any(isinstance(node, Call) and node.function is name for node in walk(tree))


def _as_cell(tree: Expr) -> Expr | None:
    span = tree.span
    match tree:
        case Name():
            return Comparison(span, "=", Input(span), Literal(span, True, type=FLAG))
        case Comparison(op=op, left=Name(), right=Literal() as value):
            return Comparison(span, op, Input(span), value)
        case Comparison(op=op, left=Literal() as value, right=Name()):
            return Comparison(span, _TURNED[op], Input(span), value)
        case Between(value=Name(), low=Literal() as low, high=Literal() as high):
            return Matches(span, Input(span), Range(span, low, high, False, False))
        case In(value=Name(), tests=tests):
            return tests[0] if len(tests) == 1 else Logic(span, "or", tests)
        case Logic(op="or", operands=operands):
            parts: list[Expr] = []
            for operand in operands:
                part = _as_cell(operand)
                if part is None or isinstance(part, Call):
                    return None
                parts.extend(part.operands if isinstance(part, Logic) else (part,))
            return Logic(span, "or", tuple(parts))
        case Call(arguments=(only,)) if negated(tree) is not None:
            part = _as_cell(only)
            return None if part is None or isinstance(part, Call) else Call(span, tree.function, (part,))
        case _:
            return None
