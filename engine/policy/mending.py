"""From a finding about a text to what should stand there: readings of the text that are right are the hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ordain.engine.errors import Issue, Span
from ordain.engine.limits import LIMITS
from ordain.engine.policy.written_otherwise import Reading, distinct
from ordain.engine.replacement import Replacement
from ordain.engine.text.scalars import scalar
from ordain.engine.text.source import Node

_LISTS = ("the values: ", "the functions: ")
"""How hints begin that list what there is, which stays of use beside what to write."""
_SAID = re.compile(r"(?:did you mean|write|FEEL compares with one sign: write) `([^`]+)`\??")


def mended(
    issues: list[Issue], node: Node, readings: Iterable[Reading], is_right: Callable[[str], bool]
) -> list[Issue]:
    """The findings about the text of `node`; when one of its readings is right, one finding that says to write it.

    What the hints themselves say is tried too, so that an editor can offer it.
    """
    right: list[Reading] = []
    said = dict(_said(issues, node))
    for number, (reading, when) in enumerate(distinct(iter(said.items()), iter(readings))):
        if number >= LIMITS.tried_readings or len(right) == 2:
            break
        if reading != node.text and is_right(reading) and (not right or when):
            right.append((reading, when))
    if not right:
        return issues
    first = issues[0]
    if first.span is not None and first.span.text == right[0][0] != node.text:
        # "`250` does not fit here: write `250`" would tell nobody that what stands around it has to go.
        first = replace(first, message=f"`{node.text}` is not as policies write it", span=node.span)
    edits = [(edit, when) for reading, when in right if (edit := rewritten(node, reading)) is not None]
    replacements = tuple(edit for edit, _ in edits)
    if right[0][0] in said and len(right) == 1 and _SAID.fullmatch(first.hint):
        return [replace(first, replacements=replacements)]
    shown = [
        _shown(node, reading) + (f" if {when}" if when and (number or len(right) == 1) else "")
        for number, (reading, when) in enumerate(right)
    ]
    hint = f"write {', or '.join(shown)}"
    if first.hint.startswith(_LISTS):
        hint = f"{hint}; {first.hint}"
    return [replace(first, hint=hint, replacements=replacements)]


def rewritten(node: Node, text: str) -> Replacement | None:
    """The edit that makes a scalar say `text`, in quotes where it needs them; None for one of several lines."""
    if not node.raw or "\n" in node.raw or "\r" in node.raw:
        return None
    quote = node.raw[0] if node.quoted else ""
    new = scalar(text, like="'" if quote and '"' in text else quote)
    return Replacement(node.span.file, node.span.line, node.span.column - len(quote), node.raw, new)


def at_span(span: Span, new: str) -> tuple[Replacement, ...]:
    """The edit that puts `new` where a key or another word without quotes stands."""
    return (Replacement(span.file, span.line, span.column, span.text, new),)


def _shown(node: Node, text: str) -> str:
    """The new text for the hint, with its quotes when they have to change too."""
    edit = rewritten(node, text)
    if edit is None or (node.quoted and edit.new == f"{node.raw[0]}{text}{node.raw[0]}"):
        return f"`{text}`"
    return f"`{edit.new}`"


def _said(issues: list[Issue], node: Node) -> Iterator[Reading]:
    """The text with what the hints say put in the place that they are about."""
    for issue in issues[:3]:
        span, said = issue.span, _SAID.fullmatch(issue.hint)
        if said is None or span is None or span.line != node.span.line or not span.text:
            continue
        at = span.column - node.span.column
        if node.text[at : at + len(span.text)] == span.text:
            yield node.text[:at] + said[1] + node.text[at + len(span.text) :], ""
