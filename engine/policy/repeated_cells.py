"""Cells of one table that say the same as one above: what was found of that one holds for them, further down.

A table of thousands of rules has a few dozen different cells in each column. To read and check each of them anew takes
most of the time in which such a policy is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ordain.engine.errors import Span
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.made_often import made_often
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.model import Column, Output
from ordain.engine.text.source import Node


class _Said(NamedTuple):
    column: str
    text: str
    raw: str
    quoted: bool


@made_often(frozen=True, slots=True)
class _Known:
    """`checked` is None for a cell that asks nothing."""

    checked: Checked | None
    span: Span


class RepeatedCells:
    """The cells of one table, while its rules are read: what they may read must stay the same all the while."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._known: dict[_Said, _Known] = {}

    def cell(self, node: Node, column: Column) -> Checked | None:
        """As `Draft.cell` gives it. One about which there is anything to say is read again each time."""
        return self._read(
            f"when {column.text}",
            node,
            lambda: self._draft.cell(node, column.expression.type, column.text, column.expression.tree),
        )

    def output(self, node: Node, output: Output) -> Checked | None:
        """As `Draft.output` gives it, for one that reads no other of its row."""
        return self._read(f"then {output.name}", node, lambda: self._draft.output(node, output.type))

    def _read(self, column: str, node: Node, read: Callable[[], Checked | None]) -> Checked | None:
        said = _Said(column, node.text, node.raw, node.quoted)
        span, known = node.span, self._known.get(said)
        if known is not None and not span.folds:
            if known.checked is None:
                return None
            line, further = span.line, span.column - known.span.column
            return Checked(_moved(known.checked.tree, line, further), reads=known.checked.reads)
        before = self._told()
        checked = read()
        is_clean = self._told() == before and (checked is None or _is_plain(checked))
        if is_clean and not span.folds and "\n" not in node.text:
            self._known[said] = _Known(checked, span)
        return checked

    def _told(self) -> tuple[int, int]:
        return len(self._draft.issues), len(self._draft.warnings)


def _is_plain(checked: Checked) -> bool:
    """Whether there is nothing of it but its tree and what it reads."""
    return not (checked.issues or checked.warnings or checked.lenient or checked.written)


def _moved(node: Expr, line: int, further: int) -> Expr:
    """The same tree, of a text of one line, in another line and so many columns further to the right."""
    span = node.span
    new = tree.with_children(node, lambda child: _moved(child, line, further))
    return tree.with_parts(new, {"span": Span(span.file, line, span.column + further, span.text)})
