"""The outputs of rules, compared without deciding: literals by value, everything else by its text."""

from __future__ import annotations

from collections.abc import Hashable

from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Table

Part = tuple[bool, str, Hashable]
"""Of one output: whether it is written out, the class of its value, and the value or the text that computes it."""
Row = tuple[Part, ...]


def row(gives: tuple[Checked, ...]) -> Row:
    """What a rule gives, as its plan has it, in a form that can be compared."""
    parts: list[Part] = []
    for part in gives:
        tree = part.tree
        if isinstance(tree, Literal) and isinstance(tree.value, Hashable):
            parts.append((True, type(tree.value).__name__, tree.value))
        else:
            parts.append((False, "", printed(tree)))
    return tuple(parts)


def differ(one: Row, other: Row) -> bool | None:
    """Whether two rows differ; None: that is known only when they are decided."""
    pairs = list(zip(one, other, strict=True))
    if any(a != b and a[0] and b[0] for a, b in pairs):
        return True
    return None if any(a != b for a, b in pairs) else False


def rank(table: Table, gives: tuple[Checked, ...]) -> tuple[int, ...] | None:
    """The place of each output among its declared values, the highest priority first; None when one is computed."""
    places = []
    for output, part in zip(table.outputs, gives, strict=True):
        if not output.priorities:
            continue
        if not isinstance(part.tree, Literal) or part.tree.value not in output.priorities:
            return None
        places.append(output.priorities.index(part.tree.value))
    return tuple(places)
