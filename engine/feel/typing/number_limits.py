"""Comparisons of a number with one that its limits do not allow: such a test always holds, or never."""

from __future__ import annotations

from decimal import Decimal

from ordain.engine.errors import Issue, Level, Span
from ordain.engine.feel.syntax.tree import Expr, Input
from ordain.engine.feel.typing.rule_base import Checking
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Kind, Limits, Type

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CENT = Decimal("0.01")


class WithinLimits(Checking):
    def possible(self, op: str, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> None:
        """Notes a comparison of a limited number with a fixed one that can come out one way only."""
        if fixed(other) is None:
            op, left, one, right, other = _TURNED.get(op, op), right, other, left, one
        value, limits = fixed(other), one.limits
        if value is None or limits is None or one.kind is not Kind.NUMBER or fixed(one) is not None:
            return
        if op in ("=", "!="):
            inside: Limits = Limits(value, value)
        elif op in ("<", "<="):
            inside = Limits(None, value, high_open=op == "<")
        else:
            inside = Limits(value, None, low_open=op == ">")
        turned = op == "!="
        self.enclosed(left, limits, inside, span, turned=turned)

    def enclosed(self, node: Expr, limits: Limits, inside: Limits, span: Span, *, turned: bool = False) -> None:
        """Notes that a number of these limits is never, or always, among those of `inside`."""
        never, always = apart(limits, inside), within(limits, inside)
        # A test that the tool itself made, as for a limit of a price, stands where its number stands.
        made = span == node.span and not isinstance(node, Input)
        if made or not (never or always):
            return
        answer = "always" if never == turned else "never"
        message = f"`{span.text}` is {answer} true: {self.subject(node)} is {describe_limits(limits)}"
        self.note(Issue(message, _hint(limits, inside), span, code="out-of-range", level=Level.WARNING))


def fixed(type: Type) -> Decimal | None:
    """The one value that a number can have: that of a literal or a constant."""
    limits = type.limits
    return limits.low if limits is not None and limits.low is not None and limits.low == limits.high else None


def apart(limits: Limits, inside: Limits) -> bool:
    """Whether no number is within both."""
    return _below(limits, inside) or _below(inside, limits)


def _below(one: Limits, other: Limits) -> bool:
    if one.high is None or other.low is None:
        return False
    return one.high < other.low or (one.high == other.low and (one.high_open or other.low_open))


def within(limits: Limits, inside: Limits) -> bool:
    """Whether all that the limits allow is inside, with a written bound that lies beyond them.

    A bound at the limit itself, as in `share <= 1`, says no more than the limits do, and is no mistake.
    """
    low = inside.low is None or (limits.low is not None and inside.low < limits.low)
    high = inside.high is None or (limits.high is not None and inside.high > limits.high)
    low_at = low or (inside.low == limits.low and (limits.low_open or not inside.low_open))
    high_at = high or (inside.high == limits.high and (limits.high_open or not inside.high_open))
    beyond = (low and inside.low is not None) or (high and inside.high is not None)
    return low_at and high_at and beyond


def describe_limits(limits: Limits) -> str:
    """`between 0 and 1`, `above 0 and at most 100`, `at least 0`."""
    if None not in (limits.low, limits.high) and not limits.low_open and not limits.high_open:
        return f"between {limits.low:f} and {limits.high:f}"
    low = "" if limits.low is None else f"{'above' if limits.low_open else 'at least'} {limits.low:f}"
    high = "" if limits.high is None else f"{'below' if limits.high_open else 'at most'} {limits.high:f}"
    return " and ".join(side for side in (low, high) if side)


def _hint(limits: Limits, inside: Limits) -> str:
    numbers = list(dict.fromkeys(end for end in (inside.low, inside.high) if end is not None))
    if limits.high == 1 and limits.low is not None and limits.low >= 0 and any(1 < end <= 100 for end in numbers):
        shares = [f"{end:f} percent is {_share(end):f}" for end in numbers if 1 < end <= 100]
        return " and ".join(shares)
    return f"compare it with a number that is {describe_limits(limits)}"


def _share(percent: Decimal) -> Decimal:
    share = NUMBERS.divide(percent, Decimal(100))
    exponent = share.as_tuple().exponent
    return share.quantize(_CENT, context=NUMBERS) if isinstance(exponent, int) and exponent > -2 else share
