"""How money is rounded: `half up to 0.01`, as an expression that FEEL's own functions make."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Arithmetic, Expr, Literal, Name, call
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import NUMBER, Type

ROUND: Schema = {
    "type": "string",
    "pattern": r"^(half up|half down|half even|up|down) to [0-9]+(\.[0-9]+)?$",
    "description": "for example `half up to 0.01`: half up, half down, half even, up or down, and the smallest step",
}
_FUNCTIONS = {
    "half up": "round half up",
    "half down": "round half down",
    "half even": "decimal",
    "up": "ceiling",
    "down": "floor",
}


def read_rounding(draft: Draft, node: Node) -> tuple[str, Decimal] | None:
    """The function and the step that a `round` section names."""
    match = re.fullmatch(r"(half up|half down|half even|up|down) to ([0-9.]+)", node.text)
    if match is None or not Decimal(match[2]):
        draft.fault(
            node.span,
            f"`{node.text}`: the rounding step must be above 0",
            "for example: half up to 0.01",
            code="rounding",
        )
        return None
    return _FUNCTIONS[match[1]], Decimal(match[2])


def money_of(start: Checked) -> Type:
    """The type of a price that starts from this: in its currency, where that is known."""
    kept = start.type.is_money or isinstance(start.tree, Name)
    return replace(NUMBER, unit=start.type.unit if kept else "")


def rounded(value: Expr, function: str, step: Decimal, span: Span) -> Expr:
    """`value` rounded by a FEEL function to a multiple of `step`."""
    digits = -step.adjusted()
    if step == Decimal(1).scaleb(-digits, context=NUMBERS):
        return call(span, function, value, Literal(span, Decimal(digits), type=NUMBER))
    unit = Literal(span, step, type=NUMBER)
    steps = call(span, function, Arithmetic(span, "/", value, unit), Literal(span, Decimal(0), type=NUMBER))
    return Arithmetic(span, "*", steps, unit)
