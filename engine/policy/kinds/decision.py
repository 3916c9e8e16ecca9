"""Kind `decision`: tables and formulas, as they are."""

from __future__ import annotations

from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, TABLE, TYPE, read_table
from ordain.engine.policy.model import Formula
from ordain.engine.policy.reasons import reason_of
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema

FORMULA: Schema = {
    "type": "object",
    "required": ["gives", "formula"],
    "additionalProperties": False,
    "properties": {"gives": TYPE, "formula": EXPRESSION, "because": BECAUSE},
}
SECTIONS: Schema = {
    "decides": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"if": {"required": ["formula"]}, "then": FORMULA, "else": TABLE},
        "description": "decisions by name, each a table or a formula; a later one may read an earlier one",
    }
}
REQUIRED = ("decides",)


def lower(draft: Draft, node: Node) -> None:
    """Adds each part of `decides` as it is written: a table, or a formula of the type in `gives`.

    Raises nothing: findings go to `draft.issues`, and a part with one is added as broken, so that what reads it is
    not found wrong as well.
    """
    for name, part in node["decides"].items():
        draft.name(name, node["decides"].keys[name])
        if part.get("formula") is None:
            table = read_table(draft, name, part)
            draft.add(table) if table is not None else draft.broken(name)
            continue
        gives = draft.type(part["gives"])
        formula = draft.formula(part["formula"], gives)
        if formula is None:
            draft.broken(name)
            continue
        because = reason_of(draft, name, gives, part.get("because"))
        draft.add(Formula(name, formula, gives, part["formula"].span, because.text, told=because.told))
