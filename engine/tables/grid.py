"""A decision table as a grid of texts, each with the place it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.printer import cell_text, printed
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.kinds.frequency import said
from ordain.engine.policy.model import Output, Table
from ordain.engine.values.types import Kind


@dataclass(frozen=True, slots=True)
class Square:
    """One text of a grid; `span` is where it stands in the policy's file, None where nothing stands."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """`part` is `rule`, `when`, `if`, `then` or `because`; `about` says more, such as an output's type."""

    part: str
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to be shown; every row has a square for each heading. `notes` are name and text."""

    name: str
    notes: tuple[tuple[str, str], ...]
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Square, ...], ...]
    otherwise: tuple[Square, ...] | None

    @property
    def all_rows(self) -> tuple[tuple[Square, ...], ...]:
        return self.rows if self.otherwise is None else (*self.rows, self.otherwise)


def grid_of(table: Table) -> Grid:
    """The grid of a table. Columns that no rule uses (`if`, `because`) are left out."""
    conditions = any(rule.condition is not None for rule in table.rules)
    reasons = any(rule.because for rule in table.rules)
    headings = [
        Heading("rule", "rule"),
        *(Heading("when", column.text) for column in table.columns),
        *([Heading("if", "if")] if conditions else []),
        *(Heading("then", output.name or table.name, type_of(output)) for output in table.outputs),
        *([Heading("because", "because")] if reasons else []),
    ]
    rows = []
    for rule in table.rules:
        row = [Square(rule.id, rule.span), *map(_cell, rule.cells)]
        if conditions:
            row.append(_expression(rule.condition))
        row += map(_output, rule.gives)
        if reasons:
            row.append(Square(rule.because, rule.span if rule.because else None))
        rows.append(tuple(row))
    otherwise = None
    if table.otherwise is not None:
        before = len(table.columns) + conditions
        empty = (Square(""),)
        last = (Square("otherwise"), *empty * before, *map(_output, table.otherwise), *(empty if reasons else ()))
        otherwise = tuple(last)
    notes = [("hit policy", str(table.hit_policy))]
    if table.aggregation:
        notes.append(("aggregation", table.aggregation))
    notes += [
        (output.name or table.name, ", ".join(output.type.values)) for output in table.outputs if output.type.values
    ]
    return Grid(table.name, tuple(notes), tuple(headings), tuple(rows), otherwise)


def type_of(output: Output) -> str:
    """An output's type in short: `number in INR`, `text, or null`."""
    of = output.type
    kind = str(of) if of.kind is Kind.LIST else str(of.kind)
    return f"{kind}{f' in {of.unit}' if of.unit else ''}{', or null' if of.optional else ''}"


def _cell(cell: Checked | None) -> Square:
    return Square("") if cell is None else Square(cell_text(cell.tree), cell.tree.span)


def _expression(part: Checked | None) -> Square:
    return Square("") if part is None else Square(said(part.tree), part.tree.span)


def _output(part: Checked) -> Square:
    """A text stands without its quotes, all else as FEEL; an expression that gives a text begins with `=`, unless it is
    a template."""
    tree = part.tree
    if part.written:
        return Square(part.written, tree.span)
    if isinstance(tree, Literal):
        return Square(tree.value if isinstance(tree.value, str) else printed(tree), tree.span)
    mark = "= " if not part.lenient and part.type.kind is Kind.TEXT else ""
    return Square(f"{mark}{printed(tree)}", tree.span)
