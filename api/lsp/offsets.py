"""Where each character of a YAML scalar's value stands in the file: folded lines, escapes and indentation undone."""

from __future__ import annotations

import re

_HEX = {"x": 2, "u": 4, "U": 8}
_LINE = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_BLANKS = " \t\n\r\x85\u2028\u2029"


def offsets_of(text: str, start: int, end: int, style: str, value: str) -> list[int]:
    """For each character of `value` its index in `text`, and one more for its end; empty when that cannot be told.

    The scalar stands from `start` to `end`, with its quotes or the sign of its block, which `style` is.
    """
    if style in ("|", ">") and style:
        found = _of_block(text, start, end, value)
    elif style in ("'", '"') and style:
        found = _of_flow(text, start + 1, end - 1, style, value)
    else:
        found = _of_flow(text, start, end, "", value)
    return found if len(found) == len(value) + 1 else []


def _of_flow(text: str, at: int, end: int, quote: str, value: str) -> list[int]:
    """A scalar in quotes, or without any: a line break in it is a space, several are one less."""
    places: list[int] = []
    while at < end and len(places) <= len(value):
        sign = text[at]
        if quote == '"' and sign == "\\":
            after = _after_escape(text, at, end)
            if _LINE.match(text, at + 1) is None:
                places.append(at)
            at = after
        elif quote == "'" and sign == "'":
            places.append(at)
            at += 2
        elif sign in _BLANKS:
            after = at
            while after < end and text[after] in _BLANKS:
                after += 1
            breaks = len(_LINE.findall(text, at, after))
            places.extend(range(at, after) if not breaks else [at] * max(1, breaks - 1))
            at = after
        else:
            places.append(at)
            at += 1
    return [*places, end]


def _after_escape(text: str, at: int, end: int) -> int:
    """Where an escape of a text in double quotes ends; one of a line's end takes the next line's indentation too."""
    if (broken := _LINE.match(text, at + 1)) is None:
        return min(end, at + 2 + _HEX.get(text[at + 1 : at + 2], 0))
    at = broken.end()
    while at < end and text[at] in " \t":
        at += 1
    return at


def _of_block(text: str, start: int, end: int, value: str) -> list[int]:
    """A block: each run of spaces and line breaks of the value is one of the file, and all else stands as it is."""
    header = _LINE.search(text, start, end)
    if header is None:
        return []
    at = header.end()
    places: list[int] = []
    while len(places) < len(value):
        first = len(places)
        last = first
        while last < len(value) and value[last] in _BLANKS:
            last += 1
        after = at
        while after < end and text[after] in _BLANKS:
            after += 1
        if last == first:
            if after >= end or text[after] != value[first]:
                return []
            places.append(after)
            at = after + 1
        else:
            places.extend(_of_run(text, at, after, value[first:last]))
            at = after if last < len(value) else at
    return [*places, max(at, places[-1] if places else at)]


def _of_run(text: str, at: int, after: int, run: str) -> list[int]:
    """The places of spaces and line breaks of a value that stand between two words of a file."""
    if _LINE.search(text, at, after) is None:
        return [min(at + number, after) for number in range(len(run))]
    tail = len(run) - 1 - run.rfind("\n") if "\n" in run else 0
    head = [at] * (len(run) - tail)
    return [*head, *range(max(at, after - tail), max(at, after - tail) + tail)]
