"""Kind `bounds`: a price kept between limits.

Each limit becomes a small table that moves the price to its bound when the price lies beyond it, so that a limit
that bites is a rule that fired. Limits named in `if limits conflict` are applied last, the strongest at the very
end, so that it wins; where intervals overlap the order makes no difference. Limits that are not named must be met
by the result together, otherwise there is no price (PricingConstraintViolation). Rounding never crosses a limit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Arithmetic, Comparison, Expr, Literal, Logic, Name, call
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.claims import Claim, Holds
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.rounding import ROUND, money_of, read_rounding, rounded
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, ID, unique_ids
from ordain.engine.policy.model import Because, Formula, HitPolicy, Output, Requirement, Rule, Table
from ordain.engine.policy.reasons import reason
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import FLAG, NUMBER, TEXT, Type

_WITHIN = r"^(.+) percent of (.+)$"
_LIMIT: Schema = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": ID,
        "at least": {**EXPRESSION, "description": "the lowest price"},
        "at most": {**EXPRESSION, "description": "the highest price"},
        "within": {"type": "string", "pattern": _WITHIN, "description": "for example: 10 percent of current_price"},
        "if": {**EXPRESSION, "description": "when the limit counts; always, if left out"},
        "because": BECAUSE,
    },
}
SECTIONS: Schema = {
    "bounds": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "required": ["starts from", "limits", "round"],
            "additionalProperties": False,
            "properties": {
                "starts from": EXPRESSION,
                "limits": {"type": "array", "minItems": 1, "items": _LIMIT},
                "if limits conflict": {
                    "type": ["string", "array"],
                    "items": {"type": "string"},
                    "description": "the limits that win, the strongest first; others must not conflict",
                },
                "round": ROUND,
            },
        },
        "description": "prices by name: where each starts from, its limits, its rounding",
    },
}
REQUIRED = ("bounds",)


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of one limit. `sign` is the comparison by which a price lies beyond it: `<` or `>`."""

    id: str
    limit: str
    sign: str
    value: Expr
    condition: Expr | None
    because: Because
    span: Span

    def beyond(self, price: Expr) -> Expr:
        """Whether `price` breaks this bound."""
        broken = Comparison(self.span, self.sign, price, self.value)
        return broken if self.condition is None else Logic(self.span, "and", (self.condition, broken))


def lower(draft: Draft, node: Node) -> None:
    """Adds, for each price of `bounds`, a table for every limit and a formula of its name that rounds what is left.

    Prices have the type and unit of `starts from`, in that currency's units; `within` counts in percent of an
    expression. Raises nothing: findings go to `draft.issues`, and then the price is not added.
    """
    for name, part in node["bounds"].items():
        draft.name(name, node["bounds"].keys[name])
        _lower_price(draft, name, part)


def _lower_price(draft: Draft, name: str, node: Node) -> None:
    start, rounding = draft.formula(node["starts from"], NUMBER), read_rounding(draft, node["round"])
    unique_ids(draft, node["limits"])
    money = money_of(start) if start is not None else NUMBER
    bounds = [bound for limit in node["limits"].nodes() for bound in _bounds(draft, limit, money)]
    strongest = _strongest(draft, node)
    if start is None or rounding is None or draft.issues:
        return
    _refuse_crossed_constants(draft, [bound for bound in bounds if bound.limit not in strongest])
    bounds = [_named(draft, name, bound, money) for bound in bounds]
    weak = [bound for bound in bounds if bound.limit not in strongest]
    strong = sorted((b for b in bounds if b.limit in strongest), key=lambda b: -strongest.index(b.limit))
    price = start.tree
    for bound in weak:
        price = _clamp(draft, f"{name} after {bound.id}", bound, price, money)
    for bound in weak if len(weak) > 1 else ():
        message = f"the limits {', '.join(sorted({b.limit for b in weak}))} leave no price between them"
        _require(draft, f"{name} {bound.id}", _not(bound.beyond(price)), message, bound.span)
    for bound in strong:
        price = _clamp(draft, f"{name} after {bound.id}", bound, price, money)
    if strong and len(bounds) > 1:
        _name_those_that_yield(draft, name, bounds, price)
    _round(draft, name, node["round"].span, price, bounds, rounding, money)
    _claim_limits(draft, name, node["round"].span, bounds, strongest)


def _bounds(draft: Draft, node: Node, money: Type) -> list[Bound]:
    """The sides of a limit: one for `at least` or `at most`, two for `within`."""
    identity, span = node["id"].text, node["id"].span
    condition = draft.formula(node["if"], FLAG) if node.get("if") else None
    because = reason(draft, node.get("because"))
    kinds = [key for key in ("at least", "at most", "within") if node.get(key)]
    if len(kinds) != 1:
        draft.fault(span, f"the limit `{identity}` needs one of `at least`, `at most` or `within`", code="limits")
        return []
    given = node[kinds[0]]
    when = condition.tree if condition is not None else None
    if kinds[0] != "within":
        value = draft.formula(given, money)
        sign = "<" if kinds[0] == "at least" else ">"
        return [Bound(identity, identity, sign, value.tree, when, because, given.span)] if value is not None else []
    match = re.fullmatch(_WITHIN, given.text)
    if match is None:
        return []
    percent, of = (
        draft.formula(Node(text, given.span.inside(1, start + 1, text), text), want)
        for text, start, want in ((match[1], match.start(1), NUMBER), (match[2], match.start(2), money))
    )
    if percent is None or of is None:
        return []
    part = Arithmetic(given.span, "*", of.tree, percent.tree)
    share = Arithmetic(given.span, "/", part, Literal(given.span, Decimal(100), type=NUMBER))
    sides = []
    for side, sign, op in (("lowest", "<", "-"), ("highest", ">", "+")):
        edge = Arithmetic(given.span, op, of.tree, share)
        sides.append(Bound(f"{identity}-{side}", identity, sign, edge, when, because, given.span))
    return sides


def _named(draft: Draft, name: str, bound: Bound, money: Type) -> Bound:
    """The bound with its value as a decision of its own: calculated once, and to be read in the trace."""
    if bound.condition is not None or isinstance(bound.value, Name | Literal):
        return bound
    value = draft.checked(bound.value)
    if value is None:
        return bound
    decision = f"{name} {bound.id}"
    draft.add(Formula(decision, value, money, bound.span), given=False)
    return replace(bound, value=Name(bound.span, decision))


def _strongest(draft: Draft, node: Node) -> list[str]:
    named = node.get("if limits conflict")
    known = {limit["id"].text for limit in node["limits"].nodes()}
    for part in named.nodes() if named is not None else ():
        if part.text not in known:
            draft.fault(
                part.span,
                f"this price has no limit `{part.text}`",
                f"known: {', '.join(sorted(known))}",
                code="limits",
            )
    return list(named.texts()) if named is not None else []


def _refuse_crossed_constants(draft: Draft, bounds: Sequence[Bound]) -> None:
    """A floor above a ceiling, both spelled out by the policy, is found when it is loaded."""
    fixed = [(bound, _constant(draft, bound.value)) for bound in bounds if bound.condition is None]
    for floor, low in fixed:
        for ceiling, high in fixed:
            if floor.sign == "<" and ceiling.sign == ">" and low is not None and high is not None and low > high:
                message = f"`{floor.id}` at {low} is above `{ceiling.id}` at {high}: no price fits"
                draft.fault(floor.span, message, "swap them, or say which wins in `if limits conflict`", code="limits")


def _constant(draft: Draft, node: Expr) -> Decimal | None:
    value = node.value if isinstance(node, Literal) else None
    if isinstance(node, Name) and node.name in draft.constants:
        value = draft.constants[node.name][1]
    return value if isinstance(value, Decimal) else None


def _clamp(draft: Draft, name: str, bound: Bound, price: Expr, money: Type) -> Expr:
    """Adds the table that moves the price to the bound; gives the name of its result."""
    condition, moved, same = draft.checked(bound.beyond(price)), draft.checked(bound.value), draft.checked(price)
    if condition is None or moved is None or same is None:
        return price
    rule = Rule(bound.id, (), condition, (moved,), bound.because.text, bound.span, told=bound.because.told)
    table = Table(name, (), (Output("", money),), HitPolicy.FIRST, (rule,), bound.span, (same,))
    draft.add(table, given=False)
    return Name(bound.span, name)


def _name_those_that_yield(draft: Draft, name: str, bounds: Sequence[Bound], price: Expr) -> None:
    """Adds the table that names every limit that the price does not keep because a stronger one won."""
    rules = []
    for bound in bounds:
        condition = draft.checked(bound.beyond(price))
        if condition is not None:
            gives = check(Literal(bound.span, bound.id, type=TEXT), {})
            because = f"The limit `{bound.limit}` gives way to a stronger one."
            rules.append(Rule(f"{bound.id}-yields", (), condition, (gives,), because, bound.span, derived=True))
    outputs = (Output("", TEXT),)
    table = Table(f"{name} conflicts", (), outputs, HitPolicy.COLLECT, tuple(rules), bounds[0].span)
    draft.add(table, given=False)


def _round(
    draft: Draft, name: str, at: Span, price: Expr, bounds: Sequence[Bound], how: tuple[str, Decimal], money: Type
) -> None:
    """Rounds as asked, but the other way where that would cross a limit that the exact price keeps."""
    function, step = how
    nearest = draft.checked(rounded(price, function, step, at))
    if nearest is None:
        return
    draft.add(Formula(f"{name} rounded", nearest, money, at), given=False)
    result = Name(at, f"{name} rounded")
    rules = []
    for sign, other, identity in ((">", "floor", "rounded-down"), ("<", "ceiling", "rounded-up")):
        crossed = _any([_crossed(b, price, result) for b in bounds if b.sign == sign], at)
        gives = draft.checked(rounded(price, other, step, at))
        condition = draft.checked(crossed) if crossed is not None else None
        if condition is not None and gives is not None:
            because = "Rounding to the nearest step would have crossed a limit."
            rules.append(Rule(identity, (), condition, (gives,), because, at, derived=True))
    same = draft.checked(result)
    if same is not None:
        draft.add(Table(name, (), (Output("", money),), HitPolicy.FIRST, tuple(rules), at, (same,)))
    for bound in bounds:
        message = f"no multiple of {step} lies between the limits"
        kept = _not(_crossed(bound, price, Name(at, name)))
        _require(draft, f"{name} {bound.id} after rounding", kept, message, bound.span)


def _claim_limits(draft: Draft, name: str, at: Span, bounds: Sequence[Bound], strongest: Sequence[str]) -> None:
    """That no price leaves its limits, but where a stronger one wins: what is to be proved of every customer."""
    price = Name(at, name)
    for bound in bounds:
        stronger = strongest[: strongest.index(bound.limit)] if bound.limit in strongest else strongest
        yields = _any([each.beyond(bound.value) for each in bounds if each.limit in stronger], bound.span)
        kept = _not(bound.beyond(price))
        condition = draft.checked(kept if yields is None else Logic(bound.span, "or", (kept, yields)))
        if condition is not None:
            but = f", unless {' or '.join(f'`{each}`' for each in stronger)} leaves no room for it" if stronger else ""
            text = f"`{name}` is never beyond its limit `{bound.id}`{but}"
            draft.claims.append(Claim(text, Holds(condition), bound.span, derived=True))


def _crossed(bound: Bound, exact: Expr, result: Expr) -> Expr:
    """Whether the rounded price breaks a bound that the exact price keeps."""
    return Logic(bound.span, "and", (bound.beyond(result), _not(bound.beyond(exact))))


def _not(condition: Expr) -> Expr:
    return call(condition.span, "not", condition)


def _any(conditions: Sequence[Expr], span: Span) -> Expr | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Logic(span, "or", tuple(conditions))


def _require(draft: Draft, identity: str, condition: Expr, because: str, span: Span) -> None:
    checked: Checked | None = draft.checked(condition)
    if checked is not None:
        draft.must_hold.append(Requirement(identity, checked, because, span, derived=True))
