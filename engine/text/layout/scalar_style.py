"""One scalar written anew: quotes only where something needs them, folded texts within the width."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ordain.engine.text.layout.document import STEP, WIDTH, Scalar

_PLAIN = re.compile(r"[^\W\d_](?:[\w .'/()%;+*=<>!-]|[^\x00-\x7f])*")
_TEXT = "tag:yaml.org,2002:str"
_ODD = ("y", "n", "yes", "no", "on", "off", "null", "true", "false")
"""Words that some reader of YAML takes for something else than text."""


class Kept(str):
    """A line after which no empty line may be added: it would be part of the text."""

    __slots__ = ()


def word(scalar: Scalar) -> str:
    """A scalar on one line: as written, but without quotes that nothing needs, and else in double ones."""
    value = scalar.value
    if scalar.line != scalar.end_line:
        return _quoted(value) if scalar.style else value
    if scalar.style not in ("'", '"'):
        return scalar.raw
    if is_plain(value):
        return value
    if scalar.style == '"' and "\\" in scalar.raw:
        return scalar.raw
    return _quoted(value)


def _quoted(value: str) -> str:
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'


def is_plain(text: str) -> bool:
    """Whether a text means the same without quotes, wherever it stands and whoever reads it."""
    if not _PLAIN.fullmatch(text) or not text.isprintable() or text.endswith(" ") or text.lower() in _ODD:
        return False
    resolver: Any = yaml.SafeLoader
    known = resolver.yaml_implicit_resolvers
    return not any(
        tag != _TEXT and pattern.match(text) for tag, pattern in [*known.get(text[0], ()), *known.get(None, ())]
    )


def lines_of(scalar: Scalar, indent: int, column: int) -> list[str]:
    """The lines of a scalar of a block collection at `indent`; the first begins at `column` and has no margin."""
    if scalar.block:
        return _block_lines(scalar, indent)
    if scalar.line == scalar.end_line:
        return [word(scalar)]
    margin = " " * (indent + STEP)
    lines: list[str] = []
    for line in scalar.raw.splitlines():
        text = line.strip(" \t")
        if text.endswith("\\"):
            text = line.lstrip(" \t")  # the space behind it may be the one that it stands for
        room = WIDTH - (len(margin) if lines else column)
        lines.extend(_within(text, room, WIDTH - len(margin), scalar.style == '"'))
    return [lines[0], *(margin + line if line else "" for line in lines[1:])]


def _block_lines(scalar: Scalar, indent: int) -> list[str]:
    """Both kinds of block scalars; the header keeps its signs, its comment is written by others."""
    head, *rest = scalar.raw.splitlines()
    header = head.split("#")[0].strip()
    explicit = next((int(sign) for sign in header if sign.isdigit()), 0)
    keeps = "+" in header
    margin = max(scalar.margin, 0) + explicit if explicit else _margin(rest)
    body = []
    for line in rest:
        text = line[margin:] if line.strip() or len(line) > margin else ""
        body.extend(_within(text, WIDTH - indent - STEP, WIDTH - indent - STEP) if scalar.style == ">" else [text])
    while body and not keeps and not body[-1]:
        body.pop()
    if explicit:
        header = header.replace(str(explicit), str(STEP))
    lines = [header, *(" " * (indent + STEP) + text if text else "" for text in body)]
    return [*lines[:-1], Kept(lines[-1])] if keeps else lines


def _margin(lines: list[str]) -> int:
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)


def _within(text: str, first: int, width: int, escapes: bool = False) -> list[str]:
    """A line of a folded text in lines no longer than `width`, broken where one space stands between words."""
    lines: list[str] = []
    room = first
    while len(text) > room and not text.startswith((" ", "\t")):
        at = next((i for i in range(room, 0, -1) if _breaks(text, i, escapes)), 0) or next(
            (i for i in range(room, len(text)) if _breaks(text, i, escapes)), 0
        )
        if not at:
            break
        lines.append(text[:at])
        text, room = text[at + 1 :], width
    return [*lines, text]


def _breaks(text: str, at: int, escapes: bool) -> bool:
    if text[at] != " " or not text[:at].strip() or not text[at + 1 :].strip():
        return False
    return text[at - 1] not in " \t" and text[at + 1] not in " \t" and not (escapes and text[at - 1] == "\\")
