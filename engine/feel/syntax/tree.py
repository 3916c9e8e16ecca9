"""The tree of an expression: closed, frozen, and without any evaluation of its own.

A reading of the tree (types, Python, later SQL and SMT) is one `match` over these nodes, closed by `assert_never`. The
type checker gives each node its type; what reads a tree that was not checked finds UNTYPED, of the kind any. A unary
test of a table cell is an ordinary flag expression over `Input`, the value the cell is asked about (FEEL's `?`):
`> 0.80` is `? > 0.80`, and `high, medium` is `? in high or ? in medium`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import is_
from typing import Any

from ordain.engine.errors import Span
from ordain.engine.feel.signature import Signature
from ordain.engine.values.types import Kind, Type, Value

UNTYPED = Type(Kind.ANY)
"""The type of a node that no checker has seen."""


@dataclass(frozen=True, slots=True)
class Expr:
    """What every node has: the place it was written at, and the type it was found to have; neither is its identity."""

    span: Span = field(compare=False, repr=False)
    type: Type = field(default=UNTYPED, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    value: Value


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A fact, a constant, or a decision made before.

    `signature` is the one that was chosen where a built-in function stands as a value.
    """

    name: str
    signature: Signature | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Input(Expr):
    """`?`, the value under test."""


@dataclass(frozen=True, slots=True)
class Path(Expr):
    """`base.name`: a field of a context, or a property of a date, time or duration."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Expr):
    """`base[condition]`: the item at a position when the condition is a number (from 1, from the end when
    negative), otherwise the items for which it is true; inside it `item` and the item's own fields are names."""

    base: Expr
    condition: Expr


@dataclass(frozen=True, slots=True)
class Negate(Expr):
    operand: Expr


@dataclass(frozen=True, slots=True)
class Arithmetic(Expr):
    """`op` is one of + - * / **."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Comparison(Expr):
    """`op` is one of = != < <= > >=."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Logic(Expr):
    """`op` is `and` or `or`; two or more operands, so that a long list of tests is no deep tree."""

    op: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class If(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Between(Expr):
    """Both ends included."""

    value: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class In(Expr):
    """`value in (tests)`: whether any test holds with `value` as its `Input`."""

    value: Expr
    tests: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Matches(Expr):
    """A unary test without operator: the value equals the candidate, or is in it if it is a list or range."""

    value: Expr
    candidate: Expr


@dataclass(frozen=True, slots=True)
class Range(Expr):
    """An interval; an open end excludes its bound. A side without bound is None and open: `> 5` is `(5..None)`.

    `op` is as in the value, `Interval`.
    """

    low: Expr | None
    high: Expr | None
    low_open: bool
    high_open: bool
    op: str = ""


@dataclass(frozen=True, slots=True)
class ListOf(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Entry(Expr):
    """One entry of a context. Later entries may read it."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class ContextOf(Expr):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Steps(Expr):
    """`low..high` after the `in` of a `for`: whole steps from one to the other, downwards when high is lower."""

    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class Each(Expr):
    """`name in over`: one variable of a `for`, `some` or `every`; the next iterators may read it."""

    name: str
    over: Expr


@dataclass(frozen=True, slots=True)
class For(Expr):
    """A list with one item for each combination; in the body `partial` is the list so far."""

    iterators: tuple[Each, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Quantified(Expr):
    """`quantifier` is `some` or `every`."""

    quantifier: str
    iterators: tuple[Each, ...]
    condition: Expr


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as written: `number`, `list<date>`, `context<a: number>`, `function<number> -> string`, `tPlan`.

    `name` has single spaces; `arguments` are what stands between `<` and `>`, with `fields` naming those of a
    context; `result` is what a function gives.
    """

    name: str
    arguments: tuple[TypeName, ...] = ()
    fields: tuple[str, ...] = ()
    result: TypeName | None = None


@dataclass(frozen=True, slots=True)
class Parameter(Expr):
    name: str
    declared: TypeName | None


@dataclass(frozen=True, slots=True)
class Function(Expr):
    """`function(a: number, b) body`, which may read every name around it. `gives`: the declared type of its result.

    `external`: the body is a context that names code outside FEEL (DMN 1.5, 10.3.2.13.3).
    """

    parameters: tuple[Parameter, ...]
    body: Expr
    external: bool = False
    gives: TypeName | None = None


@dataclass(frozen=True, slots=True)
class InstanceOf(Expr):
    value: Expr
    named: TypeName


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """`function(arguments)`; `names` are the parameters' names when they are given by name, otherwise empty.

    `signature` is the one that the checker chose for a built-in function.
    """

    function: Expr
    arguments: tuple[Expr, ...]
    names: tuple[str, ...] = ()
    signature: Signature | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def called(self) -> str:
        """The name of the function when it is called by name."""
        return self.function.name if isinstance(self.function, Name) else ""


Node = (
    Literal
    | Name
    | Input
    | Path
    | Filter
    | Negate
    | Arithmetic
    | Comparison
    | Logic
    | If
    | Between
    | In
    | Matches
    | Range
    | ListOf
    | ContextOf
    | Steps
    | For
    | Quantified
    | Function
    | InstanceOf
    | Call
)
"""Every expression. It is closed, so that a `match` over it can be proved to leave none out (`assert_never`)."""
Binder = Entry | Each | Parameter
"""What only stands inside an expression, and gives a name to something there."""


def call(span: Span, function: str, *arguments: Expr) -> Call:
    """A call of the function of that name."""
    return Call(span, Name(span, function), arguments)


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(of: type) -> tuple[str, ...]:
    """The names of a node's own fields, span and type apart; asked for each node of each tree, so kept."""
    names = _FIELDS.get(of)
    if names is None:
        names = _FIELDS[of] = tuple(part.name for part in fields(of) if part.name not in ("span", "type"))
    return names


_LEAVES = frozenset({Literal, Name, Input})
"""Nodes without a node below them: most of all that there are."""


def children(node: Expr) -> Iterator[Expr]:
    """The nodes directly below `node`, left to right."""
    for name in () if type(node) in _LEAVES else _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, Expr):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Expr))


def changed(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with `change` applied to every node, the lowest first; an unchanged part stays the same object."""
    return rebuilt(node, lambda _, new: change(new))


def rebuilt(node: Expr, change: Callable[[Expr, Expr], Expr]) -> Expr:
    """As `changed`, with the node as it was as the first argument of `change`."""
    return change(node, with_children(node, lambda child: rebuilt(child, change)))


def with_children(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The node with `change` applied to those directly below it; the same object when none of them changes."""
    new: dict[str, Any] = {}
    for name in () if type(node) in _LEAVES else _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, Expr):
            after: Expr | tuple[Expr, ...] = change(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Expr):
            several = tuple([change(item) for item in value])
            after = value if all(map(is_, several, value)) else several
        else:
            continue
        if after is not value:
            new[name] = after
    return with_parts(node, new) if new else node


def with_parts(node: Expr, parts: Mapping[str, Any]) -> Expr:
    """The node with some of its fields changed, as `dataclasses.replace` gives it, in a fraction of the time."""
    new: Expr = object.__new__(type(node))
    set_part = object.__setattr__
    for name in ("span", "type", *_fields(type(node))):
        set_part(new, name, parts[name] if name in parts else getattr(node, name))
    return new


def walk(node: Expr) -> Iterator[Expr]:
    """`node` and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def results(node: Expr) -> Iterator[Expr]:
    """What an expression may give: itself, or the results of both branches of an `if`."""
    if isinstance(node, If):
        yield from results(node.then)
        yield from results(node.otherwise)
    else:
        yield node


def names(node: Expr) -> Iterator[str]:
    """The names an expression reads from around it, as often as it reads them, called functions included.

    Its own variables are left out: those of loops and functions, earlier entries of a context, and `item`. A field
    of a filtered list's items cannot be told from a name here; only its type can tell.
    """
    return (name.name for name in free_names(node))


def free_names(node: Expr, own: frozenset[str] = frozenset()) -> Iterator[Name]:
    """The nodes of which `names` tells the names; those in `own` are left out too."""
    match node:
        case Name():
            if node.name not in own:
                yield node
        case ContextOf():
            for entry in node.entries:
                yield from free_names(entry.value, own)
                own |= {entry.name}
        case For() | Quantified():
            for each in node.iterators:
                yield from free_names(each.over, own)
                own |= {each.name}
            last = node.body if isinstance(node, For) else node.condition
            yield from free_names(last, own | {"partial"} if isinstance(node, For) else own)
        case Function():
            yield from free_names(node.body, own | {parameter.name for parameter in node.parameters})
        case Filter():
            yield from free_names(node.base, own)
            yield from free_names(node.condition, own | {"item"})
        case _:
            for child in children(node):
                if type(child) is not Literal and type(child) is not Input:
                    yield from free_names(child, own)
