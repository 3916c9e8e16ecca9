"""The words of an expression, each with what it is: for colours, for what is told of it, and to find names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ordain.engine.errors import PolicyError, Span
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.lexer import KEYWORDS, Scanner
from ordain.engine.feel.syntax.names import Scope, plain_name

_HERE = Span("", 1, 1)
_JOINING = KEYWORDS | {"not"}
_CONSTANTS = frozenset({"true", "false", "null"})


class Word(Enum):
    NAME = auto()
    FUNCTION = auto()
    PROPERTY = auto()
    """What stands after a point."""
    VALUE = auto()
    """A declared value, which stands for itself in a cell."""
    NUMBER = auto()
    TEXT = auto()
    LITERAL = auto()
    """`true`, `false`, `null`."""
    KEYWORD = auto()
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """A word from `start` to `end` of a text; `name` is what it names, with single spaces."""

    start: int
    end: int
    word: Word
    name: str = ""


def parts_of(text: str, known: Collection[str], values: Collection[str] = ()) -> Iterator[Part]:
    """The words of an expression or cell, whether it can be parsed or not. `known` are the names in scope, among them
    `values`, the declared ones of the column. Brackets and commas are left out."""
    scope = Scope(known, ())
    scanner = Scanner(text, _HERE)
    before = ""
    while scanner.kind != "end":
        start, value = scanner.start, scanner.value
        if scanner.kind == "name":
            named = scope.name_at(text, start)
            if named is not None:
                scanner.jump(named[1])
            else:
                scanner.advance()
            name = named[0] if named is not None else value
            yield Part(start, scanner.last, _named(name, before, scanner.value, values, known), name)
        else:
            scanner.advance()
            if (word := _nameless(value, text, start)) is not None:
                yield Part(start, scanner.last, word)
        before = value


def _nameless(value: str, text: str, start: int) -> Word | None:
    """What a word is that is no name; None for what has no colour of its own."""
    if value[0].isdigit() or (value[0] == "." and value[1:2].isdigit()):
        return Word.NUMBER
    if value[0] == '"' or (value == "@" and text[start + 1 : start + 2] == '"'):
        return Word.TEXT
    return None if value in ("(", ")", "[", "]", "{", "}", ",", ":", ".") else Word.OPERATOR


def _named(name: str, before: str, after: str, values: Collection[str], known: Collection[str]) -> Word:
    if before == ".":
        return Word.PROPERTY
    if name in _CONSTANTS:
        return Word.LITERAL
    if name in values:
        return Word.VALUE
    if name in FUNCTIONS and after == "(" and name not in known:
        return Word.FUNCTION
    return Word.KEYWORD if name in _JOINING else Word.NAME


@dataclass(frozen=True, slots=True)
class Read:
    """A name that an expression reads from around it, from `start` to `end` of its text."""

    start: int
    end: int
    name: str


def reads(text: str, known: Collection[str], values: Collection[str] = (), *, cell: bool = False) -> list[Read]:
    """The names that an expression, or a cell, reads from around it; its own variables and declared values apart.

    Of a text that cannot be parsed they are all names that stand in it. `known` and `values` as for `parts_of`.
    """
    try:
        node = (parse.unary_tests if cell else parse.expression)(text, _HERE, known)
    except PolicyError:
        parts = parts_of(text, known, values)
        return [Read(part.start, part.end, part.name) for part in parts if part.word in (Word.NAME, Word.FUNCTION)]
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found = []
    for name in tree.free_names(node, frozenset(values)) if node is not None else ():
        start = starts[name.span.line - 1] + name.span.column - 1
        if plain_name(name.span.text) == name.name:  # what the parser put in itself stands nowhere
            found.append(Read(start, start + len(name.span.text), name.name))
    return sorted(set(found), key=lambda read: read.start)


def at(found: Iterator[Part], position: int) -> Part | None:
    """The word that stands at a position, its end counted in."""
    parts = list(found)
    index = bisect_right([part.start for part in parts], position) - 1
    if index < 0:
        return None
    for part in (parts[index], parts[index - 1] if index else parts[index]):
        if part.start <= position <= part.end:
            return part
    return None
