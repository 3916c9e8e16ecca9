"""Policies, vocabularies and services of the cases, loaded; and what an error says of each finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from feel_cases import cases

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.catalog import Catalog, Texts, load_catalog
from ordain.engine.errors import Issue, OrdainError, PolicyError
from ordain.engine.examples.run import example_issues
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy

FILE = "policies/sample/v1.yaml"
HEAD = """\
policy: sample
version: 1
kind: {kind}
effective: 2026-01-01
owner: tests
purpose: A case.
"""
CARE_TABLE = (
    HEAD.format(kind="decision")
    + """
constants: {risky: 0.8}
decides:
  care:
    gives: text
    hit policy: HIT
    rules:
      - {id: gold, when: {tier: high, risk: "> 0.9"}, then: visit}
      - {id: risky, when: {risk: "> risky"}, then: call}
      - {id: dear, if: base > 900, then: letter}
      - {id: other, then: nothing}
"""
)
"""A table of which four rules may match at once, under the hit policy HIT; examples are for the test to add."""
FACTS: str = cases("bad_policies/vocabulary.yaml")["text"]


def vocabulary(text: str = FACTS) -> Vocabulary:
    return load_vocabulary(text.encode(), "policies/facts.yaml")


def described(issues: Iterable[Issue]) -> list[dict[str, str]]:
    """Findings as the case files write them."""
    return [
        {
            "level": str(issue.level),
            "code": issue.code,
            "message": issue.message,
            "hint": issue.hint,
            "under": issue.span.text if issue.span else "",
        }
        for issue in issues
    ]


def loaded(text: str | bytes, facts: str = FACTS) -> Policy:
    """A policy read, checked, compiled and tried with its examples. Raises PolicyError."""
    raw = text.encode() if isinstance(text, str) else text
    policy = load_policy(raw, FILE, vocabulary(facts))
    if issues := example_issues(compile_policy(policy)):
        raise PolicyError(issues)
    return policy


def catalog(policies: Mapping[str, str], services: str, facts: str = FACTS) -> Catalog:
    """A catalog of policies by `<folder>/v<N>`. Raises PolicyError."""
    files = {f"policies/{name}.yaml": text.encode() for name, text in policies.items()}
    return load_catalog(Texts(facts.encode(), services.encode(), files))


def findings(error: OrdainError) -> list[dict[str, Any]]:
    """Each finding: message, hint, place as line:column, underlined text; empty parts are left out."""
    found = []
    for issue in error.issues:
        said: dict[str, Any] = {"message": issue.message}
        if issue.hint:
            said["hint"] = issue.hint
        if issue.span is not None:
            said["at"] = f"{issue.span.line}:{issue.span.column}"
            if issue.span.text:
                said["under"] = issue.span.text
        found.append(said)
    return found
