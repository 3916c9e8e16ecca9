"""Cells that are right as the language goes, and hardly ever what their author means."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ordain.engine.errors import Issue, Level
from ordain.engine.feel.syntax.tree import Arithmetic, Comparison, Expr, Input, ListOf, Literal, Logic, Matches, Name
from ordain.engine.policy.mending import rewritten
from ordain.engine.text.source import Node
from ordain.engine.values.types import Kind, Type


def doubts(node: Node, test: Expr, of: Type, column: Expr | None) -> Iterator[Issue]:
    """What is doubtful of a cell whose text is right: a list for a range, and what holds for every value.

    `column` is what the column asks about, where it is known.
    """
    if of.kind in (Kind.NUMBER, Kind.DATE):
        yield from _list_for_range(node, test)
    if column is not None and _asks_itself(test, column):
        message = f"`{node.text}` always holds: it compares `{column.span.text}` with itself"
        yield _doubt(node, message, [("-", "any value is meant")])
    elif (parts := _alternatives(test)) and _covers_all(parts):
        message = f"`{node.text}` always holds: every value passes one of its tests"
        yield _doubt(node, message, _both(parts))


def _doubt(node: Node, message: str, meant: list[tuple[str, str]], code: str = "always-holds") -> Issue:
    said = [f"`{text}` if {when}" for text, when in meant]
    edits = [edit for text, _ in meant if (edit := rewritten(node, text)) is not None]
    hint = f"write {', or '.join(said)}" if said else "write `-` for any value"
    return Issue(message, hint, node.span, code=code, level=Level.WARNING, replacements=tuple(edits))


def _list_for_range(node: Node, test: Expr) -> Iterator[Issue]:
    items = test.candidate.items if isinstance(test, Matches) and isinstance(test.candidate, ListOf) else ()
    if len(items) == 1 and isinstance(items[0], Arithmetic) and items[0].op == "-":
        low, high = items[0].left, items[0].right
        if isinstance(low, Literal) and isinstance(high, Literal):
            meant = [(f"[{low.span.text}..{high.span.text}]", "everything between the two is meant")]
            yield _doubt(node, f"`{node.text}` is a subtraction, not a range", meant, "list-not-range")
    if len(items) == 2 and all(isinstance(item, Literal) and item.value is not None for item in items):
        low, high = items
        if isinstance(low, Literal) and isinstance(high, Literal) and low.value < high.value:
            written = low.span.text, high.span.text
            message = f"`{node.text}` holds for {written[0]} and {written[1]} alone, and for nothing between them"
            meant = [
                (f"[{written[0]}..{written[1]}]", "everything between them is meant"),
                (f"{written[0]}, {written[1]}", "these two are meant"),
            ]
            yield _doubt(node, message, meant, "list-not-range")


def _asks_itself(test: Expr, column: Expr) -> bool:
    match test:
        case Matches(value=Input(), candidate=other) | Comparison(op="=", left=Input(), right=other):
            return isinstance(column, Name) and isinstance(other, Name) and column.name == other.name
    return False


def _alternatives(test: Expr) -> tuple[Expr, ...]:
    return test.operands if isinstance(test, Logic) and test.op == "or" else ()


def _covers_all(parts: tuple[Expr, ...]) -> bool:
    """Whether comparisons that are joined by commas leave nothing out, as `> 0.2, < 0.8` does."""
    bounds: dict[str, list[Decimal]] = {}
    others: set[object] = set()
    for part in parts:
        if not (isinstance(part, Comparison) and isinstance(part.left, Input) and isinstance(part.right, Literal)):
            return False
        value = part.right.value
        if part.op == "!=" and isinstance(value, Decimal | str):
            others.add(value)
        elif isinstance(value, Decimal):
            bounds.setdefault(part.op, []).append(value)
    if len(others) > 1:
        return True
    lows = [(min(bounds[op]), op == ">") for op in (">", ">=") if op in bounds]
    highs = [(max(bounds[op]), op == "<") for op in ("<", "<=") if op in bounds]
    return any(
        low < high or (low == high and not (low_open and high_open))
        for low, low_open in lows
        for high, high_open in highs
    )


def _both(parts: tuple[Expr, ...]) -> list[tuple[str, str]]:
    """What is written instead when all of the tests were meant to hold at once."""
    comparisons = [part for part in parts if isinstance(part, Comparison)]
    if len(comparisons) < len(parts):
        return []
    if all(part.op == "!=" for part in comparisons):
        return [(f"not({', '.join(part.right.span.text for part in comparisons)})", "none of them is meant")]
    lower = [part for part in comparisons if part.op in (">", ">=")]
    upper = [part for part in comparisons if part.op in ("<", "<=")]
    if len(lower) != 1 or len(upper) != 1:
        return []
    opening, closing = "[" if lower[0].op == ">=" else "(", "]" if upper[0].op == "<=" else ")"
    return [(f"{opening}{lower[0].right.span.text}..{upper[0].right.span.text}{closing}", "both are to hold")]
