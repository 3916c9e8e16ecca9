"""How an amount came about: from where it started to what was answered, one line for each thing that moved it.

The lines follow the rules as they were on the day. A decision that passes a price on adds no line; a rule that fired
adds the difference that it made; a sum of products, such as `base * (1 + a * x + b * y)`, is taken apart into what
each fact of it added. What has another shape is one line, so nothing is told that was not calculated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from enum import StrEnum
from typing import Any

from ordain.engine.evaluate import Plan
from ordain.engine.feel.syntax.tree import Arithmetic, Call, Expr, Literal, Name, Negate, Path
from ordain.engine.policy.model import Decision, Formula, Policy, Table
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import step_of

Json = dict[str, Any]
Said = Mapping[tuple[str, str], str]
"""By decision and rule, the words of each reason; a formula's by its name and ""."""

_MOST_TERMS = 32
"""A product of sums with more terms than a person reads is one line."""
_NOISE = Decimal("1E-28")
"""What a sum may differ by, as a share of it, because quotients have 34 digits and were added in another order."""
_ROUNDING = (
    *("round half up", "round half down", "round half even", "round up", "round down"),
    *("decimal", "ceiling", "floor"),
)


class Moved(StrEnum):
    """What a line is about: where the amount starts, a fact, a rule or formula, rounding."""

    START = "start"
    FACT = "fact"
    RULE = "rule"
    CALCULATED = "calculated"
    ROUNDED = "rounded"


@dataclass(frozen=True, slots=True)
class Line:
    """`after` is the amount with this line; `facts` are the names it comes from; `reason` names rule and decision."""

    moved: Moved
    after: Decimal
    facts: tuple[str, ...] = ()
    because: str = ""
    reason: tuple[str, str | None] | None = None


def waterfalls(plan: Plan, trace: list[Json], facts: Mapping[str, Any], reasons: Sequence[Json] = ()) -> Iterator[Json]:
    """For each amount of the outcome that others do not lead to: `{"of", "currency", "lines", "through"}`.

    A line is `{"moved", "facts", "because", "change", "after"}`, its amounts as decimal strings in the currency's
    steps, so that they add up as shown; the first one's change is where it starts. `through` are the decisions that the
    amount came through, itself included: outputs among them say nothing more beside it. `reasons` are those on record,
    whose words are told; without one, those of the policy.
    """
    said = {(reason["decision"], reason.get("rule", "")): reason.get("because") or "" for reason in reasons}
    chains = _Chains(plan, trace, facts, said)
    made = {}
    for name, type in plan.gives.items():
        if type.is_money and (lines := chains.of(name, None)):
            made[name] = lines, frozenset(chains.seen)
    for name, (lines, through) in made.items():
        if not any(name in others for other, (_, others) in made.items() if other != name):
            type = plan.gives[name]
            yield {
                "of": name,
                "currency": type.unit,
                "lines": list(_shown(lines, _step(lines, step_of(type)))),
                "through": sorted(through),
            }


def _step(lines: list[Line], step: Decimal) -> Decimal | None:
    """The step that lines are told in; None where the amount that was answered, or one before it, does not fit it."""
    try:
        stepped = [NUMBERS.quantize(line.after, step) for line in lines]
    except DecimalException:  # more digits than a number has
        return None
    return step if stepped[-1] == lines[-1].after else None


def _shown(lines: list[Line], step: Decimal | None) -> Iterator[Json]:
    """The lines that moved the amount, in the steps of its currency; the first one always."""
    before: Decimal | None = None
    for line in lines:
        after = line.after if step is None else NUMBERS.quantize(line.after, step)
        change = after if before is None else NUMBERS.subtract(after, before)
        if change or before is None:
            told: Json = {"moved": str(line.moved), "change": f"{change:f}", "after": f"{after:f}"}
            told |= {"facts": list(line.facts)} if line.facts else {}
            told |= {"because": line.because} if line.because else {}
            if line.reason is not None:
                told |= {"decision": line.reason[0]} | ({"rule": line.reason[1]} if line.reason[1] else {})
            yield told
        before = after


class _Chains:
    """Follows an amount back through the decisions of a plan. `seen` are the decisions of the last one followed."""

    def __init__(self, plan: Plan, trace: list[Json], facts: Mapping[str, Any], said: Said) -> None:
        self._said = said
        self._decisions: dict[str, tuple[Policy, Decision]] = {
            decision.name: (compiled.policy, decision)
            for compiled in plan.policies
            for decision in compiled.policy.decisions
        }
        self._steps = {step["decision"]: step for step in trace if "decision" in step}
        self._facts = facts
        self.seen: set[str] = set()

    def of(self, name: str, member: str | None) -> list[Line]:
        """The lines of a decision's value, the last one ending at it; none when it cannot be followed."""
        self.seen = set()
        try:
            return self._of(name, member)
        except (KeyError, TypeError, ValueError, ArithmeticError, DecimalException):
            return []

    def _of(self, name: str, member: str | None) -> list[Line]:
        self.seen.add(name)
        policy, decision = self._decisions[name]
        value = _number(_member(self._steps[name]["gives"], member))
        if isinstance(decision, Formula):
            return self._of_formula(policy, decision, value)
        return self._of_table(decision, member, value)

    def _of_table(self, table: Table, member: str | None, value: Decimal) -> list[Line]:
        place = 0 if table.single else [output.name for output in table.outputs].index(str(member))
        fired = self._steps[table.name].get("fired") or []
        before = self._before(table.otherwise[place].tree) if table.otherwise is not None else []
        if not fired:
            return before if before and before[-1].after == value else [Line(Moved.CALCULATED, value)]
        rules = [rule for rule in table.rules if rule.id in fired]
        reason = (table.name, rules[0].id if len(rules) == 1 else None)  # of several, what each gave is not on record
        told = (self._said.get((table.name, rule.id), rule.because) for rule in rules)
        because = " ".join(text for text in told if text)
        if rules[0].derived and not because:
            return [*before, Line(Moved.ROUNDED, value, reason=reason)]
        moved = Moved.RULE if before else Moved.START
        return [*before, Line(moved, value, because=because, reason=reason)]

    def _before(self, tree: Expr) -> list[Line]:
        """The lines of what an expression takes over unchanged: a decision, a member of one, a fact."""
        match tree:
            case Name(name=name) if name in self._decisions:
                return self._of(name, None)
            case Path(base=Name(name=name), name=member) if name in self._decisions:
                return self._of(name, member)
            case Name(name=name) if name in self._facts:
                return [Line(Moved.START, self._fact(name), (name,))]
        return []

    def _of_formula(self, policy: Policy, formula: Formula, value: Decimal) -> list[Line]:
        because = self._said.get((formula.name, ""), formula.because)
        inner, is_rounded = _unrounded(formula.expression.tree)
        if lines := self._before(inner):
            moved = Moved.ROUNDED if is_rounded else Moved.CALCULATED
            same = lines[-1].after == value
            return lines if same else [*lines, Line(moved, value, because=because)]
        reason = (formula.name, None)
        if lines := self._taken_apart(policy, inner):
            calculated = Line(Moved.CALCULATED, value, (), because, reason)
            rest = Line(Moved.ROUNDED, value) if is_rounded else calculated
            if abs(NUMBERS.subtract(value, lines[-1].after)) <= abs(NUMBERS.multiply(value, _NOISE)):
                return [*lines[:-1], replace(lines[-1], after=value)]
            return [*lines, rest]
        earlier = [name for name in formula.expression.reads if self._leads(name)]
        facts = tuple(name for name in formula.expression.reads if name in self._facts)
        if len(earlier) == 1:
            return [*self._of(earlier[0], None), Line(Moved.CALCULATED, value, facts, because, reason)]
        return [Line(Moved.START, value, facts, because, reason)]

    def _leads(self, name: str) -> bool:
        """Whether a name is an earlier decision that gives an amount."""
        known = self._decisions.get(name)
        if known is None:
            return False
        decision = known[1]
        return decision.type.is_money

    def _taken_apart(self, policy: Policy, tree: Expr) -> list[Line]:
        """A sum of products, one line for the facts of each, the one that all products share first; else nothing."""
        products = _products(tree)
        if products is None or len(products) > _MOST_TERMS:
            return []
        names = [frozenset(name for name in _names(product) if name in self._facts) for product in products]
        if any(not each.settled(self._facts, policy.constants) for each in products):
            return []
        shared = frozenset.intersection(*names) if names else frozenset()
        sums: dict[frozenset[str], Decimal] = {frozenset(): Decimal(0)} if shared in names else {}
        for product, read in zip(products, names, strict=True):
            of = read - shared
            amount = product.value(lambda name: self._value(policy, name))
            sums[of] = NUMBERS.add(sums.get(of, Decimal(0)), amount)
        lines: list[Line] = []
        after = Decimal(0)
        for of, amount in sums.items():
            after = NUMBERS.add(after, amount)
            first = not lines
            lines.append(Line(Moved.START if first else Moved.FACT, after, tuple(sorted(of or shared))))
        return lines

    def _value(self, policy: Policy, name: str) -> Decimal:
        return _number(policy.constants[name][1]) if name in policy.constants else self._fact(name)

    def _fact(self, name: str) -> Decimal:
        return _number(self._facts[name])


@dataclass(frozen=True, slots=True)
class _Product:
    """`over` times `1 / under`, with a sign: factors are names and numbers."""

    sign: int
    over: tuple[Name | Literal, ...]
    under: tuple[Name | Literal, ...] = ()

    def settled(self, facts: Mapping[str, Any], constants: Mapping[str, Any]) -> bool:
        """Whether each name of it is a fact that is known, or a constant."""
        return all(name in constants or facts.get(name) is not None for name in _names(self))

    def value(self, of: Callable[[str], Decimal]) -> Decimal:
        amount = Decimal(self.sign)
        for factor in self.over:
            amount = NUMBERS.multiply(amount, _factor(factor, of))
        for factor in self.under:
            amount = NUMBERS.divide(amount, _factor(factor, of))
        return amount


def _names(product: _Product) -> Iterator[str]:
    return (factor.name for factor in (*product.over, *product.under) if isinstance(factor, Name))


def _factor(factor: Name | Literal, of: Callable[[str], Decimal]) -> Decimal:
    return of(factor.name) if isinstance(factor, Name) else _number(factor.value)


def _products(tree: Expr) -> list[_Product] | None:
    """What a tree of + - * / is the sum of; None when it has another part, or more products than a person reads."""
    match tree:
        case Name() | Literal():
            return [_Product(1, (tree,))]
        case Negate(operand=operand):
            return _times(_products(operand), [_Product(-1, ())])
        case Arithmetic(op="+" | "-" as op, left=left, right=right):
            one, other = _products(left), _products(right)
            if op == "-":
                other = _times(other, [_Product(-1, ())])
            return None if one is None or other is None else one + other
        case Arithmetic(op="*", left=left, right=right):
            return _times(_products(left), _products(right))
        case Arithmetic(op="/", left=left, right=Name() | Literal() as right):
            return _times(_products(left), [_Product(1, (), (right,))])
    return None


def _times(one: list[_Product] | None, other: list[_Product] | None) -> list[_Product] | None:
    if one is None or other is None or len(one) * len(other) > _MOST_TERMS:
        return None
    return [_Product(a.sign * b.sign, a.over + b.over, a.under + b.under) for a in one for b in other]


def _unrounded(tree: Expr) -> tuple[Expr, bool]:
    """What a tree rounds, and whether it does: `f(x, digits)`, or `f(x / unit, 0) * unit`."""
    match tree:
        case Call(arguments=(value, *_)) if tree.called in _ROUNDING:
            return value, True
        case Arithmetic(op="*", left=Call(arguments=(Arithmetic(op="/", left=value), *_)) as inner, right=Literal()):
            if inner.called in _ROUNDING:
                return value, True
    return tree, False


def _member(value: Any, member: str | None) -> Any:
    return value if member is None else value[member]


def _number(value: Any) -> Decimal:
    if isinstance(value, Mapping):
        value = value["amount"]
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError("no number")
    return Decimal(value)
