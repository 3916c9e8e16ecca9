"""What expressions say of the data they read: a thing that is calculated with is a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ordain.engine.jdm.facts.shapes import ITEM, Path, Shape
from ordain.engine.jdm.graph import EXPRESSIONS, SWITCH, TABLE, Graph, Node, SwitchContent, TableContent
from ordain.engine.jdm.zen.zen_parser import cell, expression
from ordain.engine.jdm.zen.zen_tree import (
    CLOSURES,
    At,
    Binary,
    Call,
    Conditional,
    Flag,
    Interval,
    ListOf,
    Logic,
    Member,
    Name,
    Null,
    Number,
    Template,
    Text,
    Unary,
    Zen,
    children,
)
from ordain.engine.jdm.zen.zen_words import NotZen
from ordain.engine.values.types import Kind

_ASKED = {
    **dict.fromkeys(("abs", "round", "floor", "ceil", "trunc"), Kind.NUMBER),
    **dict.fromkeys(
        ("upper", "lower", "trim", "startsWith", "endsWith", "matches", "split", "date", "d", "year", "fuzzyMatch"),
        Kind.TEXT,
    ),
}
_OF_NUMBERS = frozenset({"sum", "avg", "min", "max", "median", "mode"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^"})


def used_in(graph: Graph) -> Shape:
    """What the expressions of all nodes read, as paths from the graph's input, and of what kind."""
    shape = Shape()
    for node in graph.nodes.values():
        _Use(shape, _base(node, shape)).node(node)
    return shape


def _base(node: Node, shape: Shape) -> Path | None:
    """Where the names of a node begin: at the input, or below its input field; None where nobody can tell."""
    if not node.around.input_field:
        return ()
    use = _Use(shape, ())
    path = use.path(tree) if (tree := _read(node.around.input_field)) is not None else None
    if isinstance(tree, Call) and tree.function == "filter":
        path = use.path(tree.arguments[0])
    return (*path, ITEM) if path is not None and node.around.loops else path


def _read(text: str, *, as_cell: bool = False) -> Zen | None:
    try:
        return cell(text) if as_cell else expression(text)
    except NotZen:
        return None


@dataclass(frozen=True, slots=True)
class _Use:
    shape: Shape
    base: Path | None
    names: Mapping[str, Path | None] = field(default_factory=dict)

    def node(self, node: Node) -> None:
        """All expressions of a node."""
        if node.around.input_field:
            _Use(self.shape, ()).text(node.around.input_field)
        match node.content:
            case TableContent() as table if node.type == TABLE:
                for row in table.rows:
                    for column in table.inputs:
                        asked = _read(column.field) if column.field else None
                        at = replace(self, names={"$": self.path(asked) if asked is not None else None})
                        at.text(column.field)
                        at.text(row.cells[column.id], as_cell=bool(column.field))
                    for column in table.outputs:
                        self.text(row.cells[column.id])
            case SwitchContent(statements=statements) if node.type == SWITCH:
                for statement in statements:
                    self.text(statement.condition, flag=True)
            case tuple() as lines if node.type == EXPRESSIONS:
                for line in lines:
                    replace(self, names={"$": ()}).text(line.value)

    def text(self, text: str, *, as_cell: bool = False, flag: bool = False) -> None:
        if text and (tree := _read(text, as_cell=as_cell)) is not None:
            if flag:
                self.kind(tree, Kind.FLAG)
            self.visit(tree)

    def path(self, tree: Zen) -> Path | None:
        match tree:
            case Name(name="$root"):
                return ()
            case Name(name=name) if name in self.names:
                return self.names[name]
            case Name(name=name):
                return (*self.base, name) if self.base is not None and name[0] not in "$#" else None
            case Member(base=base, key=key):
                path = self.path(base)
                return (*path, key) if path is not None else None
            case At(base=base):
                path = self.path(base)
                return (*path, ITEM) if path is not None else None
            case _:
                return None

    def kind(self, tree: Zen, kind: Kind) -> None:
        """Notes that this is of a kind, if it is read from the input, unless it is known to be of another."""
        path = self.path(tree)
        if path and not (shape := self.shape.at(path)).kinds:
            shape.kinds[kind] = None

    def visit(self, tree: Zen) -> None:
        if path := self.path(tree):
            self.shape.at(path)
        match tree:
            case Binary(op=op, left=left, right=right) if op in _ARITHMETIC:
                joins = op == "+" and (_is_text(left) or _is_text(right))
                for side in (left, right):
                    self.kind(side, Kind.TEXT if joins else Kind.NUMBER)
            case Binary(op="in" | "not in", left=left, right=right):
                self.contained(left, right)
            case Binary(op=op, left=left, right=right):
                for side, other in ((left, right), (right, left)):
                    if isinstance(other, Null) and (path := self.path(side)):
                        self.shape.at(path).optional = True
                    if (kind := _literal(other)) is not None:
                        self.kind(side, kind)
                    elif op in ("<", "<=", ">", ">="):
                        self.kind(side, Kind.NUMBER)
            case Logic(operands=operands):
                for operand in operands:
                    self.kind(operand, Kind.FLAG)
            case Unary(op=op, operand=operand):
                self.kind(operand, Kind.FLAG if op == "not" else Kind.NUMBER)
            case Conditional(condition=condition):
                self.kind(condition, Kind.FLAG)
            case Call(function=function, arguments=(over, *inside), alias=alias):
                if function in CLOSURES:
                    self.closure(over, inside, alias)
                    return
                self.asked(function, over)
        for child in children(tree):
            self.visit(child)

    def contained(self, left: Zen, right: Zen) -> None:
        if isinstance(right, Interval):
            self.kind(left, _literal(right.low) or Kind.NUMBER)
        elif isinstance(right, ListOf):
            for item in right.items[:1]:
                if (kind := _literal(item)) is not None:
                    self.kind(left, kind)
        else:
            self.kind(right, Kind.LIST)

    def asked(self, function: str, argument: Zen) -> None:
        path = self.path(argument)
        if function in _ASKED:
            self.kind(argument, _ASKED[function])
        elif path and function in _OF_NUMBERS:
            self.shape.at((*path, ITEM)).kinds.setdefault(Kind.NUMBER)
        elif path and function == "len" and not self.shape.at(path).kinds:
            self.shape.at((*path, ITEM))

    def closure(self, over: Zen, inside: list[Zen], alias: str) -> None:
        self.visit(over)
        path = self.path(over)
        if path:
            self.shape.at((*path, ITEM))
        item = (*path, ITEM) if path is not None else None
        for one in inside:
            replace(self, names={**self.names, alias or "#": item}).visit(one)


def _literal(tree: Zen) -> Kind | None:
    match tree:
        case Number():
            return Kind.NUMBER
        case Text() | Template():
            return Kind.TEXT
        case Flag():
            return Kind.FLAG
        case _:
            return None


def _is_text(tree: Zen) -> bool:
    if isinstance(tree, Binary) and tree.op == "+":
        return _is_text(tree.left) or _is_text(tree.right)
    return isinstance(tree, Text | Template) or (
        isinstance(tree, Call) and tree.function in ("string", "upper", "lower")
    )
