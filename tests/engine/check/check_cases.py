"""The wrong policies of all case files as directories that `ordain check` looks at, and what it says about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from feel_cases import CASES, cases
from policy_cases import FACTS, HEAD

from ordain.engine.catalog import Texts
from ordain.engine.errors import Issue
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import ANY

CHECKED: dict[str, Any] = cases("bad_policies/checked.yaml")
ALWAYS: dict[str, Any] = CHECKED["always"]
_SAMPLE = "services: {sample: {purpose: A case., policies: [sample], gives: [fee]}}"
_FINE = (
    HEAD.format(kind="decision")
    + "decides: {fee: {gives: number, formula: 5}}\nexamples: [{given: {}, expect: {fee: 5}}]\n"
)


BASE: dict[str, Any] = cases("slips/base.yaml")
SLIP_FAMILIES = sorted(path.stem for path in (CASES / "slips").glob("*.yaml") if path.stem != "base")


@dataclass(frozen=True)
class Model:
    """A model that only says what it reads."""

    name: str
    reads: tuple[Fact, ...]
    version: str = "1"
    digest: str = ""


def slip_files(case: Mapping[str, Any]) -> dict[str, str]:
    """The files of tests/cases/slips/base.yaml, one place in one of them written as the case says."""
    files = {"policies/facts.yaml": BASE["facts"], "policies/services.yaml": BASE["services"]}
    files |= {f"policies/{name}.yaml": text for name, text in BASE["policies"].items()}
    changed = f"policies/{case.get('in', 'advice/v1')}.yaml"
    assert files[changed].count(case["place"]) == 1, case["place"]
    return files | {changed: files[changed].replace(case["place"], case["written"])}


def texts_in(files: Mapping[str, str]) -> Texts:
    """Files by their paths as a directory of policies."""
    texts = {name: text.encode() for name, text in files.items()}
    vocabulary, services = texts.pop("policies/facts.yaml"), texts.pop("policies/services.yaml")
    return Texts(vocabulary, services, texts)


def slip_texts(case: Mapping[str, Any]) -> Texts:
    return texts_in(slip_files(case))


def texts_of(case: Mapping[str, Any], always: Mapping[str, Any] = ALWAYS) -> Texts:
    """The files of a case of checked.yaml. A policy without an ending is YAML."""
    policies = case.get("policies") or {"sample/v1": HEAD.format(kind=case.get("kind", "decision")) + case["text"]}
    files = {f"policies/{name}{'' if '.' in name else '.yaml'}": text.encode() for name, text in policies.items()}
    facts = case.get("facts") or _facts_in(" ".join(policies.values()), always["facts"])
    shared = {f"policies/shared/{name}.yaml": text.encode() for name, text in case.get("shared", {}).items()}
    return Texts(facts.encode(), case.get("services", always["services"]).encode(), files, shared=shared)


def _facts_in(text: str, facts: Mapping[str, str]) -> str:
    """The vocabulary of the facts that a text names."""
    named = {name: fact for name, fact in facts.items() if re.search(rf"\b{name}\b", text)} or facts
    return "\n".join(["facts:", *(f"  {name}: {fact}" for name, fact in named.items())])


def models_of(case: Mapping[str, Any]) -> list[Model] | None:
    """The usable models of a case; None where it says nothing about models."""
    if "models" not in case:
        return None
    return [Model(model["name"], tuple(Fact(name, ANY) for name in model["reads"])) for model in case["models"]]


def all_cases() -> Iterator[tuple[str, Texts, list[Model] | None]]:
    """Every wrong policy, vocabulary and service of tests/cases/bad_policies: what it is, and its files."""
    for case in CHECKED["cases"]:
        yield case["case"], texts_of(case), models_of(case)
    for case in cases("bad_policies/policies.yaml"):
        text = (HEAD.format(kind=case["kind"]) if "kind" in case else "") + case["text"]
        yield case["case"], texts_of({"policies": {"sample/v1": text}, "facts": FACTS, "services": _SAMPLE}), None
    for case in cases("bad_policies/vocabularies.yaml"):
        files = {"policies": {"sample/v1": _FINE}, "facts": case["text"], "services": _SAMPLE}
        yield f"vocabulary: {case['case']}", texts_of(files), None
    for family in SLIP_FAMILIES:
        for case in cases(f"slips/{family}.yaml"):
            yield f"{family}: {case['case']}", slip_texts(case), None
    services = cases("bad_policies/services.yaml")
    for case in services["cases"]:
        policies = case["policies"] if "facts" in case else {**services["always"], **case["policies"]}
        files = {"policies": policies, "facts": case.get("facts", FACTS), "services": case["services"]}
        yield f"services: {case['case']}", texts_of(files), None


def said(issue: Issue) -> dict[str, str]:
    """A finding as the cases write it; an empty hint and an empty underlined text are left out."""
    found = {"code": issue.code, "level": str(issue.level), "message": issue.message}
    if issue.hint:
        found["hint"] = issue.hint
    if issue.span is not None:
        found["at"] = str(issue.span)
        if issue.span.text:
            found["under"] = issue.span.text
    return found
