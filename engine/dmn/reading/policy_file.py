"""A `.dmn` file under `policies/`: a policy like any other, whose inputs are facts of the vocabulary."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import PurePath

from ordain.engine.dmn.reading.own import OWN
from ordain.engine.dmn.reading.read import Model, read_model
from ordain.engine.errors import Issue, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.feel.syntax.tree import Name
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Effective, Formula, Policy
from ordain.engine.values.temporal import date
from ordain.engine.values.types import Type

_ATTRIBUTES = ("effective", "until", "owner")


def read_policy(data: bytes, file: str, vocabulary: Vocabulary) -> Policy:
    """The policy of a file `.../<policy>/v<N>.dmn`; of another file, the model's name in version 1.

    Every input that something reads must be a fact, under its own name or in snake case, of the declared type;
    `effective`, `until` and `owner` are attributes of `definitions` in the namespace `urn:ordain`. Raises PolicyError
    with all issues.
    """

    def refused(namespace: str, location: str) -> bytes | None:
        hint = "put it into this file with `ordain dmn bundle`"
        raise PolicyError(Issue(f"a policy is one file, and `{namespace}` is not in it", hint, Span(file, 1, 1)))

    model = read_model(data, file, refused)
    policy = model.policy
    issues = [*model.issues]
    name, version = _named(file, policy)
    effective = _effective(model, file, issues)
    bound = [
        _bound(given, of, model, vocabulary, issues) for given, of in model.inputs.items() if given not in model.unread
    ]
    facts = [fact for fact, _ in bound if fact is not None]
    for decision in policy.decisions:
        known = vocabulary.facts.get(decision.name)
        if known is not None and known.given_by != name:
            message = f"`{decision.name}` is a fact, so no decision may have its name"
            issues.append(Issue(message, "rename it, or declare the fact with `source: policy ...`", decision.span))
    if issues:
        raise PolicyError(issues)
    named = tuple(formula for _, formula in bound if formula is not None)
    reads = tuple(dict.fromkeys(fact.name for fact in facts))
    decisions = (*named, *policy.decisions)
    # A missing input is null, as in any lenient reading of the model.
    placed = replace(policy, name=name, version=version, effective=effective, may_miss=True)
    return replace(placed, decisions=decisions, reads=reads)


def _named(file: str, policy: Policy) -> tuple[str, int]:
    path = PurePath(file)
    match = re.fullmatch(r"v([1-9]\d{0,5})\.dmn", path.name)
    return (path.parent.name, int(match[1])) if match and path.parent.name else (policy.name, policy.version)


def _bound(
    name: str, declared: Type, model: Model, vocabulary: Vocabulary, issues: list[Issue]
) -> tuple[Fact | None, Formula | None]:
    """The fact that an input is, and the formula that gives the input its name when the fact's is another."""
    span = replace(model.policy.span, text=f"<inputData> {name}")
    span = model.places.get(name, span)
    own = name.rpartition(".")[2]
    fact_name = next((word for word in (name, snake(name), own, snake(own)) if word in vocabulary), None)
    if fact_name is None:
        near = did_you_mean(snake(own), vocabulary)
        declare = f"declare `{snake(own)}` in facts.yaml; `ordain dmn convert` writes its entry"
        issues.append(
            Issue(f"the input `{name}` is not a known fact", near if near.startswith("did") else declare, span)
        )
        return None, None
    fact = vocabulary[fact_name]
    if not _fits(fact.type, declared):
        message = f"the input `{name}` is a {declared}, but the fact `{fact_name}` a {fact.type}"
        issues.append(Issue(message, "declare one type in both", span))
    if fact_name == name:
        return fact, None
    return fact, Formula(name, untyped(Name(span, fact_name)), declared, span)


def snake(name: str) -> str:
    """A name as facts are named: `Applicant Age` is `applicant_age`."""
    return re.sub(r"[\s-]+", "_", name.strip()).lower()


def _fits(fact: Type, declared: Type) -> bool:
    """Whether a fact's value may be the input's: the same kind, down to items and declared fields."""
    if not declared.accepts(fact):
        return False
    if declared.item is not None and fact.item is not None and not _fits(fact.item, declared.item):
        return False
    return not fact.fields or all(
        name in fact.fields and _fits(fact.fields[name], of) for name, of in declared.fields.items()
    )


def _effective(model: Model, file: str, issues: list[Issue]) -> Effective:
    """The days that the model's own attributes say; from the first day on when it has none."""
    for unknown in sorted(set(model.own).difference(_ATTRIBUTES)):
        hint = did_you_mean(unknown, _ATTRIBUTES)
        issues.append(Issue(f"`{OWN}` has no attribute `{unknown}`", hint, model.policy.span))
    always = model.policy.effective
    start = _day(model, "effective", issues) or always.start
    end = _day(model, "until", issues)
    if end is not None and end < start:
        issues.append(Issue(f"it ends on {end}, before it begins on {start}", "", Span(file, 1, 1)))
    return Effective(start, end)


def _day(model: Model, attribute: str, issues: list[Issue]) -> dt.date | None:
    written = model.own.get(attribute, "")
    if not written:
        return None
    try:
        return date(written)
    except NotThatType as error:
        issues.append(Issue(f"`{attribute}`: {error}", f'as in {attribute}="2026-03-01"', model.policy.span))
        return None
