"""A file that is no YAML, and the line that keeps it from being: quotes, spaces and brackets that people leave out.

Loaded when something is wrong. What YAML's parser reports stands often lines below the slip, so lines are mended, from
the reported one upwards, until the file can be read, or is wrong further down only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ordain.engine.errors import Issue, Span
from ordain.engine.replacement import Replacement

_LINES_ABOVE = 12
_FAR_QUOTES = 4
"""How many open quotes further above are tried: a text of several lines has one, too, and is right."""
_KEY = r"[A-Za-z_][\w .()/-]*?"
_BLOCK = re.compile(rf"(\s*(?:- +)*)({_KEY}):(\s+)(.*?)\s*$")
_FLOW = re.compile(rf"(?<=[{{,]) *({_KEY}): +")
_TIGHT = re.compile(rf"(\s*(?:- +)*)({_KEY}):([^\s:].*)$")
_NEEDS_QUOTES = re.compile(
    r"[>|@`%&*!\]]|[-?] |\[[^\]]*\.\.[^\[\]]*[)\]\[]|\([^()]*\.\.[^()]*\]|[\[(].*[)\]].|\{[^{},:]*\} *[^\s,}\]]"
)
_SIGNS = re.compile(r"[^\w\s\"']+|.")
_WHY_QUOTES = {"[": "a range", "(": "a range", "]": "a range"}
_PART = r'(?:"[^"{}\\]*"|[^\W\d]\w*)'
_COMMAS = re.compile(r"\d+(,\d+)+(\.\d+)?")
_DECIMAL_FACTOR = re.compile(r"[\w .()*/+-]*[*/+-] *\d+,\d+")
FailsAt = Callable[[str], int]
"""The line in which a text stops being YAML; 0 when all of it is."""


@dataclass(frozen=True, slots=True)
class _Slip:
    """What stands at `start` of a line, what to write instead, and what is wrong with it."""

    start: int
    old: str
    new: str
    message: str


def slip(file: str, text: str, line: int, fails_at: FailsAt) -> Issue | None:
    """The slip that keeps `text` from being YAML in `line`, as far as the parser can tell; None when none is found."""
    lines = text.splitlines(keepends=True)
    last = min(line, len(lines))
    near = range(last, max(0, line - _LINES_ABOVE - 1), -1)
    # A quote that is never closed takes in everything up to the next quote, however far below that is.
    far = [number for number in range(near.stop, 0, -1) if _is_left_open(lines[number - 1])][:_FAR_QUOTES]
    for number in (*near, *far):
        for found in _slips(lines[number - 1].rstrip("\r\n")):
            edit = Replacement(file, number, found.start + 1, found.old, found.new)
            try:
                left = fails_at(edit.applied(text))
            except ValueError:
                continue
            if not left or left > max(line, number):
                place = Span(file, number, found.start + 1, found.old.strip())
                return Issue(found.message, f"write `{found.new.strip()}`", place, code="yaml", replacements=(edit,))
    return None


def _is_left_open(line: str) -> bool:
    block = _BLOCK.fullmatch(line.rstrip("\r\n"))
    return block is not None and block[4][:1] in ("'", '"') and block[4].count(block[4][0]) == 1


def _slips(line: str) -> Iterator[_Slip]:
    if line.lstrip(" ").startswith("\t") or (line[:1].isspace() and "\t" in line[: len(line) - len(line.lstrip())]):
        indent = line[: len(line) - len(line.lstrip())]
        yield _Slip(0, line, indent.replace("\t", "  ") + line.lstrip(), "the line is indented with a tab")
    if match := _TIGHT.fullmatch(line):
        whole = f"{match[2]}:{match[3]}"
        message = f"there is no space after the colon of `{match[2]}`"
        yield _Slip(match.start(2), whole, f"{match[2]}: {match[3]}", message)
    block = _BLOCK.fullmatch(line)
    if block is not None and block[2] == "because" and (text := _as_template(block[4])):
        yield _Slip(block.start(4), block[4], f'"{text}"', "a reason is one text, with the values in braces")
    for start, value in _values(line):
        yield from _of_value(start, value)
    for opened, closed in ("{}", "[]", "()"):
        if line.count(opened) == line.count(closed) + 1:
            at = line.rindex(opened)
            yield _Slip(at, line[at:], line[at:].rstrip() + closed, f"the `{opened}` is never closed")


def _values(line: str) -> Iterator[tuple[int, str]]:
    """Each value of a line with its place; of `{...}` those of its entries."""
    block = _BLOCK.fullmatch(line)
    if block is not None:
        yield block.start(4), block[4]
    keys = list(_FLOW.finditer(line))
    for number, key in enumerate(keys):
        end = keys[number + 1].start() - 1 if number + 1 < len(keys) else len(line)
        value = line[key.end() : end]
        if number + 1 == len(keys):
            value = _without_end(value)
        yield key.end(), value


def _without_end(value: str) -> str:
    """The last value of a `{...}` without the braces that close the latter; those of its own stay."""
    value = value.rstrip()
    while value.endswith("}") and value.count("}") > value.count("{"):
        value = value[:-1].rstrip()
    return value


def _of_value(start: int, value: str) -> Iterator[_Slip]:
    quote = value[:1] if value[:1] in ("'", '"') else ""
    if not quote and value[:1] not in ("{", "") and value.endswith(("'", '"')) and value.count(value[-1]) == 1:
        yield _Slip(start, value, value[-1] + value, f"the quote after `{value[:-1]}` is never opened")
    if not quote:
        if _NEEDS_QUOTES.match(value):
            signs = _SIGNS.match(value)
            what = _WHY_QUOTES.get(value[0], f"a text that begins with `{signs[0] if signs else value[0]}`")
            yield _Slip(start, value, _quoted(value), f"{what} has to stand in quotes")
        elif value[:1] == "[" and "]" not in value:
            yield _Slip(start, value, value + "]", "the `[` is never closed")
        elif value[:1] in ("{", "["):
            return
        elif " #" in value:
            yield _Slip(start, value, _quoted(value), "` #` begins a comment, which ends the text")
        elif ": " in value:
            yield _Slip(start, value, _quoted(value), "a text that contains `: ` has to stand in quotes")
        elif re.search("[,\"'{}]", value):
            yield _Slip(
                start, value, _quoted(value), "a text with commas, quotes or braces has to stand in quotes here"
            )
        return
    if value.count(quote) == 1:
        yield _Slip(start, value, value + quote, f"the quote before `{value[1:]}` is never closed")
    elif value.endswith(quote):
        message = f"the quote inside of the text ends it: `{_first(value, quote)}`"
        yield _Slip(start, value, _quoted(value[1:-1]), message)
    else:
        yield _Slip(start, value, _quoted(value), f"the text goes on after its quotes: `{_first(value, quote)}`")


def torn(last: Span, raw: str, key: Span, rest: str) -> Issue:
    """The finding about a text with a comma that stands in `{...}` without quotes, where the comma ends it.

    `raw` is the part of it that counts as its value, at `last`; `rest` is what became a key without a value, at `key`.
    """
    one_line = key.line == last.line
    whole = f"{raw}{', ' if not one_line or key.column - last.column - len(raw) > 1 else ','}{rest}"
    written = [_quoted(whole)]
    if _DECIMAL_FACTOR.fullmatch(whole):
        written = [whole.replace(",", ".")]
    elif _COMMAS.fullmatch(whole):
        digits, point = whole.replace(",", ""), whole.replace(",", ".", 1)
        thousands = len(whole.partition(".")[0].rpartition(",")[2]) == 3
        written = [digits] if thousands else [point]
        if thousands and whole.count(",") == 1 and "." not in whole:
            written.append(point)
    place = replace(last, text=whole) if one_line else key
    edits = (Replacement(place.file, place.line, place.column, whole, new) for new in written if one_line)
    shown = f"`{written[0]}`" + (f", or `{written[1]}` if the comma is the decimal sign" if len(written) > 1 else "")
    message = f"inside `{{...}}` the comma after `{raw}` ends its text"
    return Issue(message, f"write {shown}", place, code="torn-text", replacements=tuple(edits))


def _as_template(value: str) -> str:
    """`"x is " + x` as the template that says the same; "" for what is no such sum."""
    parts = re.findall(_PART, value)
    if value[:1] != '"' or len(parts) < 2 or not re.fullmatch(rf"{_PART}(?: *[+&] *{_PART})+", value):
        return ""
    return "".join(part[1:-1] if part[0] == '"' else f"{{{part}}}" for part in parts)


def _first(value: str, quote: str) -> str:
    """What YAML takes for the whole text."""
    return value[: value.index(quote, 1) + 1]


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'
