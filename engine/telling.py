"""Events that a policy makes: of a decision that a service `tells` of, each rule that fires gives the type of one.

Which rules fired is in every record (its reason codes), so an event is derived from the record alone, by the text that
it was decided under. Once the person is erased there is no such event any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue
from ordain.engine.evaluate import Plan
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Decision, Formula, Policy, Rule, Table
from ordain.engine.policy.service import Service

OWN = "ordain."
"""Before the types of events that every record makes; no policy makes one of these."""
_TYPE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
_SUCH = "such as `then: '\"ml.churn.high_risk_detected\"'`"


def types_told(plan: Plan) -> Mapping[str, str]:
    """By reason code, as records have it, the type of the event that the rule makes. They fit: see `telling_issues`."""
    told = {}
    for compiled in plan.policies:
        policy = compiled.policy
        for table in policy.decisions:
            if table.name in plan.service.tells and isinstance(table, Table):
                for rule in table.rules:
                    told[f"{policy.label}/{rule.id}"] = str(_type_of(rule))
    return told


def telling_issues(
    service: Service, versions: Mapping[str, Sequence[CompiledPolicy]], given: Mapping[str, str]
) -> Iterator[Issue]:
    """What is wrong with the decisions that a service tells of; `given` has by decision the policy that gives it."""
    for name in service.tells:
        if name not in given:
            message = f"no policy of the service `{service.name}` gives `{name}`, which it tells of"
            yield Issue(message, "name a decision of one of its policies", service.span, code="service")
        for compiled in versions.get(given.get(name, ""), ()):
            for decision in compiled.policy.decisions:
                if decision.name == name:
                    yield from _issues(decision, compiled.policy)


def _issues(decision: Decision, policy: Policy) -> Iterator[Issue]:
    if not isinstance(decision, Table) or not decision.single:
        message = f"`{decision.name}` makes events, and is no table with one text for each rule"
        yield Issue(message, f"write `gives: text` and rules, {_SUCH}", decision.span, code="service")
        return
    codes = list(_codes(policy))
    for rule in decision.rules:
        kind = _type_of(rule)
        if kind is None or len(kind) > LIMITS.event_type or not _TYPE.fullmatch(kind) or kind.startswith(OWN):
            message = f"`{rule.id}` of `{decision.name}` gives no type of an event"
            most = LIMITS.event_type
            hint = f"small letters with dots between them, {most} at the most, {_SUCH}; `{OWN}` is Ordain's own"
            yield Issue(message, hint, rule.span, code="service")
        if codes.count(rule.id) > 1:
            message = f"`{rule.id}` of `{decision.name}` makes an event, and is also the name of something else here"
            yield Issue(message, "give one of them another name", rule.span, code="service")


def _type_of(rule: Rule) -> str | None:
    """The text that a rule gives; None when that is calculated, or no text."""
    tree = rule.gives[0].tree
    return tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else None


def _codes(policy: Policy) -> Iterator[str]:
    """What the reason codes of a policy end with."""
    for decision in (*policy.decisions, *(function.table for function in policy.functions)):
        if isinstance(decision, Formula):
            yield decision.name
        else:
            yield from (rule.id for rule in decision.rules)
