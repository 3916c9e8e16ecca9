"""The rules of a table, each on one line in brackets: the same keys begin in the same column."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from ordain.engine.text.layout.document import WIDTH, Flow, Scalar
from ordain.engine.text.layout.flow import one_line
from ordain.engine.text.layout.scalar_style import word

Row = dict[str, tuple[str, Scalar | Flow]]
"""By key: the key as it is written, and its value."""


def aligned(rows: Sequence[Flow], column: int) -> list[str] | None:
    """Each row as one line with its keys below each other, as many as the width allows; None: none does.

    From the left: where not all columns fit, the last ones follow closely.
    """
    as_rows = [_row(row) for row in rows]
    order = _order(as_rows)
    if order is None:
        return None
    for padded in range(len(order), -1, -1):
        lines = _lines(as_rows, order, padded)
        if all(column + len(line) <= WIDTH for line in lines):
            return lines
    return None


def _row(flow: Flow) -> Row:
    return {key.value: (word(key), value) for key, value, _ in flow.items if key is not None}


def _order(rows: Sequence[Row]) -> list[str] | None:
    """One order of all keys that agrees with each row's own; None where there is none."""
    after: dict[str, set[str]] = {}
    for row in rows:
        keys = list(row)
        for number, key in enumerate(keys):
            after.setdefault(key, set()).update(keys[number - 1 : number])
    try:
        return list(TopologicalSorter({key: sorted(before) for key, before in after.items()}).static_order())
    except CycleError:
        return None


def _lines(rows: Sequence[Row], order: Sequence[str], padded: int) -> list[str]:
    """The rows in braces; the first `padded` columns have one width, the others follow closely."""
    cells = {key: _cells(rows, key) for key in order}
    widths = {key: max(map(len, cells[key])) + 2 for key in order[:padded]}
    lines = []
    for number, row in enumerate(rows):
        line, left = "", len(row)
        for key in order:
            if not left:
                break
            left -= key in row
            text = cells[key][number]
            line += f"{text}, ".ljust(widths.get(key, 0)) if text and left else text.ljust(widths.get(key, 0))
        lines.append("{" + line.rstrip(" ") + "}")
    return lines


def _cells(rows: Sequence[Row], key: str) -> list[str]:
    """What stands at a key in each row; mappings are aligned in themselves."""
    given = [row.get(key) for row in rows]
    inner = [value for each in given if each is not None and isinstance(value := each[1], Flow)]
    texts: dict[int, str] = {}
    if len(inner) == sum(each is not None for each in given) and all(flow.kind == "map" for flow in inner):
        as_rows = [_row(flow) for flow in inner]
        order = _order(as_rows)
        if order is not None:
            lines = _lines(as_rows, order, len(order))
            texts = dict(zip((n for n, each in enumerate(given) if each is not None), lines, strict=True))
    pieces = []
    for number, each in enumerate(given):
        pieces.append("" if each is None else f"{each[0]}: {texts.get(number) or one_line(each[1])}")
    return pieces
