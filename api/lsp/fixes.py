"""What a finding's hint says to write instead, as an edit that a program can make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ordain.api.limits import LIMITS
from ordain.api.lsp.text_lines import Lines
from ordain.engine.errors import Issue, quoted

_MEANT = re.compile(r"did you mean `([^`]+)`\?")


@dataclass(frozen=True, slots=True)
class Fix:
    """`new` stands from `start` to `end` afterwards; `title` says so to people."""

    title: str
    start: int
    end: int
    new: str


def fixes(issue: Issue, text: str) -> Iterator[Fix]:
    """The edits that mend a finding, each by itself, the likeliest first; none where only a person can decide."""
    span = issue.span
    if span is None:
        return
    lines = Lines(text)
    for each in issue.replacements:
        start = lines.counted(each.line, each.column)
        if each.file == span.file and text.startswith(each.old, start):
            yield Fix(_title(each.old, each.new), start, start + len(each.old), each.new)
    if issue.replacements:
        return
    if (meant := _MEANT.search(issue.hint)) is None or not (wrong := _wrong_word(issue)):
        return
    start = lines.counted(span.line, span.column)
    found = text.find(wrong, start, lines.end_of_line(start))
    if found >= 0:
        yield Fix(_title(wrong, meant[1]), found, found + len(wrong), meant[1])


def _title(old: str, new: str) -> str:
    if not new:
        return f"Remove {_shown(old)}"
    return f"Write {_shown(new)} instead of {_shown(old)}" if old else f"Insert {_shown(new)}"


def _shown(text: str) -> str:
    """A text of the file in backticks, its beginning when it is long."""
    most = LIMITS.given_characters
    return quoted(text if len(text) <= most else f"{text[:most]} ...")


def _wrong_word(issue: Issue) -> str:
    """The word that the message quotes first; what is underlined must hold it."""
    quoted = re.search(r"`([^`]+)`", issue.message)
    underlined = issue.span.text if issue.span is not None else ""
    if quoted is not None and (not underlined or quoted[1] in underlined):
        return quoted[1]
    return underlined
