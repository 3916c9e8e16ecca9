"""Texts that end at a `#` which was meant to stand in them: for YAML a comment begins there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ordain.engine.errors import Issue, Level, PolicyError, Span
from ordain.engine.replacement import Replacement
from ordain.engine.text.scalars import scalar
from ordain.engine.text.source import Node, parse

_ONE_SPACE = re.compile(rb"[^\s] #")


def cut_texts(text: bytes, file: str) -> Iterator[Issue]:
    """`cut-text`: a text without quotes, and one space after it a `#`.

    With two spaces, as `ordain fmt` writes them, it is a comment and nothing else. Of a single word only a `#` with
    something close behind it is told.
    """
    if not _ONE_SPACE.search(text):
        return
    try:
        root = parse(text, file)
    except PolicyError:
        return
    lines = text.decode("utf-8-sig").splitlines()
    for node in _texts(root):
        last, at = _end(node)
        line = lines[last - 1] if last <= len(lines) else ""
        behind = line[at:].rstrip()
        if not behind.startswith(" #") or not (" " in node.text or behind[2:3].strip()):
            continue
        message = f"the text ends before `{behind.strip()[:40]}`: ` #` begins a comment"
        one_line = last == node.span.line
        whole = scalar(node.raw + behind, words_only=True) if one_line else ""
        hint = (
            f"write `{whole}` if it belongs to the text, or put two spaces before the comment"
            if whole
            else ("put the text in quotes if it belongs to it, or put two spaces before the comment")
        )
        edits = [Replacement(file, last, node.span.column, node.raw + behind, whole)] if whole else []
        edits.append(Replacement(file, last, at + 1, behind, " " + behind))
        place = Span(file, last, at + 2, behind[1:])
        yield Issue(message, hint, place, code="cut-text", level=Level.WARNING, replacements=tuple(edits))


def _texts(node: Node) -> Iterator[Node]:
    """Every text without quotes."""
    if isinstance(node.value, dict | list):
        for part in node.value.values() if isinstance(node.value, dict) else node.value:
            yield from _texts(part)
    elif isinstance(node.value, str) and node.raw and not node.quoted:
        yield node


def _end(node: Node) -> tuple[int, int]:
    """The line in which a text ends, and how many columns of it come before its end."""
    lines = node.raw.splitlines()
    if len(lines) == 1:
        return node.span.line, node.span.column - 1 + len(node.raw)
    return node.span.line + len(lines) - 1, len(lines[-1])
