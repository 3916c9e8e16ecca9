"""Kind `compliance`: legal rules with citation and status, tried all, as of the decision's own day.

The policy gives `findings`, one row for each rule that applies, and `verdict`, the worst of them: deny, review or
permit. A rule whose facts are missing gives review (or what `if missing` says), never permit by silence. Only rules
with status `in force` take part; pending, vacated, vetoed and superseded ones stay on file as knowledge.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ordain.engine.errors import NotThatType, Span
from ordain.engine.feel.syntax.tree import Comparison, Expr, Filter, If, Literal, Logic, Name, Path, call
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, ID, unique_ids
from ordain.engine.policy.model import Formula, HitPolicy, Output, Rule, Table, Verdict
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.temporal import date
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT, Kind, Type, Value

_DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "a date such as 2026-01-31"}
_STATUS = ("in force", "pending", "vacated", "vetoed", "superseded")
_REFUSALS = {"enum": ["deny", "review"]}
SECTIONS: Schema = {
    "notice": {"type": "string", "description": "what a reader must know, such as that this is no legal advice"},
    "rules": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["id", "status", "source", "checked on"],
            "additionalProperties": False,
            "properties": {
                "id": ID,
                "status": {"enum": list(_STATUS)},
                "where": {**EXPRESSION, "description": 'the jurisdiction, for example consumer_state = "NY"'},
                "in force": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"from": _DATE, "until": _DATE},
                    "description": "first and last day; open where left out",
                },
                "source": {"type": "string", "description": "the citation"},
                "checked on": {**_DATE, "description": "the day somebody last read the source"},
                "applies when": {**EXPRESSION, "description": "whether the rule concerns this decision"},
                "permits when": {**EXPRESSION, "description": "what must hold then; left out: it only obliges"},
                "otherwise": {**_REFUSALS, "description": "the verdict when that does not hold; deny if left out"},
                "if missing": {**_REFUSALS, "description": "the verdict when a fact is missing; review if left out"},
                "requires": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                    "propertyNames": {"not": {"enum": ["policy", "rule"]}},
                    "description": "obligations: what the caller must do or show, such as disclose or notice_days",
                },
                "because": BECAUSE,
            },
        },
        "description": "all that apply count; the worst verdict wins",
    },
}
REQUIRED = ("rules",)
_VERDICTS = Type(Kind.TEXT, values=tuple(map(str, Verdict)))


def lower(draft: Draft, node: Node) -> None:
    """Adds `findings`, a table of the rules in force, deny before review before permit, and `verdict`, its worst.

    Without a rule that applies the verdict is permit. A rule whose facts are missing counts as one that applies.
    Raises nothing: findings go to `draft.issues`, and then nothing is added.
    """
    unique_ids(draft, node["rules"])
    rules = [_rule(draft, part) for part in node["rules"].nodes()]
    if draft.issues:
        return
    in_force = tuple(rule for rule in rules if rule is not None)
    span = node["rules"].span
    table = Table("findings", (), (Output("verdict", _VERDICTS),), HitPolicy.OUTPUT_ORDER, in_force, span)
    draft.add(table)
    findings = Name(span, "findings")
    none = Comparison(span, "=", call(span, "count", findings), Literal(span, Decimal(0), type=NUMBER))
    worst = Path(span, Filter(span, findings, Literal(span, Decimal(1), type=NUMBER)), "verdict")
    verdict = draft.checked(If(span, none, Literal(span, str(Verdict.PERMIT), type=TEXT), worst))
    if verdict is not None:
        draft.add(Formula("verdict", verdict, _VERDICTS, span))


def _rule(draft: Draft, node: Node) -> Rule | None:
    span = node["id"].span
    where, applies, permits = (
        draft.formula(node[key], FLAG) if node.get(key) else None for key in ("where", "applies when", "permits when")
    )
    period = _period(draft, node)
    obligations = {name: _plain(part) for name, part in node["requires"].items()} if node.get("requires") else {}
    if permits is None and not node.get("permits when") and not obligations and not node.get("otherwise"):
        draft.fault(
            span,
            f"rule `{node['id'].text}` has no effect",
            "add `permits when`, `requires` or `otherwise`",
            code="empty-rule",
        )
    if node["status"].text != "in force" or draft.issues:
        return None
    conditions = [*period, *(part.tree for part in (where, applies) if part is not None)]
    condition = draft.checked(_all(conditions, span)) if conditions else None
    refusal = node["otherwise"].text if node.get("otherwise") else str(Verdict.DENY)
    only_obliges = bool(obligations) and not node.get("otherwise")
    verdict: Expr = Literal(span, str(Verdict.PERMIT) if only_obliges else refusal, type=TEXT)
    if permits is not None:
        permit = Literal(span, str(Verdict.PERMIT), type=TEXT)
        verdict = If(permits.tree.span, permits.tree, permit, Literal(span, refusal, type=TEXT))
    gives = draft.checked(verdict)
    if gives is None:
        return None
    missing = node["if missing"].text if node.get("if missing") else str(Verdict.REVIEW)
    because = node["because"].text if node.get("because") else ""
    source = f"{node['source'].text} (checked {node['checked on'].text})"
    return Rule(node["id"].text, (), condition, (gives,), because, span, obligations, source, (missing,))


def _period(draft: Draft, node: Node) -> list[Expr]:
    """The conditions that keep a rule to the days it is in force."""
    conditions: list[Expr] = []
    period = node.get("in force")
    for key, sign in (("from", ">="), ("until", "<=")):
        if period is not None and (part := period.get(key)) is not None:
            day = _day(draft, part)
            if day is not None:
                literal = Literal(part.span, day, type=DATE)
                conditions.append(Comparison(part.span, sign, call(part.span, "today"), literal))
    _day(draft, node["checked on"])
    if period is not None and period.get("from") and period.get("until"):
        first, last = period["from"], period["until"]
        if last.text < first.text:
            draft.fault(last.span, f"it ends on {last.text}, before it begins on {first.text}", code="dates")
    return conditions


def _day(draft: Draft, node: Node) -> dt.date | None:
    try:
        return date(node.text)
    except NotThatType as error:
        draft.fault(node.span, str(error), code="value")
        return None


def _all(conditions: list[Expr], span: Span) -> Expr:
    joined = conditions[0]
    for condition in conditions[1:]:
        joined = Logic(span, "and", (joined, condition))
    return joined


def _plain(node: Node) -> Value:
    return node.data()
