"""How many digits a number can have before and after its point: what a typed column of a database must hold.

Bounds, computed through an expression from what its facts declare; None where nothing bounds it. A number here has 34
significant digits at the most, and rounding to them never adds one, so that a bound of exact arithmetic holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

from ordain.engine.backends.plan import PlannedFormula, PolicyPlan
from ordain.engine.feel.functions import entry_of
from ordain.engine.feel.functions.entry import ResultDigits
from ordain.engine.feel.syntax.tree import Arithmetic, Call, Expr, If, ListOf, Literal, Name, Negate, Path
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.values.decimals import DIGITS
from ordain.engine.values.types import Kind


@dataclass(frozen=True, slots=True)
class Digits:
    """At most so many digits before the point (`whole`; None: not known) and after it (`scale`)."""

    whole: int | None
    scale: int

    @property
    def precision(self) -> int | None:
        """All digits together; None: not known, or more than a number has."""
        digits = None if self.whole is None else self.whole + self.scale
        return digits if digits is not None and digits <= DIGITS else None

    def hold(self, value: Decimal) -> bool:
        """Whether a number has no more digits."""
        return self.scale >= _scale(value) and (self.whole is None or self.whole >= _whole(value))


Known = Mapping[str, Digits]
"""By the name of a fact, a decision, or a decision and its output with a point between."""


def numbers_of(plan: PolicyPlan, vocabulary: Vocabulary) -> dict[str, Digits]:
    """The digits of each number that a policy reads or decides, where they are known."""
    known = {name: of for name in plan.policy.reads if (of := of_fact(vocabulary[name])) is not None}
    for planned in plan.decisions:
        if isinstance(planned, PlannedFormula):
            if (digits := digits_of(planned.expression.tree, known)) is not None:
                known[planned.formula.name] = digits
            continue
        table = planned.table
        if table.hit_policy.gives_list or table.aggregation or any(rule.missing is not None for rule in table.rules):
            continue
        rows = [rule.gives for rule in planned.rules] + ([planned.otherwise] if planned.otherwise is not None else [])
        for place, output in enumerate(table.outputs):
            digits = _widest(digits_of(row[place].tree, known) for row in rows if not _is_null(row[place].tree))
            if digits is not None:
                known[f"{table.name}.{output.name}" if output.name else table.name] = digits
    return known


def of_fact(fact: Fact) -> Digits | None:
    """What a number fact's `precision` and `range` say."""
    if fact.type.kind is not Kind.NUMBER or fact.precision is None or fact.given_by:
        return None
    limits = fact.limits
    if limits is None or limits.low is None or limits.high is None:
        return Digits(None, fact.precision)
    return Digits(max(_whole(limits.low), _whole(limits.high)), fact.precision)


def digits_of(node: Expr, known: Known) -> Digits | None:
    """The digits of what an expression gives; None: it is no number, or they are not known."""
    match node:
        case Literal(value=Decimal() as value):
            return Digits(_whole(value), _scale(value))
        case Name(name=name):
            return known.get(name)
        case Path(base=Name(name=name), name=output):
            return known.get(f"{name}.{output}")
        case Negate(operand=operand):
            return digits_of(operand, known)
        case If(then=then, otherwise=otherwise):
            return _widest(digits_of(part, known) for part in (then, otherwise) if not _is_null(part))
        case Arithmetic():
            return _arithmetic(node, known)
        case Call():
            return _call(node, known)
        case _:
            return None


def _arithmetic(node: Arithmetic, known: Known) -> Digits | None:
    left, right = digits_of(node.left, known), digits_of(node.right, known)
    if left is None or right is None:
        return None
    if node.op in ("+", "-"):
        whole = None if left.whole is None or right.whole is None else max(left.whole, right.whole) + 1
        return Digits(whole, max(left.scale, right.scale))
    if node.op == "/":
        share = reciprocal(node.right)
        if share is None:
            return None
        right = Digits(_whole(share), _scale(share))
    elif node.op != "*":
        return None
    whole = None if left.whole is None or right.whole is None else left.whole + right.whole
    return Digits(whole, left.scale + right.scale)


def reciprocal(node: Expr) -> Decimal | None:
    """One part of a written number, where that ends: to divide by it is to multiply by this."""
    if not isinstance(node, Literal) or not isinstance(node.value, Decimal) or not node.value:
        return None
    exact = Context(prec=2 * DIGITS, traps=[])
    share = exact.divide(Decimal(1), node.value)
    return None if exact.flags[Inexact] else share.normalize(exact)


def _call(node: Call, known: Known) -> Digits | None:
    entry = entry_of(node)
    if entry is None or entry.digits is None or node.signature is None or node.names:
        return None
    if entry.digits is ResultDigits.ROUNDED:
        scale = node.arguments[1] if len(node.arguments) > 1 else None
        places = Decimal(0) if scale is None else getattr(scale, "value", None)
        of = digits_of(node.arguments[0], known)
        if not isinstance(places, Decimal):
            return None
        whole = None if of is None or of.whole is None else max(of.whole, int(-places)) + 1
        return Digits(whole, max(0, int(places)))
    parts: list[Expr] = []
    for argument in node.arguments:
        parts.extend(argument.items if isinstance(argument, ListOf) else (argument,))
    return _widest(digits_of(part, known) for part in parts)


def _widest(several: Iterable[Digits | None]) -> Digits | None:
    """What holds each of them; None when one is not known, or there is none."""
    wholes: list[int | None] = []
    scales: list[int] = []
    for digits in several:
        if digits is None:
            return None
        wholes.append(digits.whole)
        scales.append(digits.scale)
    if not scales:
        return None
    sure = [whole for whole in wholes if whole is not None]
    return Digits(max(sure) if len(sure) == len(wholes) else None, max(scales))


def _is_null(node: Expr) -> bool:
    return isinstance(node, Literal) and node.value is None


def _whole(value: Decimal) -> int:
    return max(0, value.adjusted() + 1) if value else 0


def _scale(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
