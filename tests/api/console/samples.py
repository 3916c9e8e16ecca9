"""An address of every page: the parts and the query that show it with something in it."""

from __future__ import annotations

from typing import Any

from ordain.api.console.every_page import PAGES, address

_POLICY = {"policy": "retention-offer"}


def sample(name: str, decisions: dict[str, str]) -> str:
    """The address of a page in the server of `conftest.py`. Raises KeyError for a page without a sample."""
    samples: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "home": ({}, {}),
        "home_reviews": ({}, {}),
        "whatifs": ({}, {}),
        "whatif": ({"service": "price-quote"}, {"from": decisions["price-quote"]}),
        "decisions": ({}, {"since": "2026-01-01"}),
        "decision": ({"decision_id": decisions["price-quote"]}, {}),
        "decision_why_not": ({"decision_id": decisions["price-quote"]}, {}),
        "decision_replay": ({"decision_id": decisions["price-quote"]}, {}),
        "decision_readers": ({"decision_id": decisions["price-quote"]}, {}),
        "decision_proof": ({"decision_id": decisions["price-quote"]}, {}),
        "people": ({}, {"subject": "C-1"}),
        "person": ({"subject": "C-1"}, {}),
        "person_risk": ({"subject": "SYNTHETIC-00001"}, {}),
        "person_readers": ({"subject": "C-1"}, {}),
        "evidence": ({}, {}),
        "evidence_readers": ({}, {}),
        "sample": ({}, {"seed": "42", "size": "5"}),
        "models": ({}, {}),
        "at_risk": ({"model": "churn"}, {"days": "30"}),
        "model": ({"model": "churn", "version": 1}, {}),
        "policies": ({}, {}),
        "policies_findings": ({}, {}),
        "policy": (_POLICY, {}),
        "policy_text": (_POLICY, {}),
        "policy_table": (_POLICY, {}),
        "policy_findings": (_POLICY, {}),
        "policy_history": (_POLICY, {}),
        "policy_tests": (_POLICY, {}),
        "policy_diff": (_POLICY, {}),
        "policy_edit": (_POLICY, {"v": 2}),
        "service": ({"service": "retention"}, {}),
        "operations": ({}, {}),
        "rollouts": ({}, {}),
        "settings": ({}, {}),
    }
    parts, query = samples[name]
    return address(name, query, **parts)


WHOLE = [each.name for each in PAGES if not each.is_part]
"""The names of those that are looked at whole."""
