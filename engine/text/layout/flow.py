"""Collections in brackets: on one line, over the lines that the writer chose, or refilled where a line is too long."""

from __future__ import annotations

from ordain.engine.text.layout.document import STEP, WIDTH, Flow, Scalar
from ordain.engine.text.layout.scalar_style import word

_SIGNS = {"map": ("{", "}"), "list": ("[", "]")}


def one_line(value: Scalar | Flow) -> str:
    """A value without comments and texts over several lines, on one line."""
    if isinstance(value, Scalar):
        return word(value)
    start, end = _SIGNS[value.kind]
    return start + ", ".join(_items(value)) + end


def _items(flow: Flow) -> list[str]:
    return [item_text(key, value) for key, value, _ in flow.items]


def item_text(key: Scalar | None, value: Scalar | Flow) -> str:
    return one_line(value) if key is None else f"{word(key)}: {one_line(value)}"


def flow_lines(flow: Flow, indent: int, column: int) -> list[str] | None:
    """The lines of a collection in brackets that begins at `column`, the first without its margin.

    None: it does not fit, and is better written as a block.
    """
    if flow.fixed:
        return _moved(flow, column, indent + STEP)
    if flow.on_one_line:
        whole = one_line(flow)
        if column + len(whole) <= WIDTH or not flow.items:
            return [whole]
    else:
        lines = _as_broken(flow, column)
        if all(len(line) <= WIDTH for line in lines[1:]) and column + len(lines[0]) <= WIDTH:
            return lines
    if flow.kind == "map" or any(isinstance(value, Flow) for _, value, _ in flow.items):
        return None
    return _filled(flow, column)


def _moved(flow: Flow, column: int, least: int) -> list[str]:
    """As written; the further lines go left or right with the first."""
    first, *rest = flow.raw.splitlines()
    pieces = [first]
    for line in rest:
        text = line.lstrip(" \t")
        before = len(line) - len(text)
        pieces.append(" " * max(before + column - flow.column, least) + text if text else "")
    return pieces


def _as_broken(flow: Flow, column: int) -> list[str]:
    """A new line where the writer began one, each behind the bracket."""
    groups: list[list[str]] = []
    last = -1
    for text, (_, _, line) in zip(_items(flow), flow.items, strict=True):
        if line != last:
            groups.append([])
        groups[-1].append(text)
        last = line
    return _lined([", ".join(group) for group in groups], _SIGNS[flow.kind], column)


def _filled(flow: Flow, column: int) -> list[str]:
    groups: list[str] = []
    for text in _items(flow):
        # Behind the text stands a comma or the bracket.
        if groups and column + 1 + len(groups[-1]) + 2 + len(text) + 1 <= WIDTH:
            groups[-1] += f", {text}"
        else:
            groups.append(text)
    return _lined(groups, _SIGNS[flow.kind], column)


def _lined(groups: list[str], signs: tuple[str, str], column: int) -> list[str]:
    lines = [group + ("," if number < len(groups) - 1 else signs[1]) for number, group in enumerate(groups)]
    if not lines:
        return ["".join(signs)]
    return [signs[0] + lines[0], *(" " * (column + 1) + line for line in lines[1:])]
