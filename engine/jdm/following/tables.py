"""Decision tables of a graph: their cells, rows and outputs said in FEEL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.tree import (
    Comparison,
    Expr,
    If,
    In,
    Input,
    ListOf,
    Literal,
    Logic,
    Matches,
    Range,
    children,
    rebuilt,
)
from ordain.engine.jdm.data.values import Leaf, Unsayable, is_null, null
from ordain.engine.jdm.graph import Node, Row, TableContent
from ordain.engine.jdm.saying.null_tests import joined, there
from ordain.engine.jdm.saying.translate import Translator
from ordain.engine.jdm.zen.zen_parser import cell, expression
from ordain.engine.jdm.zen.zen_words import NotZen
from ordain.engine.values.types import FLAG, Type


@dataclass(frozen=True, slots=True)
class SaidRow:
    """A row: a test of each input column, one more condition, and an expression for each output; None for none."""

    row: Row
    cells: tuple[Expr | None, ...]
    condition: Expr | None
    gives: tuple[Expr | None, ...]
    never: bool = False

    @property
    def always(self) -> bool:
        return self.condition is None and all(test is None for test in self.cells)


@dataclass(frozen=True, slots=True)
class SaidTable:
    """`asked` is what each input column asks about, None for a column of whole conditions."""

    span: Span
    asked: tuple[Expr | None, ...]
    rows: tuple[SaidRow, ...]


class NotSaid(Exception):
    """A table of which something cannot be said: all of it, each with its place."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__()
        self.issues = issues


def say_table(node: Node, table: TableContent, translator: Translator, notes: list[Issue]) -> SaidTable:
    """The whole table, or NotSaid: a table without one of its rows would decide something else."""
    saying = _Saying(node, translator)
    asked = tuple(
        saying.tried(f"column `{column.name}`", column.field, saying.asked) if column.field else None
        for column in table.inputs
    )
    rows = [saying.row(table, row, asked) for row in (() if saying.faults else table.rows)]
    if saying.faults:
        raise NotSaid(saying.faults)
    for place in saying.dashes:
        message = f"{node.label}, {place}: `-` matches nothing in a graph, so the row is left out"
        notes.append(Issue(message, "if any value is meant, leave the cell empty in the graph", node.span))
    for row in rows:
        if row.never and "-" not in row.row.cells.values():
            message = f"{node.label}, row {row.row.number} never holds: a name in it stands for nothing there"
            notes.append(Issue(message, "", node.span))
    return SaidTable(node.span, asked, tuple(row for row in rows if not row.never))


@dataclass(slots=True)
class _Saying:
    """A table while it is said; what cannot be is collected."""

    node: Node
    translator: Translator
    faults: list[Issue] = field(default_factory=list)
    dashes: list[str] = field(default_factory=list)

    def tried(self, what: str, text: str, say: Callable[[str], Expr]) -> Expr | None:
        """What is said of a text, or None and a fault."""
        message, hint = "", ""
        try:
            return say(text)
        except (NotZen, Unsayable) as error:
            message = str(error)
        except PolicyError as error:
            message, hint = error.issues[0].message, error.issues[0].hint
        self.faults.append(Issue(f"{self.node.label}, {what}: {message}", hint, replace(self.node.span, text=text)))
        return None

    def row(self, table: TableContent, row: Row, asked: tuple[Expr | None, ...]) -> SaidRow:
        tests: list[Expr | None] = []
        conditions: list[Expr] = []
        for column, about in zip(table.inputs, asked, strict=True):
            text, what = row.cells[column.id], f"row {row.number}, column `{column.name}`"
            test: Expr | None = None
            if text == "-":  # means "any" to people and to DMN, but ZEN finds no match
                test = Literal(self.node.span, False, type=FLAG)
                self.dashes.append(what)
            elif text:
                test = self.tried(what, text, partial(self.test, about=about))
            if about is None:  # a column of whole conditions
                tests.append(None)
                conditions.extend(() if test is None else (test,))
                continue
            own, others = _parted(test) if test is not None else (None, ())
            tests.append(own)
            conditions.extend(others)
        gives = tuple(
            self.tried(f"row {row.number}, column `{column.name}`", row.cells[column.id], self.output)
            if row.cells[column.id]
            else None
            for column in table.outputs
        )
        never = any(isinstance(part, Literal) and part.value is False for part in (*tests, *conditions))
        conditions = [part for part in conditions if not isinstance(part, Literal)]
        condition = joined(self.node.span, "and", tuple(conditions)) if conditions else None
        return SaidRow(row, tuple(tests), condition, gives, never)

    def asked(self, text: str) -> Expr:
        """What a column asks about; null where that cannot be said of a case, as no cell but `null` matches then."""
        scope = self.translator.data.scope
        about = self.translator.tree(expression(text))
        needs = tuple(one for one in scope.needs(about) if one != about)
        if needs and not is_null(about):
            about = If(about.span, joined(about.span, "and", there(about.span, needs)), about, null(about.span))
        self.check(about)
        return about

    def output(self, text: str) -> Expr:
        tree = self.translator.tree(expression(text))
        self.check(tree)
        return tree

    def test(self, text: str, about: Expr | None) -> Expr:
        """A cell as a test of `?`, or a condition of its own."""
        scope, span = self.translator.data.scope, self.translator.span
        if about is None or is_null(about):
            variables = {} if about is None else {"$": Leaf(about)}
            read = expression(text) if about is None else cell(text)
            condition = replace(self.translator, variables=variables).condition(read)
            self.check(condition)
            return condition
        type = scope.type_of(about)
        with scope.asking(type):
            test = _brief(replace(self.translator, variables={"$": Leaf(Input(span))}).condition(cell(text)))
            own, others = _parted(test)
            self.check(own, type)
            for other in others:
                self.check(other)
        return test

    def check(self, tree: Expr | None, input: Type | None = None) -> None:
        """Raises PolicyError for what a policy refuses."""
        if tree is not None and not isinstance(tree, Literal):
            self.translator.data.scope.checked(tree, input)


def _asks(tree: Expr) -> bool:
    """Whether a tree asks about `?`; inside the tests of an `in` that is another value."""
    if isinstance(tree, In):
        return _asks(tree.value)
    return isinstance(tree, Input) or any(map(_asks, children(tree)))


def _parted(test: Expr) -> tuple[Expr | None, tuple[Expr, ...]]:
    """What a test says of `?`, and what it says of other things."""
    parts = test.operands if isinstance(test, Logic) and test.op == "and" else (test,)
    own = tuple(part for part in parts if _asks(part))
    others = tuple(part for part in parts if not _asks(part))
    return (joined(test.span, "and", own) if own else None), others


def _brief(test: Expr) -> Expr:
    """A test as a person writes it in a cell: `"a", "b"` rather than `? = "a" or ? = "b"`."""
    parts = test.operands if isinstance(test, Logic) and test.op == "or" else (test,)
    if not all(_is_simple(part) for part in parts):
        return test
    brief = tuple(_matched(part) for part in parts)
    return brief[0] if len(brief) == 1 else Logic(test.span, "or", brief)


def _is_simple(part: Expr) -> bool:
    if isinstance(part, Comparison):
        return isinstance(part.left, Input) and not _asks(part.right)
    return isinstance(part, Matches) and isinstance(part.value, Input)


def _matched(part: Expr) -> Expr:
    if isinstance(part, Comparison) and part.op == "=" and not isinstance(part.right, ListOf):
        return Matches(part.span, part.left, part.right)
    return part


def chained(said: SaidTable, position: int) -> Expr:
    """One output of a table as `if ... then ... else`: of the first row that holds, otherwise null."""
    chain: Expr | None = None
    for row in reversed(said.rows):
        gives = row.gives[position]
        value = gives if gives is not None else null(said.span)
        condition = _whole(said, row)
        chain = value if condition is None else If(value.span, condition, value, chain or null(value.span))
    return chain or null(said.span)


def _whole(said: SaidTable, row: SaidRow) -> Expr | None:
    """All tests of a row as one condition."""
    parts = []
    for about, test in zip(said.asked, row.cells, strict=True):
        if test is not None and about is not None:
            parts.append(_asked_of(test, about))
    if row.condition is not None:
        parts.append(row.condition)
    return joined(parts[0].span, "and", tuple(parts)) if parts else None


def _asked_of(test: Expr, about: Expr) -> Expr:
    """A test with what it asks about in the place of `?`."""

    def put(old: Expr, new: Expr) -> Expr:
        match old:
            case Input():
                return about
            case In() if isinstance(new, In):
                return replace(new, tests=old.tests)  # their `?` is another value
            case Matches(value=Input(), candidate=candidate) if not isinstance(candidate, Range):
                return Comparison(old.span, "=", about, candidate)
            case _:
                return new

    return rebuilt(test, put)
