"""A YAML document as it is laid out: values as written, with every comment at the value that it stands beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WIDTH = 120
"""No line is made longer than this."""
STEP = 2
"""How far what is nested is indented."""


@dataclass(frozen=True, slots=True)
class Comment:
    """`own`: it has a line for itself. `blank`: an empty line stands before it.

    Of a comment behind something, `gap` is the distance from it, and `shift` that from the indentation of its line.
    """

    text: str
    line: int
    column: int
    own: bool
    blank: bool
    gap: int = 0
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Scalar:
    """`raw` is the scalar as written, quotes and all, over all its lines; `style` its quote, `|`, `>` or nothing.

    `margin` is the column of the collection that holds it, from which block scalars count their indentation.
    """

    raw: str
    value: str
    style: str
    line: int
    column: int
    end_line: int
    margin: int = 0

    @property
    def block(self) -> bool:
        return self.style in ("|", ">") and bool(self.style)


@dataclass(frozen=True, slots=True)
class Flow:
    """A collection in brackets. `items` are keys (None in a list), values and the line that each begins in.

    `fixed`: it holds comments, or texts over several lines, so its own line breaks must stay.
    """

    kind: Literal["map", "list"]
    items: tuple[tuple[Scalar | None, Scalar | Flow, int], ...]
    raw: str
    line: int
    column: int
    end_line: int
    fixed: bool

    @property
    def on_one_line(self) -> bool:
        """Whether no line begins before any but the first item, wherever the brackets stand."""
        return not self.fixed and len({line for _, _, line in self.items}) <= 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a block mapping (with a key) or of a block list.

    `before` are the comments above it, `head` the one behind `key:` or `-` when the value begins below, `between`
    those between the two, `after` the one behind the value.
    """

    key: Scalar | None
    value: Value
    before: tuple[Comment, ...] = ()
    blank: bool = False
    head: Comment | None = None
    between: tuple[Comment, ...] = ()
    after: Comment | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping or list in block style; `end` are the comments below its last entry."""

    kind: Literal["map", "list"]
    entries: tuple[Entry, ...]
    end: tuple[Comment, ...] = ()


Value = Scalar | Flow | Block


@dataclass(frozen=True, slots=True)
class Document:
    """`top` are the comments above everything, `end` those below everything."""

    top: tuple[Comment, ...]
    root: Value
    end: tuple[Comment, ...]


def opened(flow: Flow, after: Comment | None = None) -> tuple[Block, Comment | None]:
    """A collection in brackets as a block, and the comment behind it at its first line."""
    entries = []
    for number, (key, value, _) in enumerate(flow.items):
        entries.append(Entry(key, value, after=after if number == 0 else None))
    return Block(flow.kind, tuple(entries)), None if entries else after
