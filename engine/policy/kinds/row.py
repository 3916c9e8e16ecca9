"""The outputs of one row: each may read those that stand before it in `gives`.

What an output reads of its own row becomes part of its expression, as entries of a context: `base * 1.2` beside a
`base` of 10 is `{base: 10, total: base * 1.2}.total`. So an output is an expression like any other, and needs no order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ordain.engine.errors import Issue, Level
from ordain.engine.feel.syntax.tree import ContextOf, Entry, Expr, Path
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.model import Because, Output
from ordain.engine.policy.reasons import reason
from ordain.engine.policy.repeated_cells import RepeatedCells
from ordain.engine.policy.templates import has_braces
from ordain.engine.policy.visible import Visible
from ordain.engine.text.source import Node

_WORD = re.compile(r"\w+")
CODE = "row-output"


class RowScope:
    """What the outputs of a table's rows may read besides all else: each other.

    A fact, constant or decision of an output's name keeps its meaning.
    """

    def __init__(self, draft: Draft, outputs: tuple[Output, ...]) -> None:
        self.draft, self.outputs = draft, outputs
        self.places = {output.name: place for place, output in enumerate(outputs) if output.name}
        self.hidden = self.places.keys() & draft.scope.keys()
        self.repeated = RepeatedCells(draft)
        self._scope: Visible | None = None

    @property
    def scope(self) -> Visible:
        """All that an output may read, each output of its row by name."""
        if self._scope is None:
            self._scope = Visible(self.draft.scope)
            for output in self.outputs:
                if output.name and output.name not in self.hidden:
                    self._scope[output.name] = output.type
        return self._scope

    def mentions(self, node: Node) -> bool:
        """Whether a text may read an output of its row, or means to: in braces one may be misspelt."""
        if len(self.outputs) < 2:
            return False
        return has_braces(node.text) or not self.places.keys().isdisjoint(_WORD.findall(node.text))


class Row:
    """The outputs of one row as they are read, in the order of `gives`."""

    def __init__(self, scope: RowScope) -> None:
        self.of = scope
        self.trees: dict[str, Expr] = {}
        """Each output read so far, with the names of others in it."""
        self.reads: dict[str, tuple[str, ...]] = {}

    def output(self, place: int, node: Node) -> Checked | None:
        """The output of that place; None, and issues, when it is wrong or reads what is not given yet."""
        output, draft = self.of.outputs[place], self.of.draft
        if not self.of.mentions(node):
            return self._kept(output.name, self.of.repeated.output(node, output))
        with draft.reading(self.of.scope):
            checked = draft.output(node, output.type)
        if checked is None:
            return None
        return self._bound(output.name, self._kept(output.name, checked), place, node)

    def _kept(self, name: str, checked: Checked | None) -> Checked | None:
        if checked is not None:
            self.trees[name] = checked.tree
            self.reads[name] = tuple(read for read in checked.reads if read in self.of.places.keys() - self.of.hidden)
        return checked

    def because(self, node: Node | None) -> Because:
        """The reason of the row's rule, which may read all of its outputs."""
        if node is None or not has_braces(node.text) or not self.of.mentions(node):
            return reason(self.of.draft, node)
        with self.of.draft.reading(self.of.scope):
            read = reason(self.of.draft, node)
        told = None if read.told is None else self._bound("", read.told, len(self.of.outputs), node)
        return Because(read.text, told)

    def _bound(self, name: str, checked: Checked | None, place: int, node: Node) -> Checked | None:
        if checked is None:
            return None
        self._doubt(checked.reads, place, node)
        read = [one for one in checked.reads if one in self.of.places and one not in self.of.hidden]
        if not read:
            return checked
        for one in read:
            if self.of.places[one] >= place:
                self._fault_order(name, one, node)
                return None
        needed = self._needed(read)
        if any(one not in self.trees for one in needed):
            return None  # it is wrong itself, which has been said
        span = checked.tree.span
        entries = [Entry(span, one, self.trees[one]) for one in needed]
        own = name or "because"
        whole = ContextOf(span, (*entries, Entry(span, own, checked.tree)))
        result = self.of.draft.checked(Path(span, whole, own))
        return None if result is None else replace(result, written=checked.written or node.text.strip())

    def _needed(self, read: Iterable[str]) -> list[str]:
        """The outputs that are read, and those that they read, in the order of `gives`."""
        needed: set[str] = set()
        waiting = list(read)
        while waiting:
            one = waiting.pop()
            if one not in needed:
                needed.add(one)
                waiting += self.reads.get(one, ())
        return sorted(needed, key=self.of.places.__getitem__)

    def _fault_order(self, name: str, one: str, node: Node) -> None:
        if one == name:
            message, hint = f"`{name}` uses itself", "an output may use those that stand before it in `gives`"
        else:
            message = f"`{name}` uses `{one}` before the row gives it"
            hint = f"put `{one}` before `{name}` in `gives`: outputs are worked out in that order"
        self.of.draft.fault(node.span, message, hint, code=CODE)

    def _doubt(self, reads: Iterable[str], place: int, node: Node) -> None:
        for one in reads:
            if one in self.of.hidden and self.of.places[one] < place:
                message = f"`{one}` is not the output of this row here, but what has that name already"
                hint = f"give the output another name than `{one}` if it is meant"
                issue = Issue(message, hint, node.span, code=CODE, level=Level.WARNING)
                self.of.draft.warnings[issue] = None
