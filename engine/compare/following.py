"""Which computed comparison follows from another: the same sides, with another number or length of time in one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Arithmetic, Comparison, Expr, Literal
from ordain.engine.values.types import Value

_RISES = {"+": True, "-": False}
"""Whether a side grows with what is added to it, or taken from it."""


def follows(one: Expr, other: Expr) -> bool:
    """Whether wherever `one` holds `other` does too, as far as their texts say: `a < b + 30` and `a < b + 60`.

    False where nothing is known.
    """
    first, second = _border(one), _border(other)
    if first is None or second is None or first[:3] != second[:3]:
        return False
    (_, _, rises, before), after = first, second[3]
    if type(before) is not type(after):
        return False
    return bool(before <= after if rises else before >= after)


def _border(node: Expr) -> tuple[str, str, bool, Value] | None:
    """A comparison as its sign, the text of both sides without the value, whether it holds the more the greater the
    value is, and the value: a number or a length of time."""
    if not isinstance(node, Comparison) or node.op not in ("<", "<=", ">", ">="):
        return None
    right = node.right
    rises = node.op in ("<", "<=")
    if isinstance(right, Arithmetic) and right.op in _RISES and isinstance(right.right, Literal):
        value, side = right.right.value, f"{printed(right.left)} {right.op}"
        rises = rises == _RISES[right.op]
    elif isinstance(right, Literal):
        value, side = right.value, ""
    else:
        return None
    if isinstance(value, bool) or not isinstance(value, Decimal | dt.timedelta):
        return None
    return node.op, f"{printed(node.left)} {node.op} {side}", rises, value
