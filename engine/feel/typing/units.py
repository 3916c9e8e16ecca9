"""Units of numbers: what an operation gives, and where two that do not go together meet.

A number without unit fits any. What a unit becomes by `*` and `/` is known where one side has none, where one is a
fraction, where both are alike, for a few conversions (`share * 100` is in percent), and for rates: dollars times
`INR per USD` are rupees, rupees by it dollars, and the other way round is a finding. Elsewhere nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from ordain.engine.errors import Issue, Level, Span
from ordain.engine.feel.functions.entry import Function, KeptUnit
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.rule_base import Checking
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import ANY, Kind, Type

TypeOf = Callable[[Expr], Type]

_ALIKE = {
    **{"probability": "fraction", "share": "fraction", "ratio": "fraction", "%": "percent", "pct": "percent"},
    **{name: f"{name}s" for name in ("minute", "hour", "day", "week", "month", "year")},
}
_MEASURES = {
    **dict.fromkeys(("fraction", "percent"), "share"),
    **dict.fromkeys(("seconds", "minutes", "hours", "days", "weeks", "months", "years"), "time"),
    **dict.fromkeys(("KB", "MB", "GB", "TB"), "data"),
}
_FACTORS = {
    ("fraction", "percent"): (100, 100),
    ("minutes", "seconds"): (60, 60),
    ("hours", "minutes"): (60, 60),
    ("days", "hours"): (24, 24),
    ("weeks", "days"): (7, 7),
    ("months", "days"): (28, 31),
    ("years", "days"): (365, 366),
    ("years", "months"): (12, 12),
    ("MB", "KB"): (1000, 1024),
    ("GB", "MB"): (1000, 1024),
    ("TB", "GB"): (1000, 1024),
}
"""How many of the second unit make one of the first: at least and at most."""


def unit_of(type: Type) -> str:
    """The unit by its one name: `probability` is a fraction, `month` months."""
    return _ALIKE.get(type.unit, type.unit)


def rate_of(type: Type) -> tuple[str, str]:
    """The two units of a rate, `INR per USD`, each by its one name; two empty texts for what is none."""
    top, per, bottom = type.unit.partition(" per ")
    return (_ALIKE.get(top, top), _ALIKE.get(bottom, bottom)) if per and top and bottom else ("", "")


def _measure(type: Type) -> str:
    """What a unit measures; two units of one measure are turned into each other by a factor."""
    return "money" if type.is_money else _MEASURES.get(unit_of(type), type.unit)


class Units(Checking):
    def same_unit(self, what: str, parts: Sequence[tuple[Expr, Type]], span: Span) -> None:
        """Notes a finding when two of the parts are in units that do not go together."""
        known = [(part, of) for part, of in parts if of.unit and of.kind is Kind.NUMBER]
        for (left, one), (right, other) in pairwise(known):
            level = mismatch(left, one, right, other, self.known_type)
            if level is None:
                continue
            mixed = "currencies" if one.is_money and other.is_money else "units"
            sides = f"{self.subject(left)} is {describe_unit(one)} and {self.subject(right)} {describe_unit(other)}"
            message = f"{what} mixes {mixed}: {sides}"
            self.note(Issue(message, unit_hint(left, one, right, other), span, code="unit", level=level))
            return

    def known_type(self, node: Expr) -> Type:
        """The type that a part was given; ANY before that."""
        return self.types.get(id(node), ANY)

    def measured(self, node: tree.Arithmetic, left: Type, right: Type, gives: Type) -> Type:
        """What an operation on two numbers gives, with its unit."""
        if not left.unit and not right.unit:
            return gives
        if node.op in ("+", "-"):
            self.same_unit(f"`{node.op}`", ((node.left, left), (node.right, right)), node.span)
            return replace(gives, unit=_sum(left, right))
        if node.op in ("*", "/") and (turned := self._by_rate(node, left, right)) is not None:
            return replace(gives, unit=turned)
        rule = _product if node.op == "*" else _quotient if node.op == "/" else _no_unit
        return replace(gives, unit=rule(node, left, right, self.known_type))

    def _by_rate(self, node: tree.Arithmetic, left: Type, right: Type) -> str | None:
        """What a number is in once a rate turned it, None where none does. One that is upside down is a finding."""
        sides = [(node.left, left, node.right, right), (node.right, right, node.left, left)]
        for number, one, factor, rate in sides if node.op == "*" else sides[:1]:
            top, bottom = rate_of(rate)
            taken, given = (bottom, top) if node.op == "*" else (top, bottom)
            if not taken or taken == given or rate_of(one) != ("", ""):
                continue
            if unit_of(one) == taken:
                return given
            if unit_of(one) == given:
                verb, other = ("multiplies", "/") if node.op == "*" else ("divides", "*")
                by = f"by a rate in {rate.unit}"
                message = f"`{node.op}` {verb} {self.subject(number)}, which is {describe_unit(one)}, {by}"
                hint = f"write `{number.span.text} {other} {factor.span.text}`, which is in {taken}"
                self.note(Issue(message, hint, node.span, code="unit"))
        return None

    def kept(self, node: tree.Call, function: Function, gives: Type) -> Type:
        """What a function of numbers gives, with their unit."""
        if function.unit is None or gives.kind is not Kind.NUMBER:
            return gives
        parts = node.arguments[:1] if function.unit is KeptUnit.OF_FIRST else node.arguments
        numbers = [(part, _number(self.types[id(part)])) for part in parts if id(part) in self.types]
        self.same_unit(f"`{node.called}`", numbers, node.span)
        unit = next((of.unit for _, of in numbers if of.unit), "")
        return replace(gives, unit=unit) if unit or gives.unit else gives


def mismatch(left: Expr, one: Type, right: Expr, other: Type, of: TypeOf) -> Level | None:
    """How bad it is that two numbers meet; None when they go together, or may.

    A number that was multiplied by one without unit may have been converted by it: a rate of rupees per GB makes
    money. So then only units of one measure are a finding, and with a rate that is no written number, a warning.
    """
    if not one.unit or not other.unit or unit_of(one) == unit_of(other):
        return None
    if one.is_money and other.is_money:
        return Level.ERROR
    rates = [factor for factor, by in _rates(left, of) if not (by.is_money and _amount(factor))]
    rates += [factor for factor, by in _rates(right, of) if not (by.is_money and _amount(factor))]
    if not rates:
        return Level.ERROR
    if _measure(one) != _measure(other):
        return None
    return Level.ERROR if all(_amount(factor) is not None for factor in rates) else Level.WARNING


def unit_hint(left: Expr, one: Type, right: Expr, other: Type) -> str:
    """What to write so that both are in one unit."""
    for node, source, target in ((left, one, other), (right, other, one)):
        text = node.span.text if isinstance(node, tree.Name | tree.Path) else f"({node.span.text})"
        factor = _FACTORS.get((unit_of(source), unit_of(target)))
        if unit_of(source) == "fraction" and factor:
            return f"multiply the {source.unit} by 100"
        if factor and isinstance(node, tree.Input):
            return f"convert {target.unit} to {source.unit} first"
        if factor:
            times = 30 if factor == (28, 31) else factor[0]
            return f"convert {source.unit} to {target.unit}, for example `{text} * {times}`"
    if one.is_money and other.is_money:
        return f"convert one of them with a rate, a fact whose unit is `{one.unit} per {other.unit}`"
    return "convert both to the same unit first"


def _number(type: Type) -> Type:
    return type.item if type.kind is Kind.LIST and type.item is not None else type


def describe_unit(type: Type) -> str:
    """`in INR`, `a probability`."""
    return f"a {type.unit}" if unit_of(type) == "fraction" else f"in {type.unit}"


def _amount(node: Expr) -> Decimal | None:
    """The number that is written there."""
    if isinstance(node, tree.Negate):
        inner = _amount(node.operand)
        return None if inner is None else NUMBERS.minus(inner)
    value = node.value if isinstance(node, tree.Literal) else None
    return value if isinstance(value, Decimal) else None


def _no_unit(node: tree.Arithmetic, left: Type, right: Type, of: TypeOf) -> str:
    return ""


def _sum(left: Type, right: Type) -> str:
    """The unit of a sum. Money and what a rate made money of are money; of other unlike units nothing is known."""
    if not left.unit or not right.unit or unit_of(left) == unit_of(right):
        return left.unit or right.unit
    money = [of.unit for of in (left, right) if of.is_money]
    return money[0] if len(money) == 1 else ""


def _product(node: tree.Arithmetic, left: Type, right: Type, of: TypeOf) -> str:
    if left.unit and right.unit:
        return right.unit if unit_of(left) == "fraction" else left.unit if unit_of(right) == "fraction" else ""
    have, factor = (left, node.right) if left.unit else (right, node.left)
    return _converted(have, _amount(factor)) if _unitless(factor, of) else ""


def _quotient(node: tree.Arithmetic, left: Type, right: Type, of: TypeOf) -> str:
    if left.unit and right.unit:
        return left.unit if unit_of(right) == "fraction" != unit_of(left) else ""
    by = _amount(node.right)
    if not left.unit:
        return _percentage(node.left, of) if by == 100 else ""
    if not _unitless(node.right, of):
        return ""
    return _converted(left, NUMBERS.divide(Decimal(1), by) if by else None)


def _percentage(node: Expr, of: TypeOf) -> str:
    """The unit of `amount * percent`, which is to be divided by 100."""
    if not isinstance(node, tree.Arithmetic) or node.op != "*":
        return ""
    left, right = of(node.left), of(node.right)
    return left.unit if unit_of(right) == "percent" else right.unit if unit_of(left) == "percent" else ""


def _converted(have: Type, factor: Decimal | None) -> str:
    """The unit of so many of a unit as `factor` says: another one where the factor is how one turns into it."""
    if factor is None or not factor:
        return have.unit
    inverse = NUMBERS.divide(Decimal(1), factor)
    for (large, small), (least, most) in _FACTORS.items():
        if large == unit_of(have) and least <= factor <= most:
            return small
        if small == unit_of(have) and Decimal(least) - Decimal("1e-9") <= inverse <= Decimal(most) + Decimal("1e-9"):
            return large
    return have.unit


def _unitless(node: Expr, of: TypeOf) -> bool:
    """Whether a number surely has no unit, rather than one that is not known."""
    if of(node).unit:
        return False
    match node:
        case tree.Literal() | tree.Name() | tree.Input():
            return True
        case tree.Path():
            return of(node.base).kind is Kind.CONTEXT
        case tree.Negate():
            return _unitless(node.operand, of)
        case tree.Arithmetic(op="/") if of(node.left).unit:
            return unit_of(of(node.left)) == unit_of(of(node.right))
        case tree.Arithmetic():
            return _unitless(node.left, of) and _unitless(node.right, of)
        case tree.If():
            return _unitless(node.then, of) and _unitless(node.otherwise, of)
        case tree.Call():
            return all(_unitless(part, of) for part in node.arguments)
    return False


def _rates(node: Expr, of: TypeOf) -> Iterator[tuple[Expr, Type]]:
    """The numbers without unit by which one with unit was multiplied or divided, each with the latter's type."""
    match node:
        case tree.Arithmetic(op="*" | "/"):
            left, right = of(node.left), of(node.right)
            if left.unit and not right.unit:
                yield node.right, left
            elif right.unit and not left.unit:
                yield node.left, right
            yield from _rates(node.left, of)
            yield from _rates(node.right, of)
        case tree.Arithmetic():
            yield from _rates(node.left, of)
            yield from _rates(node.right, of)
        case tree.Negate():
            yield from _rates(node.operand, of)
        case tree.If():
            yield from _rates(node.then, of)
            yield from _rates(node.otherwise, of)
        case tree.Call():
            for part in node.arguments:
                yield from _rates(part, of)
