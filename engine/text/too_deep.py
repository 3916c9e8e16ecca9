"""A line that stands further right than it belongs: found by giving it the place of one above it.

Loaded when something is wrong. Of a whole section the line of its key is moved alone, as what stands below it may be
indented as far as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.limits import LIMITS
from ordain.engine.replacement import Replacement

_KEYED = re.compile(r"( *)((?:- +)*)([A-Za-z_][\w .()/-]*?):(?=\s|$)")


@dataclass(frozen=True, slots=True)
class _Move:
    """A key's line further left: where it would stand, as a hint, and the edit."""

    key: str
    hint: str
    edit: Replacement

    def issue(self, code: str) -> Issue:
        edit = self.edit
        place = Span(edit.file, edit.line, len(edit.old) - len(self.key) + 1, self.key)
        return Issue(f"`{self.key}` is indented too deep", self.hint, place, code=code, replacements=(edit,))


def moves(file: str, lines: Sequence[str], number: int) -> Iterator[_Move]:
    """The places to the left of a line's key, where keys above it begin; the nearest one first."""
    found = _KEYED.match(lines[number - 1])
    if found is None or found[2] or not found[1]:
        return
    deep, left = len(found[1]), dict[int, str]()
    for line in reversed(lines[: number - 1]):
        above = _KEYED.match(line)
        start = 0 if above is None else above.start(3)
        if above is not None and start < deep:
            left.setdefault(start, above[3])
            deep = min(deep, len(above[1]) + 1)  # what is deeper than this line above belongs to another part
        if not start and above is not None:
            break
    for start, key in sorted(left.items(), reverse=True):
        edit = Replacement(file, number, 1, found[1] + found[3], " " * start + found[3])
        yield _Move(found[3], f"move it left, to where `{key}` begins" if start else "move it to the left margin", edit)


def too_deep(file: str, text: str, line: int, is_read: Callable[[str], bool]) -> Issue | None:
    """The finding that the key in a line is what keeps a text from being read; None when that does not mend it."""
    lines = text.splitlines()
    if line > len(lines) or len(text) > LIMITS.reread_characters:
        return None
    return next((each.issue("yaml") for each in moves(file, lines, line) if is_read(each.edit.applied(text))), None)


def without_too_deep(
    file: str, text: str, issues: Sequence[Issue], check: Callable[[bytes], Sequence[Issue]]
) -> list[Issue]:
    """The findings about a file's shape, those that come of one line too deep as one.

    `check` finds them in a text; it raises PolicyError for one that is no YAML.
    """
    lines, before = text.splitlines(), _said(issues)
    tried = 0
    for number in _lines_of(issues, lines) if len(text) <= LIMITS.reread_characters else ():
        for move in moves(file, lines, number):
            tried += 1
            if tried > LIMITS.tried_readings:
                return list(issues)
            try:
                left = check(move.edit.applied(text).encode())
            except PolicyError:
                continue
            if _said(left) < before:
                return sorted([move.issue("structure"), *left], key=_place)
    return list(issues)


def _lines_of(issues: Iterable[Issue], lines: Sequence[str]) -> Iterator[int]:
    """The lines that the findings are about, and the keys above each that it stands below; each line once."""
    seen: dict[int, None] = {}
    for span in (issue.span for issue in issues if issue.span is not None):
        depth = None
        for number in range(min(span.line, len(lines)), 0, -1):
            found = _KEYED.match(lines[number - 1])
            if found is not None and (depth is None or found.start(3) < depth):
                depth = found.start(3)
                seen.setdefault(number)
            if depth == 0:
                break
    yield from seen


def _said(issues: Iterable[Issue]) -> frozenset[tuple[str, str]]:
    return frozenset((issue.code, issue.message) for issue in issues)


def _place(issue: Issue) -> tuple[int, int]:
    return (issue.span.line, issue.span.column) if issue.span is not None else (0, 0)
