"""Kind `decision`: tables and formulas, as they are."""

from __future__ import annotations

from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.formula_section import FORMULA, read_formula
from ordain.engine.policy.kinds.table_section import TABLE, read_table
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema

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
    """Adds each part of `decides` as it is written: a table, or a formula of what `gives` says.

    Raises nothing: findings go to `draft.issues`, and a part with one is added as broken, so that what reads it is
    not found wrong as well.
    """
    for name, part in node["decides"].items():
        draft.name(name, node["decides"].keys[name])
        read = read_table if part.get("formula") is None else read_formula
        decision = read(draft, name, part)
        draft.add(decision) if decision is not None else draft.broken(name)
