"""Why a rule did not fire: the first condition that did not hold, and the value it met."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from feel_cases import AT
from policy_cases import CARE_TABLE, loaded

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.explain.why_not import why_not
from ordain.engine.step import Step
from ordain.engine.values.types import Value

CARE = (
    CARE_TABLE
    + """\
examples:
  - given: {tier: low, risk: 0, base: 1}
    expect: {fired: [other]}
"""
)
FACTS: dict[str, Value] = {"tier": "high", "risk": Decimal("0.85"), "base": Decimal(500)}


def told(hit_policy: str) -> list[dict[str, Any]]:
    policy = compile_policy(loaded(CARE.replace("HIT", hit_policy)))
    values, steps = dict(FACTS), list[Step]()
    policy.run(values, AT, steps)
    found = why_not((policy,), steps, values, AT)
    return [{key: part for key, part in rule.items() if key not in ("policy", "decision")} for rule in found]


def test_each_rule_names_its_first_condition_that_did_not_hold() -> None:
    assert told("collect") == [
        {"rule": "gold", "because": "`risk` is not `> 0.9`", "on": "risk", "is": "> 0.9", "was": "0.85"},
        {"rule": "dear", "because": "`base > 900` does not hold", "on": "if", "is": "base > 900", "was": "500"},
    ]


def test_after_the_first_match_the_others_came_too_late() -> None:
    assert told("first")[1:] == [
        {"rule": "dear", "because": "`risky` came first"},
        {"rule": "other", "because": "`risky` came first"},
    ]
