"""Text -> Document: the YAML parser's events, and the comments that it leaves out, found between its scalars."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any, Literal

import yaml

from ordain.engine.text.layout.document import Block, Comment, Document, Entry, Flow, Scalar, Value

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")
_HEADER = re.compile(r"[|>][^\s#]*[ \t]+(#.*)")
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent, yaml.DocumentEndEvent)


def read_document(text: str) -> Document:
    """The layout of a text that `engine.source.parse` has accepted: one document without anchors and tags."""
    return _Reader(text).document()


def comments_of(text: str) -> list[str]:
    """All comments of such a text, each with its `#`."""
    return [comment.text for _, comment in _Reader(text).comments]


class _Reader:
    """Goes through the events; `comments` are those not yet given to anything, in the order of the text."""

    def __init__(self, text: str) -> None:
        self.text, self.lines = text, text.splitlines()
        self.events: list[Any] = list(yaml.parse(text, Loader=_LOADER))
        scanned: list[Any] = list(yaml.scan(text, Loader=_LOADER))
        tokens = [token for token in scanned if isinstance(token, yaml.BlockEntryToken)]
        self.dashes = [(token.start_mark.index, token.start_mark.line) for token in tokens]
        self.comments = self._comments()
        self.at = self.taken = 0

    def _comments(self) -> list[tuple[int, Comment]]:
        """Every comment with its index: what begins with `#` outside of scalars, and behind the sign of a block."""
        comments: list[tuple[int, Comment]] = []
        position, line, starts = 0, 0, [0]
        for whole in self.text.splitlines(keepends=True):
            starts.append(starts[-1] + len(whole))
        for first, last, header in [*self._scalars(), (len(self.text), len(self.text), None)]:
            spans = [match.span() for match in _COMMENT.finditer(self.text, position, first)]
            for start, end in [*spans, *([header] if header else [])]:
                while starts[line + 1] <= start:
                    line += 1
                comments.append((start, self._comment(line, start - starts[line], self.text[start:end])))
            position = last
        return comments

    def _scalars(self) -> list[tuple[int, int, tuple[int, int] | None]]:
        places = []
        for event in self.events:
            if isinstance(event, yaml.ScalarEvent):
                marks: tuple[Any, Any] = event.start_mark, event.end_mark
                start, end = marks[0].index, marks[1].index
                match = _HEADER.match(self.text, start, end) if event.style in ("|", ">") else None
                places.append((start, end, match.span(1) if match else None))
        return places

    def _comment(self, line: int, column: int, text: str) -> Comment:
        whole = self.lines[line]
        ahead = whole[:column]
        indent = len(whole) - len(whole.lstrip(" -"))
        gap, shift = column - len(ahead.rstrip()), column - indent
        return Comment(text.rstrip(), line, column, not ahead.strip(), self._blank(line), gap, shift)

    def _blank(self, line: int) -> bool:
        return line > 0 and not self.lines[line - 1].strip()

    def document(self) -> Document:
        while not isinstance(self.next(), yaml.DocumentStartEvent):
            pass
        top = self.until(self.peek().start_mark.index)
        root = self.value(-1)
        return Document(top, root, self.until(len(self.text) + 1))

    # --- events and comments ------------------------------------------------------------------------------------

    def peek(self) -> Any:
        return self.events[self.at]

    def next(self) -> Any:
        self.at += 1
        return self.events[self.at - 1]

    def until(self, index: int) -> tuple[Comment, ...]:
        """The comments that begin before `index` and were not taken yet."""
        first = self.taken
        while self.taken < len(self.comments) and self.comments[self.taken][0] < index:
            self.taken += 1
        return tuple(comment for _, comment in self.comments[first : self.taken])

    def behind(self, line: int) -> Comment | None:
        """The comment behind what ends in `line`."""
        if self.taken < len(self.comments):
            comment = self.comments[self.taken][1]
            if comment.line == line and not comment.own:
                self.taken += 1
                return comment
        return None

    def below(self, column: int, end: int) -> tuple[Comment, ...]:
        """The comments before the index `end` that stand at `column` or further right."""
        first = self.taken
        while self.taken < len(self.comments):
            index, comment = self.comments[self.taken]
            if index >= end or not comment.own or comment.column < column:
                break
            self.taken += 1
        return tuple(comment for _, comment in self.comments[first : self.taken])

    # --- values -------------------------------------------------------------------------------------------------

    def value(self, margin: int, leading: tuple[Comment, ...] = ()) -> Value:
        """The next value. `margin` is the column of what holds it; `leading` are comments above its first entry."""
        event = self.next()
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, margin)
        kind: Literal["map", "list"] = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        if event.flow_style:
            return self.flow(event, kind)
        column, entries = event.start_mark.column, []
        while not isinstance(self.peek(), _ENDS):
            entries.append(self.entry(kind, column, leading))
            leading = ()
        end = self.next().start_mark.index
        return Block(kind, tuple(entries), self.below(column if column > margin else column + 1, end))

    def entry(self, kind: str, column: int, leading: tuple[Comment, ...]) -> Entry:
        start = self.peek().start_mark
        dash = self.dashes[bisect_left(self.dashes, (start.index, 0)) - 1] if kind == "list" else (0, 0)
        before = (*leading, *self.until(dash[0] if kind == "list" else start.index))
        key = self.scalar(self.next(), column) if kind == "map" else None
        coming = self.peek()
        sign = key.end_line if key else dash[1]
        blank = self._blank(key.line if key else sign)
        head, between = None, self.until(coming.start_mark.index)
        if between and between[0].line == sign and not between[0].own:
            head, *rest = between
            between = tuple(rest)
        if not isinstance(coming, yaml.ScalarEvent) and not coming.flow_style:
            return Entry(key, self.value(column, between), before, blank, head)
        value = self.value(column)
        assert not isinstance(value, Block)  # noqa: S101 - said by its event
        line = value.line if isinstance(value, Scalar) and value.block else value.end_line
        return Entry(key, value, before, blank, head, between, self.behind(line))

    def scalar(self, event: Any, margin: int) -> Scalar:
        start, end = event.start_mark, event.end_mark
        raw = self.text[start.index : end.index]
        style = event.style or ""
        return Scalar(raw, event.value, style, start.line, start.column, end.line, margin)

    def flow(self, start: Any, kind: Literal["map", "list"]) -> Flow:
        items: list[tuple[Scalar | None, Scalar | Flow, int]] = []
        fixed = False
        while not isinstance(self.peek(), _ENDS):
            line = self.peek().start_mark.line
            key = self.scalar(self.next(), 0) if kind == "map" else None
            value = self.value(0)
            assert not isinstance(value, Block)  # noqa: S101 - there is none inside of brackets
            several = value.fixed if isinstance(value, Flow) else value.end_line > value.line
            fixed = fixed or several or (key is not None and key.end_line > key.line)
            items.append((key, value, line))
        end = self.next().end_mark
        fixed = bool(self.until(end.index)) or fixed
        first = start.start_mark
        raw = self.text[first.index : end.index]
        return Flow(kind, tuple(items), raw, first.line, first.column, end.line, fixed)
