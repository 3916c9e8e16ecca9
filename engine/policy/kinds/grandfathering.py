"""Kind `grandfathering`: promises, tried in order; the first that covers the customer sets the price.

It gives `promise`, a context of the promise's id (null: none), the price and until when, and the price itself.
"""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Comparison, Expr, Literal, Logic, Name, Path, call
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.claims import Claim, Holds
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.rounding import money_of
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, ID, SCALAR, unique_ids
from ordain.engine.policy.model import Formula, HitPolicy, Output, Rule, Table
from ordain.engine.policy.reasons import reason
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import DATE, FLAG, NULL, NUMBER, TEXT, Type

SECTIONS: Schema = {
    "price": {
        "type": "object",
        "required": ["gives", "starts from"],
        "additionalProperties": False,
        "properties": {
            "gives": {"type": "string", "description": "the name of the price after promises"},
            "starts from": {**EXPRESSION, "description": "the price when no promise covers the customer"},
        },
        "description": "which price is kept",
    },
    "promises": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["id", "who", "keeps", "until", "because"],
            "additionalProperties": False,
            "properties": {
                "id": ID,
                "who": {**EXPRESSION, "description": "whom the promise covers"},
                "keeps": {**EXPRESSION, "description": "the price they keep"},
                "until": {**SCALAR, "description": "the last day, a date or an expression; null: without end"},
                "because": BECAUSE,
            },
        },
        "description": "tried in order; the first that covers the customer counts",
    },
}
REQUIRED = ("price", "promises")


def lower(draft: Draft, node: Node) -> None:
    """Adds the table `promise` (hit policy first) and the price, a formula named by `gives` in `price`.

    `promise` gives a context: `id` (text, null for none), `price` (type and unit of `starts from`) and `until` (date,
    null for open-ended). A promise holds up to and including its last day, by the day of the decision's own offset.
    Raises nothing: findings go to `draft.issues`, and then nothing is added.
    """
    price = node["price"]
    draft.name(price["gives"].text, price["gives"].span)
    start = draft.formula(price["starts from"], NUMBER)
    unique_ids(draft, node["promises"])
    money = money_of(start) if start is not None else NUMBER
    rules = [_promise(draft, promise, money) for promise in node["promises"].nodes()]
    whole = [rule for rule in rules if rule is not None]
    if start is None or len(whole) < len(rules):
        return
    outputs = (
        Output("id", replace(TEXT, optional=True)),
        Output("price", money),
        Output("until", replace(DATE, optional=True)),
    )
    span = price.span
    none = check(Literal(span, None, type=TEXT), {})
    otherwise = (none, start, none)
    draft.add(Table("promise", (), outputs, HitPolicy.FIRST, tuple(whole), span, otherwise))
    kept = draft.checked(Path(span, Name(span, "promise"), "price"))
    if kept is not None:
        draft.add(Formula(price["gives"].text, kept, money, span))
    _claim_no_rise(draft, price["gives"].text, start.tree, whole, span)


def _claim_no_rise(draft: Draft, gives: str, start: Expr, promises: list[Rule], at: Span) -> None:
    """That a promise never makes a customer pay more than without it: what is to be proved of every customer."""
    for promise in promises:
        holder = Path(at, Name(at, "promise"), "id")
        none = Comparison(at, "=", holder, Literal(at, None, type=NULL))
        other = Comparison(at, "!=", holder, Literal(at, promise.id, type=TEXT))
        no_more = Comparison(at, "<=", Name(at, gives), start)
        condition = draft.checked(Logic(at, "or", (none, other, no_more)))
        if condition is not None:
            text = f"the promise `{promise.id}` never makes `{gives}` higher than it is without a promise"
            draft.claims.append(Claim(text, Holds(condition), promise.span, derived=True))


def _promise(draft: Draft, node: Node, money: Type) -> Rule | None:
    who, keeps = draft.formula(node["who"], FLAG), draft.formula(node["keeps"], money)
    until = draft.output(node["until"], replace(DATE, optional=True))
    if who is None or keeps is None or until is None:
        return None
    span = node["id"].span
    identity = check(Literal(span, node["id"].text, type=TEXT), {})
    condition: Checked | None = who
    if not (isinstance(until.tree, Literal) and until.tree.value is None):
        last = until.tree
        in_time: Expr = Comparison(last.span, "<=", call(last.span, "today"), last)
        if until.type.optional:
            open_ended = Comparison(last.span, "=", last, Literal(last.span, None, type=NULL))
            in_time = Logic(last.span, "or", (open_ended, in_time))
        condition = draft.checked(Logic(who.tree.span, "and", (who.tree, in_time)))
    if condition is None:
        return None
    because = reason(draft, node["because"])
    return Rule(node["id"].text, (), condition, (identity, keeps, until), because.text, span, told=because.told)
