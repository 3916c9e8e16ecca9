"""The tree of an expression: closed, frozen, and without any evaluation of its own.

A reading of the tree (types, Python, later SQL and SMT) is one `match` over these nodes. A unary test of a
table cell is an ordinary flag expression over `Input`, the value the cell is asked about (FEEL's `?`):
`> 0.80` is `? > 0.80`, and `high, medium` is `? in high or ? in medium`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from engine.errors import Span
from engine.values import Type, Value


@dataclass(frozen=True, slots=True)
class Expr:
    """What every node has: the place it was written at, which is no part of its identity."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A fact, a constant, or a decision made before."""

    name: str


@dataclass(frozen=True, slots=True)
class Input(Expr):
    """`?`, the value under test."""


@dataclass(frozen=True, slots=True)
class Path(Expr):
    """`base.name`: a field of a context, or a property of a date, time or duration."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expr):
    """`base[position]`: counted from 1, from the end when negative."""

    base: Expr
    position: Expr


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
    """An interval; an open end excludes its bound."""

    low: Expr
    high: Expr
    low_open: bool
    high_open: bool


@dataclass(frozen=True, slots=True)
class ListOf(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Call(Expr):
    function: str
    arguments: tuple[Expr, ...]


def children(node: Expr) -> Iterator[Expr]:
    """The nodes directly below `node`, left to right."""
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Expr):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Expr))


def changed(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with `change` applied to every node, the lowest first; an unchanged part stays the same object."""
    new: dict[str, Any] = {}
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, Expr):
            after: Expr | tuple[Expr, ...] = changed(value, change)
        elif isinstance(value, tuple) and value and isinstance(value[0], Expr):
            after = tuple(changed(item, change) for item in value)
            after = value if all(a is b for a, b in zip(after, value, strict=True)) else after
        else:
            continue
        if after is not value:
            new[part.name] = after
    return change(replace(node, **new) if new else node)


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
    """The names an expression reads, as often as it reads them."""
    return (part.name for part in walk(node) if isinstance(part, Name))
