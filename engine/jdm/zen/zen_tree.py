"""The tree of a ZEN expression: closed and frozen, without any evaluation of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Flag:
    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    pass


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it: its pieces in order."""

    parts: tuple[Zen, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A name; also `$`, `$root`, `$nodes`, and `#`, the item of a closure."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    base: Zen
    key: str


@dataclass(frozen=True, slots=True)
class At:
    """`base[index]`, positions counted from 0."""

    base: Zen
    index: Zen


@dataclass(frozen=True, slots=True)
class Slice:
    """`base[from:to]`, both ends included; a side that is left out is None."""

    base: Zen
    start: Zen | None
    end: Zen | None


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Zen, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    value: Zen


@dataclass(frozen=True, slots=True)
class ObjectOf:
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`op` is one of not - +."""

    op: str
    operand: Zen


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is one of + - * / % ^ == != < <= > >= in, not in, ??."""

    op: str
    left: Zen
    right: Zen


@dataclass(frozen=True, slots=True)
class Logic:
    """`op` is `and` or `or`; two or more operands, so that a long list of values is no deep tree."""

    op: str
    operands: tuple[Zen, ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Zen
    then: Zen
    otherwise: Zen


@dataclass(frozen=True, slots=True)
class Interval:
    """All between two ends, of which an open one is not included; `outside`: all that is not between them."""

    low: Zen
    high: Zen
    low_open: bool
    high_open: bool
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`; `alias` is the item's name in `filter(list as item, ...)`."""

    function: str
    arguments: tuple[Zen, ...]
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    base: Zen
    name: str
    arguments: tuple[Zen, ...]


Zen = (
    Number
    | Text
    | Flag
    | Null
    | Template
    | Name
    | Member
    | At
    | Slice
    | ListOf
    | ObjectOf
    | Unary
    | Binary
    | Logic
    | Conditional
    | Interval
    | Call
    | Method
)
CLOSURES = frozenset({"all", "none", "some", "one", "filter", "map", "flatMap", "count"})
"""Functions whose second argument is asked of each item, which is `#` in it."""


def children(node: Zen) -> Iterator[Zen]:
    """The expressions directly below `node`, left to right."""
    for part in fields(node):
        value = getattr(node, part.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Entry):
                yield one.value
            elif isinstance(one, Zen):
                yield one


def walk(node: Zen) -> Iterator[Zen]:
    """`node` and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def too_high(node: Zen, levels: int) -> bool:
    """Whether an expression is nested more than so many levels deep."""
    at = [node]
    for _ in range(levels):
        at = [part for one in at for part in children(one)]
        if not at:
            return False
    return True
