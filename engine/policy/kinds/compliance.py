"""Kind `compliance`: legal rules with citation and status, tried all, as of the decision's own day.

The policy gives `findings`, one row for each rule that applies, and `verdict`, the worst of them: deny, review or
permit. A rule whose facts are missing gives review (or what `if missing` says), never permit by silence. Only rules
with status `in force` take part; proposed, pending, vacated, vetoed and superseded ones stay on file as knowledge.

The policy's own `where` says whose law it is. Where that does not hold no rule is tried; where a fact that it needs is
missing the policy gives one finding, a review, and no rule of it speaks as if its law applied.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from ordain.engine.errors import NotThatType, Span
from ordain.engine.feel.syntax.tree import Comparison, Expr, Filter, If, Literal, Logic, Name, Path, call, walk
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, ID, unique_ids
from ordain.engine.policy.model import Formula, HitPolicy, Output, Rule, Table, Verdict
from ordain.engine.policy.reasons import printed_text, reason
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.temporal import date
from ordain.engine.values.types import DATE, FLAG, NULL, NUMBER, TEXT, Kind, Type, Value

_DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "a date such as 2026-01-31"}
_STATUS = ("in force", "proposed", "pending", "vacated", "vetoed", "superseded")
UNKNOWN_WHERE = "not-known-whose-law"
"""The rule that speaks for a policy when it is not known whether its `where` holds."""


class Confidence(StrEnum):
    """How sure it is that the law says what a rule says."""

    CONFIRMED = "confirmed"
    ONE_SOURCE = "one secondary source"
    GENERAL = "general knowledge"
    OWN = "own rule"


_TOLD = {
    Confidence.CONFIRMED: "checked {day}",
    Confidence.ONE_SOURCE: "one secondary source, read {day}; the law itself not read",
    Confidence.GENERAL: "from general knowledge, written down {day}; not checked",
    Confidence.OWN: "ours, as of {day}",
}
_REFUSALS = {"enum": ["deny", "review"]}
SECTIONS: Schema = {
    "notice": {"type": "string", "description": "what a reader must know, such as that this is no legal advice"},
    "where": {**EXPRESSION, "description": 'whose law it is, for all rules: for example jurisdiction = "UK"'},
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
                "where": {**EXPRESSION, "description": 'the place, for example consumer_state = "NY"'},
                "in force": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"from": _DATE, "until": _DATE},
                    "description": "first and last day; open where left out",
                },
                "source": {"type": "string", "description": "the citation"},
                "checked on": {**_DATE, "description": "the day somebody last read the source, or wrote it down"},
                "confidence": {
                    "enum": list(map(str, Confidence)),
                    "description": "how sure it is that the source says so; it is told wherever the source is",
                },
                "not confirmed": {
                    "type": "string",
                    "description": "what of a confirmed rule is from general knowledge, such as the section's number",
                },
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
    where = draft.formula(node["where"], FLAG) if node.get("where") else None
    if draft.issues:
        return
    rules = [_rule(draft, part, _concerned(where)) for part in node["rules"].nodes()]
    if where is not None:
        rules.insert(0, _unknown_where(draft, where))
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


def _concerned(where: Checked | None) -> list[Expr]:
    """The conditions that keep every rule to the policy's `where`: false, not missing, where it is not known."""
    if where is None:
        return []
    at = where.tree.span
    optional = {node.name: node for node in walk(where.tree) if isinstance(node, Name) and node.type.optional}
    known = [Comparison(at, "!=", name, Literal(at, None, type=NULL)) for name in optional.values()]
    return [*known, where.tree]


def _unknown_where(draft: Draft, where: Checked) -> Rule | None:
    """The rule that never applies, and so has its say only when a fact is missing that `where` needs."""
    at = where.tree.span
    never = draft.checked(Logic(at, "and", (where.tree, Literal(at, False, type=FLAG))))
    gives = draft.checked(Literal(at, str(Verdict.REVIEW), type=TEXT))
    if never is None or gives is None:
        return None
    because = "Whether this law protects the customer is not known."
    source = "the `where` of this policy"
    return Rule(UNKNOWN_WHERE, (), never, (gives,), because, at, {}, source, (str(Verdict.REVIEW),), derived=True)


def _rule(draft: Draft, node: Node, concerned: list[Expr]) -> Rule | None:
    span = node["id"].span
    where, applies, permits = (
        draft.formula(node[key], FLAG) if node.get(key) else None for key in ("where", "applies when", "permits when")
    )
    period = _period(draft, node)
    obligations = {name: _plain(draft, part) for name, part in node["requires"].items()} if node.get("requires") else {}
    if permits is None and not node.get("permits when") and not obligations and not node.get("otherwise"):
        draft.fault(
            span,
            f"rule `{node['id'].text}` has no effect",
            "add `permits when`, `requires` or `otherwise`",
            code="empty-rule",
        )
    if node["status"].text != "in force" or draft.issues:
        return None
    conditions = [*period, *concerned, *(part.tree for part in (where, applies) if part is not None)]
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
    because = reason(draft, node.get("because"))
    rule = Rule(node["id"].text, (), condition, (gives,), because.text, span, obligations, _source(node), (missing,))
    sure = node["confidence"].text if node.get("confidence") else ""
    return replace(rule, confidence=sure, told=because.told)


def _source(node: Node) -> str:
    """The citation, and how sure it is, for example that it is from general knowledge and was not checked.

    A rule that does not say how sure it is has the day alone, as every rule had before `confidence` was asked for.
    """
    said = node["confidence"].text if node.get("confidence") else Confidence.CONFIRMED
    told = _TOLD[Confidence(said)].format(day=node["checked on"].text)
    if node.get("not confirmed"):
        told += f"; not confirmed: {node['not confirmed'].text}"
    return f"{node['source'].text} ({told})"


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


def _plain(draft: Draft, node: Node) -> Value:
    return printed_text(draft, node) if isinstance(node.value, str) else node.data()
