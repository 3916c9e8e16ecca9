"""The kinds of policy. Each is one file: its YAML sections as JSON Schema, and how they lower to plain decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds import bounds, compliance, decision, grandfathering, intervention, pricing
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """`may_miss`: a missing fact is the rules' business. `fair`: no protected fact may be read."""

    meaning: str
    sections: Schema
    required: tuple[str, ...]
    lower: Callable[[Draft, Node], None]
    may_miss: bool = False
    fair: bool = False


KINDS: dict[str, PolicyKind] = {
    "decision": PolicyKind("tables and formulas", decision.SECTIONS, decision.REQUIRED, decision.lower),
    "pricing": PolicyKind("prices by formula", pricing.SECTIONS, pricing.REQUIRED, pricing.lower, fair=True),
    "bounds": PolicyKind("limits of a price", bounds.SECTIONS, bounds.REQUIRED, bounds.lower, fair=True),
    "grandfathering": PolicyKind(
        "promises kept to customers", grandfathering.SECTIONS, grandfathering.REQUIRED, grandfathering.lower, fair=True
    ),
    "compliance": PolicyKind(
        "legal rules with citations", compliance.SECTIONS, compliance.REQUIRED, compliance.lower, may_miss=True
    ),
    "intervention": PolicyKind(
        "what to do for a customer, and how often",
        intervention.SECTIONS,
        intervention.REQUIRED,
        intervention.lower,
        fair=True,
    ),
}
