"""YAML text read into nodes that remember where they stand.

Stricter than YAML on purpose, because people without YAML experience edit these files: a key may stand once,
only `true` and `false` are flags (not `yes`, `no`, `on`, `off`), numbers stay decimals, dates stay text, and
anchors, aliases, tags and several documents in one file are refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ordain.engine.errors import Issue, NotThatType, PolicyError, Span, reason_of
from ordain.engine.late import late
from ordain.engine.limits import LIMITS
from ordain.engine.made_often import made_often
from ordain.engine.replacement import Replacement
from ordain.engine.text.regular import opened
from ordain.engine.values.decimals import number as read_number

_MOST_LEVELS = LIMITS.yaml_levels
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_USUAL_BREAKS = ("\r\n", "\n", "\r")
_RARE_BREAK = re.compile("[\x85\u2028\u2029]")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NEXT_ENTRY = re.compile(r",\s*[\w. -]+:(?=\s)|\s*\}")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)


@made_often(frozen=True, slots=True)
class Node:
    """One YAML value. `value` is str, bool, Decimal, None, a list of nodes or a dict of nodes.

    `text` is a scalar as written, without its quotes; `keys` says where each key of a mapping stands. `raw` is what
    stands in the file: a scalar with its quotes and escapes, `[...]` or `{...}`; empty for what has no such signs.
    """

    value: Any
    span: Span
    text: str = ""
    quoted: bool = False
    keys: dict[str, Span] = field(default_factory=dict)
    raw: str = ""

    def get(self, key: str) -> Node | None:
        return self.value.get(key) if isinstance(self.value, dict) else None

    def __getitem__(self, key: str) -> Node:
        node: Node = self.value[key]
        return node

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping in written order; of anything else, none."""
        return iter(self.value.items() if isinstance(self.value, dict) else ())

    def nodes(self) -> tuple[Node, ...]:
        """The items of a list; a single value counts as a list of one."""
        if self.value is None:
            return ()
        return tuple(self.value) if isinstance(self.value, list) else (self,)

    def texts(self) -> tuple[str, ...]:
        return tuple(node.text for node in self.nodes())

    def data(self) -> Any:
        """Plain Python data, numbers as Decimal: what a JSON Schema is checked against."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value


def digest_of(text: bytes) -> str:
    return "sha256:" + hashlib.sha256(text).hexdigest()


def read_file(path: Path, shown: str) -> bytes:
    """The bytes of a text file that errors will call `shown`. Raises PolicyError."""
    try:
        with opened(path) as stream:
            data = stream.read(LIMITS.yaml_bytes + 1)
    except FileNotFoundError:
        raise PolicyError(Issue(f"there is no file `{shown}`", code="file")) from None
    except OSError as error:
        raise PolicyError(Issue(f"`{shown}` cannot be read: {reason_of(error)}", code="file")) from None
    if len(data) > LIMITS.yaml_bytes:
        raise PolicyError(Issue(f"`{shown}` is larger than {LIMITS.yaml_bytes:,} bytes", code="too-large"))
    return data


def parse(data: bytes, file: str) -> Node:
    """The one document in `data`. Raises PolicyError with the place of the first fault."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError(
            Issue("the file is not UTF-8 text", "save it as UTF-8", Span(file, line, 1), code="yaml")
        ) from None
    try:
        return _Reader(file, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        found: Issue | None = late("ordain.engine.text.yaml_slips:slip")(file, text, line, _fails_at)
        found = found or late("ordain.engine.text.too_deep:too_deep")(file, text, line, lambda new: not _fails_at(new))
        if found is not None:
            raise PolicyError(found) from None
        what = (error.problem or "it cannot be read").strip()
        hint = "put a text that contains `: ` in quotes" if "mapping values" in what else ""
        raise PolicyError(
            Issue(f"this is not YAML: {what}", hint, _at(file, text, line, column), code="yaml")
        ) from None
    except yaml.YAMLError as error:
        raise PolicyError(Issue(f"this is not YAML: {error}", "", Span(file, 1, 1), code="yaml")) from None


def _fails_at(text: str) -> int:
    """The line in which a text stops being YAML, as the parser sees it; 0 when all of it is."""
    try:
        for _ in yaml.parse(text, Loader=_LOADER):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return mark.line + 1 if mark else 1
    except yaml.YAMLError:
        return 1
    return 0


def _at(file: str, text: str, line: int, column: int) -> Span:
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:80] if line <= len(lines) else ""
    return Span(file, *_in_editor(text, line, column), shown)


def _in_editor(text: str, line: int, column: int) -> tuple[int, int]:
    """A line and column as editors count them: for YAML three rare signs end a line too, and for them none."""
    if not _RARE_BREAK.search(text):
        return line, column
    ends = [end.end() for end in _BREAK.finditer(text)]
    start = ends[line - 2] if 1 < line <= len(ends) + 1 else 0
    ends = [end.end() for end in _BREAK.finditer(text, 0, start) if end[0] in _USUAL_BREAKS]
    return len(ends) + 1, column + start - (ends[-1] if ends else 0)


class _Reader:
    """Builds nodes from the parser's events, so that depth and duplicate keys are checked as they come."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.rare = _RARE_BREAK.search(text) is not None
        self.next: Callable[[], Any] = _LOADER(text).get_event

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def document(self) -> Node:
        while not isinstance(event := self.next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                node = self.node(self.next(), 0)
                self.next()  # the document's end
                if not isinstance(another := self.next(), yaml.StreamEndEvent):
                    self.refuse("one file holds one document", "put the other one in a file of its own", another)
                return node
        raise PolicyError(Issue("the file is empty", "", Span(self.file, 1, 1), code="yaml"))

    def refuse(self, message: str, hint: str, event: Any) -> None:
        mark = event.start_mark
        raise PolicyError(Issue(message, hint, _at(self.file, self.text, mark.line + 1, mark.column + 1), code="yaml"))

    def node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if depth > _MOST_LEVELS:
            self.refuse(f"lists and mappings are nested more than {_MOST_LEVELS} deep", "", event)
        if kind is yaml.AliasEvent or event.anchor:
            hint = "write the value out where it is used; a text that begins with `&` or `*` stands in quotes"
            self.refuse("anchors and aliases are not allowed", hint, event)
        if event.tag and not (kind is yaml.ScalarEvent and event.implicit[1]):
            hint = "a text that begins with `!` stands in quotes"
            self.refuse("tags such as `!name` are not allowed", hint, event)
        if kind is yaml.ScalarEvent:
            return self.scalar(event)
        if kind is yaml.MappingStartEvent:
            return self.mapping(event, depth)
        items = []
        while type(item := self.next()) is not yaml.SequenceEndEvent:
            items.append(self.node(item, depth + 1))
        raw = self.text[event.start_mark.index : item.end_mark.index] if event.flow_style else ""  # type: ignore[union-attr]
        return Node(items, self.span(event), raw=raw)

    def mapping(self, start: Any, depth: int) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        last: Node | None = None
        while type(event := self.next()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                self.refuse("a key must be plain text", "", event)
            key = self.node(event, depth + 1)
            if start.flow_style and not event.style:
                self.refuse_slip(event, key, last)
            name = key.text
            if name in keys:
                message = f"`{name}` appears twice; first in line {keys[name].line}"
                raise PolicyError(Issue(message, "keep one of them", key.span, code="duplicate"))
            keys[name] = key.span
            values[name] = last = self.node(self.next(), depth + 1)
        raw = self.text[start.start_mark.index : event.end_mark.index] if start.flow_style else ""  # type: ignore[union-attr]
        return Node(values, self.span(start), keys=keys, raw=raw)

    def refuse_slip(self, event: Any, key: Node, last: Node | None) -> None:
        """Refuses a key without a value: one whose colon has no space, or the rest of a text that has a comma."""
        if self.text[event.end_mark.index :].lstrip(" ")[:1] not in (",", "}"):
            return
        name, colon, value = key.text.partition(":")
        if colon and name and value:
            spaced = f"{name}: {value}"
            edit = Replacement(self.file, key.span.line, key.span.column, key.text, spaced)
            message = f"there is no space after the colon of `{name}`"
            raise PolicyError(Issue(message, f"write `{spaced}`", key.span, code="yaml", replacements=(edit,)))
        if last is not None and last.text and last.raw and not last.quoted:
            rest = self.torn_off(event)
            raise PolicyError(late("ordain.engine.text.yaml_slips:torn")(last.span, last.raw, key.span, rest))

    def torn_off(self, key: Any) -> str:
        """What stands from this key to the end of its text: up to the next entry that has a colon, or the bracket."""
        rest = self.text[key.start_mark.index :].split("\n")[0]
        end = _NEXT_ENTRY.search(rest)
        return (rest[: end.start()] if end is not None else rest).rstrip()

    def span(self, event: Any) -> Span:
        mark = event.start_mark
        return self.place(mark.line + 1, mark.column + 1, "")

    def place(self, line: int, column: int, text: str) -> Span:
        if self.rare:
            line, column = _in_editor(self.text, line, column)
        return Span(self.file, line, column, text)

    def scalar(self, event: Any) -> Node:
        text, style = event.value, event.style
        if style == "|" or style == ">":
            return self.block(event, text, style)
        quoted = style == "'" or style == '"'
        mark = event.start_mark
        span = self.place(mark.line + 1, mark.column + (2 if quoted else 1), text)
        if event.end_mark.line > mark.line:
            span = replace(span, folds=self.folds(mark.line, event.end_mark.line + 1, text))
        raw = self.text[mark.index : event.end_mark.index]
        return Node(text if quoted else _plain_scalar(text), span, text, quoted, {}, raw)

    def block(self, event: Any, text: str, style: str) -> Node:
        """A block begins in the line after its sign; its indentation is that of its first line."""
        mark = event.start_mark
        line = self.lines[mark.line + 1] if mark.line + 1 < len(self.lines) else ""
        indent = len(line) - len(line.lstrip())
        folds = self.folds(mark.line + 1, event.end_mark.line, text) if style == ">" else ()
        span = replace(self.place(mark.line + 2, indent + 1, text.strip()), margin=indent, folds=folds)
        return Node(text, span, text, quoted=True)

    def folds(self, first: int, end: int, text: str) -> tuple[tuple[int, int], ...]:
        """Where each line after the first begins, in the folded text and in the file."""
        folds, position = [], 0
        for number, line in enumerate(self.lines[first:end]):
            words = line.split()
            if not words:
                return ()  # a blank line is a line break of its own: places stay those of the first line
            start = text.find(words[0], position)
            if number and start >= 0:
                folds.append((start, line.index(words[0]) + 1))
            position = max(start, position)
            position += len(line.strip()) if number else 0
        return tuple(folds)


def _plain_scalar(text: str) -> str | bool | Decimal | None:
    if text in ("", "null", "~"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if text[0].isalpha() or not _NUMBER.fullmatch(text):
        return text
    try:
        return read_number(text)
    except NotThatType:
        return text
