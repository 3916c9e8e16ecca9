"""Tables of a graph as decisions of the policy."""

from __future__ import annotations

from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr, Input, Literal, Matches
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.jdm.data.values import Unsayable, null
from ordain.engine.jdm.data.ways import ALWAYS, Guard
from ordain.engine.jdm.following.course import Flow
from ordain.engine.jdm.following.tables import SaidRow, SaidTable
from ordain.engine.jdm.graph import Column as InputColumn
from ordain.engine.jdm.graph import Node, TableContent
from ordain.engine.jdm.policy_names import snake
from ordain.engine.policy.model import Column, HitPolicy, Output, Rule, Table
from ordain.engine.values.types import ANY, FLAG

_LONG = 60
"""Characters of a column's heading that is still read at a glance."""


class TableDecision:
    """A table of a graph as one of the policy; `is_guarded`: its guard is a column of it."""

    def __init__(self, flow: Flow, node: Node, content: TableContent, said: SaidTable, guard: Guard) -> None:
        self.flow, self.node, self.said, self.guard = flow, node, said, guard
        self.collects = content.collects
        span = node.span
        rows = list(said.rows)
        for position, row in enumerate(rows):
            if row.always and not content.collects:
                del rows[position + 1 :]
                break
        whole = bool(rows) and rows[-1].always and not content.collects
        self.is_guarded = guard != ALWAYS and not (whole and self.is_harmless())
        otherwise = (
            rows.pop() if whole and len(rows) > 1 and not self.is_guarded and not rows[-1].row.description else None
        )
        asked = zip(content.inputs, said.asked, strict=True)
        columns = [Column("", untyped(self.heading(column, about))) for column, about in asked if about is not None]
        if self.is_guarded:
            columns.insert(0, Column("", untyped(flow.data.guards.tree(guard, span))))
        name, outputs = self.named(content)
        nothing = tuple(untyped(null(span)) for _ in outputs)
        ends = None if content.collects or (whole and otherwise is None and not self.is_guarded) else nothing
        self.table = Table(
            name=name,
            columns=tuple(columns),
            outputs=tuple(Output(output, ANY) for output in outputs),
            hit_policy=HitPolicy.COLLECT if content.collects else HitPolicy.FIRST,
            rules=tuple(map(self.rule, rows)),
            span=span,
            otherwise=ends if otherwise is None else tuple(untyped(part or null(span)) for part in otherwise.gives),
        )

    def heading(self, column: InputColumn, about: Expr) -> Expr:
        """What a column asks about; as a decision of its own where that is long."""
        writing = self.flow.writing
        if len(printed(about)) <= _LONG or (self.guard != ALWAYS and not writing.is_harmless(about)):
            return about
        try:
            return writing.formula(about, column.name, f"{self.node.name}_{column.name}")
        except Unsayable:
            return about

    def is_harmless(self) -> bool:
        said, writing = self.said, self.flow.writing
        trees = [*said.asked, *(part for row in said.rows for part in (row.condition, *row.gives))]
        return all(writing.is_harmless(tree) for tree in trees if tree is not None)

    def named(self, content: TableContent) -> tuple[str, list[str]]:
        """The names of the decision and of its outputs."""
        flow, prefix = self.flow, self.node.around.output_path
        paths = [column.field for column in content.outputs]
        firsts = {path.partition(".")[0] for path in paths}
        alone = self.guard == ALWAYS or self.is_guarded
        if self.collects:
            return flow.writing.names.new(prefix or self.node.name, self.node.name), [snake(path) for path in paths]
        if len(paths) == 1:
            path = f"{prefix}.{paths[0]}" if prefix else paths[0]
            free = alone and flow.is_free(path)
            own = f"{self.node.name}_{path}"
            return flow.writing.names.new(*((path, own) if free else (own,))), [""]
        if len(firsts) == 1 and all("." in path for path in paths):
            first = firsts.pop()
            free = alone and all(map(flow.is_free, paths))
            wishes = (first, self.node.name) if free and not prefix else (self.node.name,)
            return flow.writing.names.new(*wishes), _different([path.partition(".")[2] for path in paths])
        return flow.writing.names.new(prefix or self.node.name, self.node.name), _different(paths)

    def rule(self, row: SaidRow) -> Rule:
        span = self.node.span
        tests = [
            untyped(test) if test is not None else None
            for test, about in zip(row.cells, self.said.asked, strict=True)
            if about is not None
        ]
        if self.is_guarded:
            tests.insert(0, untyped(Matches(span, Input(span), Literal(span, True, type=FLAG))))
        return Rule(
            id=f"row-{row.row.number}",
            cells=tuple(tests),
            condition=untyped(row.condition) if row.condition is not None else None,
            gives=tuple(untyped(part if part is not None else null(span)) for part in row.gives),
            because=row.row.description,
            span=span,
        )


def _different(paths: list[str]) -> list[str]:
    """Names of outputs, each once."""
    found: list[str] = []
    for path in paths:
        name, number = snake(path), 2
        while name in found:
            name, number = f"{snake(path)}_{number}", number + 1
        found.append(name)
    return found
