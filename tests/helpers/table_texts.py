"""Small tables as policies, with the facts that the tests of their analysis read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy

FILE = "policies/sample/v1.yaml"
HEAD = """\
policy: sample
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
"""

FACTS = """\
facts:
  risk: {type: number, range: 0..1, precision: 1, meaning: m}
  usage: {type: number, meaning: m}
  tier: {type: text, values: [high, medium, low], meaning: m}
  segment: {type: text, meaning: m}
  vip: {type: flag, meaning: m}
  day: {type: date, meaning: m}
  maybe: {type: number, optional: true, meaning: m}
  grade: {type: text, values: [a, b], optional: true, meaning: m}
"""
VOCABULARY = load_vocabulary(FACTS.encode(), "policies/facts.yaml")
_GIVEN = {
    "risk": "0.5",
    "usage": "1",
    "tier": "high",
    "segment": "x",
    "vip": "true",
    "day": "2026-01-01",
    "maybe": "1",
    "grade": "a",
}


def policy(decides: str) -> Policy:
    """The policy with these decisions, given as YAML below `decides`. Raises PolicyError."""
    read = [f"{name}: {value}" for name, value in _GIVEN.items() if re.search(rf"\b{name}\b", decides)]
    example = f"examples:\n  - given: {{{', '.join(read)}}}\n    refused: NotTried\n"
    text = HEAD + "decides:\n" + decides + example
    return load_policy(text.encode(), FILE, VOCABULARY)


def table(hit_policy: str, rules: Sequence[str], gives: str = "number", more: str = "") -> Policy:
    """A policy with the table `offer`; each rule is a YAML mapping."""
    lines = "".join(f"      - {rule}\n" for rule in rules)
    return policy(f"  offer:\n    gives: {gives}\n    hit policy: {hit_policy}\n{more}    rules:\n{lines}")
