"""Document -> text, in one style: two spaces of indentation, comments where they stood, tables in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ordain.engine.text.layout.document import STEP, WIDTH, Block, Comment, Document, Entry, Flow, Scalar, opened
from ordain.engine.text.layout.flow import flow_lines
from ordain.engine.text.layout.rows import aligned
from ordain.engine.text.layout.scalar_style import Kept, lines_of, word

Sections = Sequence[tuple[Entry, bool]]
"""The entries of the top level in their order; the flag: it belongs to the head, which has no empty lines."""


def write(document: Document, sections: Sections | None) -> str:
    """The text of a document. `sections` are the entries of its root when that is a mapping of its own lines."""
    lines: list[str] = []
    _comments(lines, document.top, 0)
    if sections is None:
        lines.extend(_inline(document.root, 0, 0) or [] if not isinstance(document.root, Block) else [])
    last, last_in_head = 0, False
    for number, (entry, in_head) in enumerate(sections or ()):
        written = _entry(entry, 0)
        blank = written[0] == ""
        written = written[blank:]
        if in_head and number:
            blank = blank and bool(entry.before)
        elif number and (last_in_head or last > 1 or len(written) > 1):
            blank = True
        if blank:
            _gap(lines)
        lines.extend(written)
        last, last_in_head = len(written), in_head
    if isinstance(document.root, Block):
        _comments(lines, document.root.end, 0)
    _comments(lines, document.end, 0)
    return "\n".join(lines) + "\n"


def _gap(lines: list[str]) -> None:
    """One empty line, unless there is one or it would change a text."""
    if lines and lines[-1] != "" and not isinstance(lines[-1], Kept):
        lines.append("")


def _comments(lines: list[str], comments: Iterable[Comment], indent: int) -> None:
    for comment in comments:
        if comment.blank:
            _gap(lines)
        lines.append(" " * indent + comment.text)


def _behind(line: str, comment: Comment | None) -> str:
    """A line with the comment behind it, in the column where it stood if that was further off."""
    if comment is None:
        return line
    indent = len(line) - len(line.lstrip(" -"))
    column = indent + comment.shift if comment.gap > STEP and not comment.own else 0
    return line.ljust(max(column, len(line) + 2)) + comment.text


def _block(block: Block, indent: int) -> list[str]:
    lines: list[str] = []
    rows = _rows(block, indent)
    for number, entry in enumerate(block.entries):
        written = _entry(entry, indent, rows[number] if rows else None)
        lines.extend(written[1:] if written[0] == "" and lines and lines[-1] == "" else written)
    _comments(lines, block.end, indent)
    return lines


def _rows(block: Block, indent: int) -> list[str] | None:
    """The items of a list in columns, when each is a mapping in brackets on one line."""
    rows = []
    for entry in block.entries:
        value = entry.value
        if entry.key is not None or entry.head is not None or entry.between:
            return None
        if not isinstance(value, Flow) or value.kind != "map" or value.fixed or not value.on_one_line:
            return None
        rows.append(value)
    return aligned(rows, indent + STEP)


def _entry(entry: Entry, indent: int, row: str | None = None) -> list[str]:
    """The lines of an entry, comments above it included; an empty one first where one stood before it."""
    lines: list[str] = []
    _comments(lines, entry.before, indent)
    if entry.before[0].blank if entry.before else entry.blank:
        lines.insert(0, "")
    if entry.before and entry.blank:
        _gap(lines)
    sign = " " * indent + (f"{word(entry.key)}:" if entry.key is not None else "-")
    if row is not None:
        return [*lines, _behind(f"{sign} {row}", entry.after)]
    value, after = entry.value, entry.after
    if isinstance(value, Block):
        return [*lines, *_nested(sign, entry.head, value, indent)]
    below = bool(entry.between) or entry.head is not None or _stays_below(entry, value, len(sign) + 1)
    column = indent + STEP if below else len(sign) + 1
    inline = _inline(value, indent, column)
    if inline is None and isinstance(value, Flow):
        block, after = opened(value, replace(after, gap=0) if after is not None else None)
        return [*lines, *_nested(sign, entry.head, _led(block, entry.between), indent)]
    if below:
        lines.append(_behind(sign, entry.head))
        _comments(lines, entry.between, indent + STEP)
        sign = " " * (indent + STEP - 1)
    first, *rest = inline or [""]
    written = [f"{sign} {first}" if first else sign, *rest]
    place = 0 if isinstance(value, Scalar) and value.block else -1
    written[place] = _behind(written[place], after)
    return [*lines, *written]


def _stays_below(entry: Entry, value: Scalar | Flow, column: int) -> bool:
    """Brackets that begin in the line below their key stay there, and so does a text that is long."""
    if entry.key is None or value.line == entry.key.end_line:
        return False
    if isinstance(value, Flow):
        return True
    return not value.block and (value.line != value.end_line or column + len(word(value)) > WIDTH)


def _led(block: Block, comments: tuple[Comment, ...]) -> Block:
    """The block with comments above its first entry."""
    first, *rest = block.entries
    return replace(block, entries=(replace(first, before=(*comments, *first.before)), *rest))


def _nested(sign: str, head: Comment | None, block: Block, indent: int) -> list[str]:
    """A collection below its key; behind its `-`, unless comments stand between."""
    inner = _block(block, indent + STEP)
    first = block.entries[0]
    if sign.endswith("-") and head is None and not first.before:
        inner = inner[1:] if inner[0] == "" else inner
        return [f"{sign} {inner[0][indent + STEP :]}", *inner[1:]]
    return [_behind(sign, head), *inner]


def _inline(value: Scalar | Flow, indent: int, column: int) -> list[str] | None:
    """The lines of a value that begins at `column`, the first without its margin; None: better as a block."""
    if isinstance(value, Flow):
        return flow_lines(value, indent, column)
    return lines_of(value, indent, column)
