"""An address of every page: the parts and the query that show it with something in it."""

from __future__ import annotations

from typing import Any

from ordain.api.console.pages import PAGES, address

_POLICY = {"policy": "retention-offer"}


def sample(name: str, decisions: dict[str, str]) -> str:
    """The address of a page in the server of `conftest.py`. Raises KeyError for a page without a sample."""
    samples: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "home": ({}, {}),
        "policies": ({}, {}),
        "policy": (_POLICY, {}),
        "policy_text": (_POLICY, {}),
        "policy_table": (_POLICY, {}),
        "policy_findings": (_POLICY, {}),
        "policy_history": (_POLICY, {}),
        "policy_tests": (_POLICY, {}),
        "policy_diff": (_POLICY, {}),
        "policy_edit": (_POLICY, {"v": 2}),
        "service": ({"service": "retention"}, {}),
    }
    parts, query = samples[name]
    return address(name, query, **parts)


WHOLE = [each.name for each in PAGES if not each.is_part]
"""The names of those that are looked at whole."""
