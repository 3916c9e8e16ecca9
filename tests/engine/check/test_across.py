"""Checks across policies: each finding with its words and its place, and what is near it but fine."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.catalog import Catalog, Texts, load_catalog, read_texts
from ordain.engine.check.across.across import across
from ordain.engine.errors import Issue, Level, PolicyError
from ordain.engine.policy.facts import Fact
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.service import load_services
from ordain.engine.values.types import ANY

CASES = Path(__file__).parents[2] / "cases" / "across"
POLICIES = Path(__file__).parents[3] / "policies"
HEAD = """\
policy: {name}
version: {version}
kind: {kind}
effective: {effective}
owner: tests
purpose: A case.
"""
FACTS = "facts: {base: {type: number, meaning: b}}"
SERVICES = "services: {sample: {purpose: A case., policies: [fees], gives: [fee]}}"
LEGAL_FACTS = """\
facts:
  state: {type: text, values: [NY, CA, TX], meaning: s}
  amount: {type: number, unit: INR, range: 0..10000, precision: 2, meaning: a}
  floor: {type: number, unit: INR, range: 0..10000, meaning: f}
  promised: {type: number, unit: INR, range: 0..10000, optional: true, meaning: p}
  ground: {type: text, values: [consent, contract, law, none], meaning: g}
  member: {type: flag, meaning: m}
"""


@dataclass(frozen=True)
class Model:
    """A model that only says what it reads."""

    name: str
    reads: tuple[Fact, ...]
    version: str = "3"
    digest: str = ""


def cases(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / file).read_text(encoding="utf-8"))
    return found


def named(case: dict[str, Any]) -> str:
    return str(case["case"])


def policy_text(name: str, case: Mapping[str, Any]) -> str:
    folder, _, version = name.partition("/v")
    effective = case.get("effective", "2026-01-01")
    head = HEAD.format(name=folder, version=version, kind=case["kind"], effective=effective)
    return f"{head}{case['text']}"


def catalog_of(case: Mapping[str, Any]) -> Catalog:
    """The catalog of a case; with `loads: false` its parts, put together without the checks of `load_catalog`."""
    facts, services = case.get("facts", FACTS).encode(), case.get("services", SERVICES).encode()
    files = {f"policies/{name}.yaml": policy_text(name, each).encode() for name, each in case["policies"].items()}
    if case.get("loads", True):
        return load_catalog(Texts(facts, services, files), run_examples=False)
    with pytest.raises(PolicyError):
        load_catalog(Texts(facts, services, files), run_examples=False)
    vocabulary = load_vocabulary(facts, "policies/facts.yaml")
    versions: dict[str, list[CompiledPolicy]] = {}
    for file, text in files.items():
        policy = load_policy(text, file, vocabulary)
        versions.setdefault(policy.name, []).append(compile_policy(policy))
    return Catalog(vocabulary, load_services(services, "policies/services.yaml"), versions)


def models_of(case: Mapping[str, Any]) -> list[Model]:
    found = []
    for model in case.get("models", ()):
        reads = (Fact(each["name"], ANY, protected=each.get("protected", False)) for each in model["reads"])
        found.append(Model(model["name"], tuple(reads)))
    return found


def said(issue: Issue) -> dict[str, str]:
    assert issue.span is not None
    found = {"code": issue.code, "level": str(issue.level), "message": issue.message, "hint": issue.hint}
    return {**found, "at": str(issue.span), "under": issue.span.text}


def legal(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case about compliance rules as one about policies."""
    policies = {}
    for name, rules in (("law", case["rules"]), ("privacy", case.get("also", ()))):
        filled = [{"status": "in force", "source": "s", "checked on": "2026-01-01", **rule} for rule in rules]
        lines = [f"  - {json.dumps(rule, default=str)}" for rule in filled]
        examples = "examples: [{given: {}, expect: {verdict: review}}]"
        if rules:
            policies[f"{name}/v1"] = {"kind": "compliance", "text": "\n".join(["rules:", *lines, examples, ""])}
    names = ", ".join(name.partition("/")[0] for name in policies)
    services = f"services: {{sample: {{purpose: A case., policies: [{names}], gives: [verdict]}}}}"
    return {"facts": LEGAL_FACTS, "services": services, "policies": policies}


@pytest.mark.parametrize("case", [*cases("fit.yaml"), *cases("unused.yaml"), *cases("validity.yaml")], ids=named)
def test_parts_that_do_not_fit_are_found(case: dict[str, Any]) -> None:
    found = across(catalog_of(case), models_of(case), case.get("today"))
    assert [said(issue) for issue in found] == case.get("findings", [])


@pytest.mark.parametrize("case", cases("at_odds.yaml"), ids=named)
def test_rules_at_odds_are_found_with_a_customer(case: dict[str, Any]) -> None:
    found = [issue for issue in across(catalog_of(legal(case)), []) if issue.code != "unread-fact"]
    assert [said(issue) for issue in found] == case.get("findings", [])


@pytest.mark.parametrize("file", ["fit.yaml", "unused.yaml", "validity.yaml", "at_odds.yaml"])
def test_only_cases_that_are_called_fine_find_nothing(file: str) -> None:
    for case in cases(file):
        assert case["case"].startswith("fine: ") == (not case.get("findings")), case["case"]


def test_the_shipped_policies_have_no_error_and_no_warning() -> None:
    found = across(load_catalog(read_texts(POLICIES), run_examples=False))
    assert [issue for issue in found if issue.level is not Level.NOTE] == []
    assert {issue.code for issue in found} <= {"rules-at-odds", "promise-raises", "unread-fact"}
    unread = {issue.message.split("`")[1] for issue in found if issue.code == "unread-fact"}
    assert unread <= {"segment", "demand_hour"}  # what models read, of which none is trained here


def test_a_day_of_retirement_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"facts\.yaml:1:.*`2026-02-30` is not a date"):
        load_vocabulary(b"facts: {base: {type: number, retired: 2026-02-30, meaning: b}}", "facts.yaml")


def test_the_last_day_of_a_fact_is_part_of_the_vocabulary() -> None:
    held = load_vocabulary(b"facts: {base: {type: number, retired: 2026-06-30, meaning: b}}", "facts.yaml")
    assert held["base"].retired == dt.date(2026, 6, 30)
