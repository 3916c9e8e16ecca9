"""Kind `pricing`: prices by formula, rounded as the policy says. Money: the result has a unit, its currency."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.rounding import ROUND, read_rounding, rounded
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION
from ordain.engine.policy.model import Formula
from ordain.engine.policy.reasons import reason_of
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import NUMBER

SECTIONS: Schema = {
    "price": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "required": ["formula", "currency", "round"],
            "additionalProperties": False,
            "properties": {
                "formula": EXPRESSION,
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "an ISO 4217 code such as INR"},
                "round": ROUND,
                "because": BECAUSE,
            },
        },
        "description": "prices by name, each with its formula, currency and rounding",
    }
}
REQUIRED = ("price",)


def lower(draft: Draft, node: Node) -> None:
    """Adds each price as a formula: what is written, rounded as `round` says, in the currency's units (ISO 4217).

    Raises nothing: findings go to `draft.issues`, and then the price is not added.
    """
    for name, part in node["price"].items():
        draft.name(name, node["price"].keys[name])
        money = replace(NUMBER, unit=part["currency"].text)
        formula, rounding = draft.formula(part["formula"], money), read_rounding(draft, part["round"])
        if formula is None or rounding is None:
            continue
        span = part["formula"].span
        whole = draft.checked(rounded(formula.tree, *rounding, span))
        if whole is not None:
            because = reason_of(draft, name, money, part.get("because"))
            draft.add(Formula(name, whole, money, span, because.text, told=because.told))
