"""Every scalar of a YAML text with the keys that lead to it and where it stands, as far as the text can be read.

A text that is being typed is seldom YAML. A line that keeps the rest from being read is taken as empty, so that what
stands above and below it is known still.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from ordain.api.limits import LIMITS
from ordain.api.lsp.offsets import offsets_of
from ordain.api.lsp.text_lines import Lines

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPENED = re.compile("flow|quoted|simple key")
"""What was begun in the line that YAML's parser calls the context, and has no end there."""
_BEGINNINGS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_SINGLE = (yaml.ScalarEvent, yaml.AliasEvent)
Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True)
class Scalar:
    """A key or a value. `path` leads to the value, or to that of the key. `start` and `end` hold its quotes too."""

    path: Path
    is_key: bool
    start: int
    end: int
    style: str
    value: str
    flow: bool
    whole: str = field(repr=False)
    """The text that it stands in."""

    @cached_property
    def offsets(self) -> list[int]:
        """Where each character of `value` stands in the text, and where the last one ends; empty if it is not known."""
        return offsets_of(self.whole, self.start, self.end, self.style, self.value)

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Where a part of `value` stands in the text; the whole scalar when that is not known."""
        if not self.offsets:
            return self.start, self.end
        begin = self.offsets[first]
        return (begin, self.offsets[last - 1] + self._width(last - 1)) if last > first else (begin, begin)

    def _width(self, at: int) -> int:
        """How long the character at a position of `value` is as it is written: an escape is longer than one."""
        start, after = self.offsets[at], self.offsets[at + 1]
        return 1 if any(map(str.isspace, self.whole[start:after])) else after - start

    def position(self, index: int) -> int:
        """The position in `value` of what stands at an index of the text."""
        return max(0, min(bisect_right(self.offsets, index) - 1, len(self.value)))

    @property
    def inner(self) -> tuple[int, int]:
        """What stands between the quotes; of a block all of it."""
        quotes = 1 if self.style in ("'", '"') and self.style else 0
        return self.start + quotes, max(self.start + quotes, self.end - quotes)


class Layout:
    """`scalars` in the order of the text; `ends` is how far the collection at each path reaches. `mended` is what was
    read: the text, with a line of spaces for each that could not be."""

    def __init__(self, text: str) -> None:
        self.text, self.mended = text, text
        self.scalars: list[Scalar] = []
        self.ends: dict[Path, tuple[int, int]] = {}
        for events in self._readings():
            self.scalars, self.ends = [], {}
            self._read(events)

    def _readings(self) -> Iterator[list[Any]]:
        """The events of the text; only the last ones that are given count."""
        lines = Lines(self.text)
        for _ in range(LIMITS.mended_lines + 1):
            events: list[Any] = []
            try:
                events.extend(yaml.parse(self.mended, Loader=_LOADER))
            except yaml.MarkedYAMLError as error:
                if (number := self._spoiling(error, lines)) is None:
                    break
                start, line = lines.starts[number], lines.line(number)
                self.mended = self.mended[:start] + " " * len(line) + self.mended[start + len(line) :]
            except (yaml.YAMLError, RecursionError, UnicodeError):
                break
            else:
                yield events
                return
        yield self._beginning()

    def _beginning(self) -> list[Any]:
        """The events before the first that cannot be read."""
        events: list[Any] = []
        try:
            for event in yaml.parse(self.mended, Loader=_LOADER):
                events.append(event)  # what came before the fault counts
        except (yaml.YAMLError, RecursionError, UnicodeError):
            pass
        return events

    def _spoiling(self, error: yaml.MarkedYAMLError, lines: Lines) -> int | None:
        """The line that is taken as empty next."""
        problem = error.problem_mark or error.context_mark
        if problem is None:
            return None
        number = min(lines.line_of(problem.index), len(lines) - 1)
        if error.context_mark is not None and _OPENED.search(str(error.context)):
            number = lines.line_of(error.context_mark.index)
        now = Lines(self.mended)
        while number >= 0 and not now.line(number).strip():
            number -= 1
        return number if number >= 0 else None

    def _read(self, events: list[Any]) -> None:
        stack: list[_Collection] = []
        for event in events:
            if type(event) in _BEGINNINGS:
                above = stack[-1] if stack else None
                path = above.coming() if above is not None else ()
                kind = type(event) is yaml.MappingStartEvent
                stack.append(_Collection(path, kind, event.start_mark.index, bool(event.flow_style)))
            elif type(event) in _ENDS:
                ended = stack.pop()
                self.ends[ended.path] = (ended.start, event.end_mark.index)
                if stack:
                    stack[-1].came("")
            elif type(event) in _SINGLE:
                self._scalar(event, stack[-1] if stack else None)
        for left in stack:
            self.ends[left.path] = (left.start, len(self.text))

    def _scalar(self, event: Any, inside: _Collection | None) -> None:
        written = type(event) is yaml.ScalarEvent
        value, style = (event.value, event.style or "") if written else ("", "")
        is_key = inside is not None and inside.awaits_key
        path = () if inside is None else ((*inside.path, value) if is_key else inside.coming())
        start, end = event.start_mark.index, event.end_mark.index
        flow = inside is not None and inside.flow
        self.scalars.append(Scalar(path, is_key, start, end, style, value, flow, self.text))
        if inside is not None:
            inside.came(value)

    def at(self, index: int) -> Scalar | None:
        """The scalar that stands at an index, the end of a word counted in."""
        found = None
        for scalar in self.scalars:
            if scalar.start <= index <= scalar.end and (scalar.end > scalar.start):
                found = scalar
            if scalar.start > index:
                break
        return found

    @cached_property
    def _keys(self) -> dict[Path, Scalar]:
        return {scalar.path: scalar for scalar in self.scalars if scalar.is_key}

    @cached_property
    def _values(self) -> dict[Path, Scalar]:
        return {scalar.path: scalar for scalar in self.scalars if not scalar.is_key}

    @cached_property
    def _below(self) -> dict[Path, list[Scalar]]:
        below: dict[Path, list[Scalar]] = {}
        for scalar in self.scalars:
            if scalar.is_key:
                below.setdefault(scalar.path[:-1], []).append(scalar)
        return below

    def key(self, *path: Step) -> Scalar | None:
        return self._keys.get(path)

    def value(self, *path: Step) -> Scalar | None:
        return self._values.get(path)

    def text_at(self, *path: Step) -> str:
        found = self._values.get(path)
        return found.value if found is not None else ""

    def keys_in(self, *path: Step) -> list[Scalar]:
        """The keys of the mapping at a path, in order."""
        return self._below.get(path, [])

    def items(self, *path: Step) -> list[Scalar]:
        """The scalars in the list at a path."""
        found: list[Scalar] = []
        while (item := self._values.get((*path, len(found)))) is not None:
            found.append(item)
        return found


class _Collection:
    """A mapping or list whose end has not come yet."""

    def __init__(self, path: Path, mapping: bool, start: int, flow: bool) -> None:
        self.path, self.mapping, self.start, self.flow = path, mapping, start, flow
        self._key: str | None = None
        self._count = 0

    @property
    def awaits_key(self) -> bool:
        return self.mapping and self._key is None

    def coming(self) -> Path:
        """The path of the value that comes next."""
        return (*self.path, (self._key or "") if self.mapping else self._count)

    def came(self, value: str) -> None:
        if not self.mapping:
            self._count += 1
        elif self._key is None:
            self._key = value
        else:
            self._key = None
