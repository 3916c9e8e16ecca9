"""Kind `intervention`: tables of what to do for a customer, and how often it may be done.

The limits of a decision, and those over all of several, become rules of its table: see `frequency`.
"""

from __future__ import annotations

from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.frequency import LIMITS, OVERALL, Counting, acts, with_limits
from ordain.engine.policy.kinds.table_section import OUTPUTS, TABLE, read_table
from ordain.engine.policy.model import HitPolicy, Table
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema, key_span

_OTHERWISE = "the outputs when nothing is to be done"
SECTIONS: Schema = {
    "decides": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {**TABLE, "properties": {**TABLE["properties"], "limits": LIMITS}},
        "description": "what is decided: a table, or several with `otherwise` and `limits` of their own",
    },
    "otherwise": {**OUTPUTS, "description": _OTHERWISE},
    "limits": {**LIMITS, "description": "how often at most; of several decisions, over all of them"},
}
REQUIRED = ("decides",)


def lower(draft: Draft, node: Node) -> None:
    """Adds the tables of `decides`, with the limits as rules before theirs, which give what `otherwise` gives.

    Raises nothing: findings go to `draft.issues`, and then the table is not added.
    """
    parts, otherwise = dict(node["decides"].items()), node.get("otherwise")
    if otherwise is not None and len(parts) > 1:
        message = f"one `otherwise` cannot stand for {len(parts)} decisions"
        draft.fault(key_span(node, "otherwise"), message, "write one below the `rules` of each", code="structure")
        otherwise = None
    doing: list[Expr] = []
    for name, part in parts.items():
        draft.name(name, node["decides"].keys[name])
        if part.get("otherwise") is None and otherwise is None:
            missing = f" in `decides.{name}`" if len(parts) > 1 else ""
            place = part.span if missing else node.span
            draft.fault(place, f"`otherwise` is missing{missing}", f"otherwise: {_OTHERWISE}", code="missing-key")
        table = read_table(draft, name, part, otherwise=otherwise)
        limited = None if table is None else _limited(draft, table, part.get("limits"), node, tuple(doing))
        if limited is None:
            draft.broken(name)
            continue
        draft.add(limited)
        if (acting := acts(limited, node["decides"].keys[name])) is not None:
            doing.append(acting)


def _limited(draft: Draft, table: Table, own: Node | None, node: Node, doing: tuple[Expr, ...]) -> Table | None:
    """The table with its own limits and those over all decisions, of which those of `doing` came before it."""
    shared, counted = node.get("limits"), []
    if shared is not None and len(node["decides"].value) == 1:
        if own is not None:
            draft.fault(own.span, "`limits` stands here and for the whole policy", "keep one of them", code="duplicate")
            return None
        own, shared = shared, None
    if shared is not None:
        counted.append((Counting(draft, table, OVERALL, "overall-", doing), shared))
    if own is not None:
        counted.append((Counting(draft, table, table.name), own))
    if counted and table.hit_policy is not HitPolicy.FIRST:
        message = "limits come before all rules, so the table needs `hit policy: first`"
        draft.fault(counted[0][1].span, message, code="hit-policy")
        return None
    whole = with_limits(table, counted)
    written = {id(rule) for rule in table.rules}
    limits = {rule.id for rule in whole.rules if id(rule) not in written}
    for rule in table.rules:
        if rule.id in limits:
            message = f"`{rule.id}` is the name of a limit"
            draft.fault(rule.span, message, "call the rule something else", code="duplicate")
    return whole
