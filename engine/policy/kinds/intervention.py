"""Kind `intervention`: one table of what to do for a customer, and how often it may be done.

`limits: {cooldown: 30 days, at most: 3 per 90 days}` become the first rules of the table: they read the facts
`last_<decision>_on` (a date, or null for never) and `<decision>s_last_<N>_days`, which the vocabulary must have.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Arithmetic, Comparison, Expr, Literal, Logic, Name, call
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import OUTPUTS, TABLE, read_table
from ordain.engine.policy.model import HitPolicy, Rule, Table
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import DURATION, NULL, NUMBER

_COOLDOWN, _AT_MOST = r"^([0-9]{1,4}) days$", r"^([0-9]{1,4}) per ([0-9]{1,4}) days$"
SECTIONS: Schema = {
    "decides": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": TABLE,
        "description": "the one decision of this policy, a table",
    },
    "otherwise": {**OUTPUTS, "description": "the outputs when nothing is to be done"},
    "limits": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "cooldown": {"type": "string", "pattern": _COOLDOWN, "description": "for example: 30 days"},
            "at most": {"type": "string", "pattern": _AT_MOST, "description": "for example: 3 per 90 days"},
        },
        "description": "how often at most",
    },
}
REQUIRED = ("decides", "otherwise")


def lower(draft: Draft, node: Node) -> None:
    """Adds the one table of `decides`, with the limits as its first rules, which give what `otherwise` gives.

    `cooldown` counts in whole days from the fact `last_<table>_on`; `at most` reads `<table>s_last_<days>_days`, a
    count. Raises nothing: findings go to `draft.issues`, and then the table is not added.
    """
    ((name, part),) = node["decides"].items()
    draft.name(name, node["decides"].keys[name])
    table = read_table(draft, name, part, otherwise=node["otherwise"])
    if table is None:
        return
    limits = node.get("limits")
    if limits is not None and table.hit_policy is not HitPolicy.FIRST:
        draft.fault(
            limits.span, "limits come before all rules, so the table needs `hit policy: first`", code="hit-policy"
        )
        return
    rules = _limits(draft, table, limits) if limits is not None else []
    for rule in table.rules:
        if rule.id in {limit.id for limit in rules}:
            draft.fault(
                rule.span, f"`{rule.id}` is the name of a limit", "call the rule something else", code="duplicate"
            )
    draft.add(replace(table, rules=(*rules, *table.rules)))


def _limits(draft: Draft, table: Table, limits: Node) -> list[Rule]:
    limit_rules = []
    if (cooldown := limits.get("cooldown")) is not None and (match := re.match(_COOLDOWN, cooldown.text)):
        fact, days, span = f"last_{table.name}_on", int(match[1]), cooldown.span
        if _known(draft, fact, span):
            last = Name(span, fact)
            known = Comparison(span, "!=", last, Literal(span, None, type=NULL))
            free = Arithmetic(span, "+", last, Literal(span, dt.timedelta(days=days), type=DURATION))
            recent = Comparison(span, "<", call(span, "today"), free)
            because = f"The last one was less than {days} days ago."
            limit_rules.append(_limit(draft, table, "cooldown", Logic(span, "and", (known, recent)), because, span))
    if (most := limits.get("at most")) is not None and (match := re.match(_AT_MOST, most.text)):
        fact, span = f"{table.name}s_last_{match[2]}_days", most.span
        if _known(draft, fact, span):
            many = Comparison(span, ">=", Name(span, fact), Literal(span, Decimal(match[1]), type=NUMBER))
            because = f"There were {match[1]} in the last {match[2]} days already."
            limit_rules.append(_limit(draft, table, "at-most", many, because, span))
    return [rule for rule in limit_rules if rule is not None]


def _known(draft: Draft, fact: str, span: Span) -> bool:
    if fact not in draft.vocabulary:
        draft.fault(
            span,
            f"this limit reads the fact `{fact}`, which the vocabulary does not have",
            "declare it",
            code="unknown-name",
        )
        return False
    return True


def _limit(draft: Draft, table: Table, name: str, condition: Expr, because: str, span: Span) -> Rule | None:
    checked = draft.checked(condition)
    if checked is None or table.otherwise is None:
        return None
    return Rule(name, (None,) * len(table.columns), checked, table.otherwise, because, span)
