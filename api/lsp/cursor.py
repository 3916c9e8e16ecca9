"""Where the cursor stands in a text that is being typed: told from its lines alone, so that it need not be YAML yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ordain.api.lsp.layout import Path, Step
from ordain.api.lsp.text_lines import Lines

_KEY = re.compile(r"""(?P<key>"[^"]*"|'[^']*'|[^\s#{}\[\],"'|>@`-][^#]*?)\s*:(?=\s|$)""")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`path` leads to the value that is typed, or to the mapping whose key is. `typed` is what stands of it before the
    cursor, from `start` to `end`; `quote` is the one that it stands in. `item`: it is an item of a list, which may be
    the first key of a mapping too. `flow`: it stands in brackets, in which the keys `there` stand before it."""

    path: Path
    is_key: bool
    typed: str
    start: int
    end: int
    quote: str = ""
    flow: bool = False
    item: bool = False
    there: tuple[str, ...] = ()


@dataclass(slots=True)
class _Level:
    """A key or an item that the next lines may belong to, by its column."""

    column: int
    step: Step
    item: bool


class _Flow:
    """One pair of brackets that is not closed yet."""

    def __init__(self, mapping: bool) -> None:
        self.mapping, self.key, self.count = mapping, "", 0
        self.there: list[str] = []

    def next(self) -> None:
        self.there.append(self.key)
        self.key, self.count = "", self.count + 1

    @property
    def path(self) -> Path:
        """Of the value that is typed in it; empty while a key is."""
        if not self.mapping:
            return (self.count,)
        return (self.key,) if self.key else ()


def cursor_at(text: str, index: int) -> Cursor:
    """What is typed at an index of a text."""
    return _Reader(text, index).read()


class _Reader:
    def __init__(self, text: str, index: int) -> None:
        self.text, self.index = text, index
        self.lines = Lines(text)
        self.levels: list[_Level] = []
        self.value_at: int | None = None
        """Where the value begins that further lines may go on with."""
        self.block = False

    def read(self) -> Cursor:
        last = self.lines.line_of(self.index)
        for number in range(last):
            self._line(number, self.lines.line(number))
        start = self.lines.starts[last]
        return self._last(last, self.text[start : self.index])

    # --- lines above --------------------------------------------------------------------------------------------

    def _line(self, number: int, line: str) -> None:
        bare = line.strip()
        if not bare or (bare.startswith("#") and not self.block):
            return
        column = len(line) - len(line.lstrip(" "))
        if self._goes_on(column, bare):
            return
        self._begin(self.lines.starts[number], line, column)

    def _goes_on(self, column: int, bare: str) -> bool:
        """Whether a line belongs to the value that was begun above it."""
        if self.value_at is None or not self.levels or column <= self.levels[-1].column:
            self.value_at, self.block = None, False
            return False
        if self.block or self.text[self.value_at] in "{[\"'":
            return True
        if bare.startswith("- ") or _KEY.match(bare):
            self.value_at = None
            return False
        return True

    def _begin(self, start: int, line: str, column: int) -> int:
        """Take the items and the key that a line begins with; the column of what stands behind them."""
        while line[column:].startswith("- ") or line[column:].rstrip() == "-":
            self._take(column, None)
            after = line[column + 1 :]
            column += 1 + len(after) - len(after.lstrip(" "))
        match = _KEY.match(line, column)
        if match is not None:
            self._take(column, match["key"].strip("\"'"))
            column = match.end()
        rest = _COMMENT.sub("", line[column:]).strip()
        self.value_at = start + column + (len(line[column:]) - len(line[column:].lstrip())) if rest else None
        self.block = rest[:1] in ("|", ">") and rest != ""
        return column

    def _take(self, column: int, key: str | None) -> None:
        """A key at a column, or with None an item, ends what stands deeper."""
        count = 0
        while self.levels and (
            self.levels[-1].column > column or (self.levels[-1].column == column and (key is not None or self._item()))
        ):
            gone = self.levels.pop()
            if gone.item and gone.column == column and isinstance(gone.step, int):
                count = gone.step + 1
        self.levels.append(_Level(column, count if key is None else key, key is None))

    def _item(self) -> bool:
        return self.levels[-1].item

    @property
    def path(self) -> Path:
        return tuple(level.step for level in self.levels)

    # --- the line of the cursor ---------------------------------------------------------------------------------

    def _last(self, number: int, line: str) -> Cursor:
        start = self.lines.starts[number]
        bare = line.strip()
        column = len(line) - len(line.lstrip(" "))
        if bare and self._goes_on(column, bare) and self.value_at is not None:
            return self._in_value(self.value_at)
        if not bare:
            if self.value_at is not None and self.levels and column > self.levels[-1].column and self._open_value():
                return self._in_value(self.value_at)
            self._end_deeper(column)
            return Cursor(self.path, True, "", self.index, self.index)
        taken = self._begin(start, line, column)
        if self.value_at is None and taken > column and not line[taken:].strip() and not self.levels[-1].item:
            return Cursor(self.path, False, "", self.index, self.index)
        if self.levels and self.levels[-1].item and taken > column and not _KEY.match(line, taken):
            return self._item_typed(start, line, taken)
        if taken == column:  # neither a key nor an item: a key is being typed
            self._end_deeper(column)
            return Cursor(self.path, True, bare, start + column, self.index)
        if self.value_at is None:
            return Cursor(self.path, False, "", self.index, self.index)
        return self._in_value(self.value_at)

    def _open_value(self) -> bool:
        return self.value_at is not None and (self.block or self.text[self.value_at] in "{[\"'")

    def _end_deeper(self, column: int) -> None:
        while self.levels and self.levels[-1].column >= column:
            self.levels.pop()

    def _item_typed(self, start: int, line: str, column: int) -> Cursor:
        rest = line[column:]
        if rest[:1] in ("{", "[", '"', "'") and rest:
            return self._in_value(start + column)
        return Cursor(self.path, True, rest.lstrip(), self.index - len(rest.lstrip()), self.index, item=True)

    def _in_value(self, at: int) -> Cursor:
        """The cursor in a value that begins at an index."""
        sign = self.text[at]
        if sign in "{[":
            return self._in_flow(at)
        if sign in "\"'":
            return Cursor(self.path, False, self.text[at + 1 : self.index], at + 1, self.index, sign)
        if self.block:
            after = self.text.find("\n", at, self.index)
            return Cursor(self.path, False, self.text[after + 1 : self.index].lstrip(), after + 1, self.index, sign)
        return Cursor(self.path, False, self.text[at : self.index], at, self.index)

    def _in_flow(self, at: int) -> Cursor:
        """The cursor in brackets: each comma begins an entry, each `: ` ends a key."""
        text, index = self.text, self.index
        opened: list[_Flow] = []
        first, quote = at, ""
        while at < index:
            sign = text[at]
            if quote:
                if sign == "\\" and quote == '"':
                    at += 1
                elif sign == quote:
                    quote = ""
            elif sign in "\"'" and not text[first:at].strip():
                first, quote = at, sign
            elif sign in "{[":
                opened.append(_Flow(sign == "{"))
                first = at + 1
            elif sign in "}]" and opened:
                opened.pop()
                first = at + 1
            elif sign == "," and opened:
                opened[-1].next()
                first = at + 1
            elif sign == ":" and opened and opened[-1].mapping and not opened[-1].key and _ends_key(text, at, index):
                opened[-1].key = text[first:at].strip().strip("\"'")
                first = at + 1
            elif sign == "#" and text[at - 1 : at].isspace():
                at = _end_of_line(text, at, index)
                continue
            at += 1
        path = (*self.path, *(step for flow in opened for step in flow.path))
        typed = text[first:index]
        start = first + len(typed) - len(typed.lstrip())
        typed = typed.lstrip()
        there = tuple(opened[-1].there) if opened else ()
        if typed[:1] in ('"', "'") and typed:
            return Cursor(
                path, _awaits_key(opened), typed[1:], start + 1, index, typed[0], flow=bool(opened), there=there
            )
        return Cursor(path, _awaits_key(opened), typed, start, index, flow=bool(opened), there=there)


def _awaits_key(opened: list[_Flow]) -> bool:
    return bool(opened) and opened[-1].mapping and not opened[-1].key


def _ends_key(text: str, at: int, index: int) -> bool:
    return at + 1 >= index or text[at + 1].isspace() or text[at - 1] in "\"'"


def _end_of_line(text: str, at: int, index: int) -> int:
    found = text.find("\n", at, index)
    return found if found >= 0 else index
