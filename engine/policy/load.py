"""YAML -> Policy: structure first, then the kind's own reading, every issue at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from ordain.engine.errors import Issue, Level, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.policy.definitions import constants, functions
from ordain.engine.policy.draft import Draft, is_read
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.kinds.table_section import BECAUSE, EXPRESSION, ID, SCALAR
from ordain.engine.policy.load_shared import CONSTANTS, FUNCTIONS, NAME, VERSION
from ordain.engine.policy.mending import mended
from ordain.engine.policy.model import BACK, Effective, Example, Policy, Requirement
from ordain.engine.policy.prove_section import PROVE, prove_section
from ordain.engine.policy.reasons import reason
from ordain.engine.policy.uses import USES, first_causes, leave_unused, uses
from ordain.engine.policy.written_otherwise import days_as_written
from ordain.engine.text.source import Node, digest_of, parse
from ordain.engine.text.structure import Schema, Structure, check_structure
from ordain.engine.values.temporal import date, date_time, fixed_offset, noon
from ordain.engine.values.types import DATE, FLAG, Type, Value, read

_DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "a date such as 2026-01-31"}
_SEASON = "a season, after which what would decide without it decides again"
HEADER: Schema = {
    "policy": NAME,
    "version": VERSION,
    "kind": {"enum": sorted(KINDS), "description": "what sort of policy it is"},
    "effective": {
        "anyOf": [
            _DATE,
            {
                "type": "object",
                "required": ["from"],
                "additionalProperties": False,
                "properties": {
                    "from": _DATE,
                    "until": _DATE,
                    "then": {"enum": [BACK], "description": f"{BACK}: {_SEASON}"},
                },
            },
        ],
        "description": "the first day it decides, or from and until",
    },
    "owner": {"type": "string", "description": "who answers for it"},
    "purpose": {"type": "string", "description": "what it is for, in a sentence"},
    "decides without": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string"},
        "description": "scores that a service may say are not made for somebody; they are null then",
    },
    "uses": USES,
    "constants": CONSTANTS,
    "functions": FUNCTIONS,
    "must hold": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "that"],
            "additionalProperties": False,
            "properties": {"id": ID, "that": EXPRESSION, "because": BECAUSE},
        },
        "description": "what must be true of every outcome; otherwise none is given",
    },
    "prove": PROVE,
    "examples": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["given"],
            "additionalProperties": False,
            "properties": {
                "at": {"type": "string", "description": "the decision's time; the first effective day if left out"},
                "given": {"type": "object", "description": "facts"},
                "expect": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"anyOf": [SCALAR, {"type": "array"}]},
                    "description": "outputs by path such as offer.action, or `fired`, a list of rule ids",
                },
                "refused": {"type": "string", "description": "the code of the error that must come instead"},
            },
        },
        "description": "cases that are decided whenever the policy is loaded, and must come out as written",
    },
}
_REQUIRED = ["policy", "version", "kind", "effective", "owner", "purpose", "examples"]


def policy_schema(kind: str) -> Schema:
    """The JSON Schema of a policy file of one kind."""
    of = KINDS[kind]
    return {
        "type": "object",
        "required": [*_REQUIRED, *of.required],
        "additionalProperties": False,
        "properties": {**HEADER, "kind": {"const": kind}, **of.sections},
    }


@cache
def _structure(kind: str) -> Structure:
    return Structure(policy_schema(kind))


def load_policy(text: bytes, file: str, vocabulary: Vocabulary, zone: dt.tzinfo = dt.UTC) -> Policy:
    """The policy that a file's bytes say, checked against the vocabulary. Raises PolicyError with all issues.

    `zone` is the one by whose calendar its examples are decided, as the service decides.
    """
    policy, issues = load_besides_examples(text, file, vocabulary, zone)
    if issues:
        raise PolicyError(issues)
    return policy


def load_besides_examples(
    text: bytes, file: str, vocabulary: Vocabulary, zone: dt.tzinfo = dt.UTC, *, lacking: bool = False
) -> tuple[Policy, list[Issue]]:
    """The policy that a file's bytes say, and what is wrong with its examples: it has none when anything is.

    With `lacking` an example may lack a fact that it has to give, and has no value of it then. Raises PolicyError with
    all issues when anything else is wrong; then the examples are not read.
    """
    node = read_structure(text, file)
    kind = KINDS[node["kind"].text]
    draft = Draft(vocabulary, may_miss=kind.may_miss)
    without = _without(draft, node.get("decides without"))
    shared = uses(draft, node.get("uses"))
    constants(draft, node.get("constants"))
    effective = _effective(draft, node["effective"])
    functions(draft, node.get("functions"))
    kind.lower(draft, node)
    if not draft.issues:
        _must_hold(draft, node.get("must hold"))
    if not draft.issues:
        prove_section(draft, node.get("prove"))
    _refuse_unread(draft, without)
    if kind.fair:
        _refuse_protected(draft, node["kind"].text)
    if draft.issues or effective is None:
        raise PolicyError(first_causes(draft.issues))
    leave_unused(draft, text)
    tried = [_example(draft, part, effective, zone, lacking) for part in node["examples"].nodes()]
    policy = Policy(
        name=node["policy"].text,
        version=int(node["version"].value),
        kind=node["kind"].text,
        effective=effective,
        owner=node["owner"].text,
        purpose=node["purpose"].text,
        constants=draft.constants,
        decisions=tuple(draft.decisions),
        must_hold=tuple(draft.must_hold),
        gives=draft.gives,
        reads=tuple(draft.reads),
        may_miss=kind.may_miss,
        examples=() if draft.issues else tuple(example for example in tried if example is not None),
        digest=digest_of(text),
        text=text,
        span=node["policy"].span,
        warnings=tuple(draft.warnings),
        zone=zone,
        without=frozenset(without),
        shared=shared,
        functions=tuple(draft.functions),
        claims=tuple(draft.claims),
    )
    return policy, draft.issues


def _without(draft: Draft, node: Node | None) -> dict[str, Span]:
    """The scores that the policy can decide without, which its expressions read as what may be null."""
    without: dict[str, Span] = {}
    for part in node.nodes() if node is not None else ():
        name = part.text
        if name not in draft.vocabulary:
            draft.fault(part.span, f"unknown fact `{name}`", did_you_mean(name, draft.vocabulary), code="unknown-name")
        elif not draft.vocabulary[name].model:
            hint = "a fact that may be missing is declared so in facts.yaml: `optional: true`"
            draft.fault(part.span, f"no model gives `{name}`, so nothing withholds it", hint, code="without-score")
        elif draft.scope[name].optional or draft.vocabulary[name].default is not None:
            draft.fault(part.span, f"`{name}` may be missing anyway", "leave it out here", code="without-score")
        else:
            without[name] = part.span
            draft.scope[name] = replace(draft.scope[name], optional=True)
    return without


def _refuse_unread(draft: Draft, without: Mapping[str, Span]) -> None:
    for name, span in without.items():
        if not draft.issues and name not in draft.reads:
            draft.fault(span, f"this policy does not read `{name}`", "leave it out here", code="without-score")


def read_structure(text: bytes, file: str) -> Node:
    """A policy file's YAML, of the shape that its kind asks for. Raises PolicyError with all issues."""
    node = parse(text, file)
    _refuse_kind(node)
    if issues := check_structure(node, _structure(node["kind"].text), text):
        raise PolicyError(issues)
    return node


def _refuse_kind(node: Node) -> None:
    given = node.get("kind")
    if given is None:
        raise PolicyError(Issue("`kind` is missing", f"one of {', '.join(KINDS)}", node.span, code="missing-key"))
    if given.text not in KINDS:
        raise PolicyError(
            Issue(f"unknown kind of policy `{given.text}`", did_you_mean(given.text, KINDS), given.span, code="kind")
        )


def effective_of(text: bytes, file: str) -> Effective | None:
    """The days that a policy's text says it is in force on, whether it would load today or not: no fact is looked up.

    None where they cannot be read. Raises PolicyError for what is no YAML of a policy.
    """
    return _effective(Draft(Vocabulary({})), read_structure(text, file)["effective"])


def _effective(draft: Draft, node: Node) -> Effective | None:
    try:
        if not isinstance(node.value, dict):
            return Effective(date(node.text))
        until = node.get("until")
        season = node.get("then") is not None
        days = Effective(date(node["from"].text), date(until.text) if until is not None else None, season)
    except NotThatType as error:
        draft.fault(node.span, str(error), code="value")
        return None
    if days.end is not None and days.end < days.start:
        draft.fault(node.span, f"it ends on {days.end}, before it begins on {days.start}", code="dates")
    if days.season and days.end is None:
        hint = "add its last day, such as `until: 2026-11-15`, or leave `then` out"
        draft.fault(node.keys["then"], "a season needs its last day", hint, code="dates")
    return days


def _must_hold(draft: Draft, node: Node | None) -> None:
    for part in node.nodes() if node is not None else ():
        checked = draft.formula(part["that"], FLAG)
        if checked is not None:
            because = reason(draft, part.get("because"))
            span = part["that"].span
            draft.must_hold.append(Requirement(part["id"].text, checked, because.text, span, told=because.told))


def _refuse_protected(draft: Draft, kind: str) -> None:
    for name, span in draft.reads.items():
        if draft.vocabulary[name].protected:
            hint = "leave it out; only compliance and plain decision policies may read it"
            draft.fault(
                span, f"`{name}` is protected, so a policy of kind {kind} may not read it", hint, code="protected-fact"
            )


def _example(draft: Draft, node: Node, effective: Effective | None, zone: dt.tzinfo, lacking: bool) -> Example | None:
    given: dict[str, Value] = {}
    for name, part in node["given"].items():
        if name not in draft.vocabulary:
            draft.fault(
                node["given"].keys[name],
                f"unknown fact `{name}`",
                did_you_mean(name, draft.vocabulary),
                code="unknown-name",
            )
        elif name not in draft.reads:
            place = node["given"].keys[name]
            unread = Issue(
                f"this policy does not read `{name}`", "leave it out", place, code="example", level=Level.WARNING
            )
            draft.warnings[unread] = None
        elif part.value is not None or draft.scope[name].optional or not lacking:
            given[name] = _given(draft, name, part)
    for name in draft.reads:
        if name not in given:
            fact = draft.vocabulary[name]
            if lacking and not draft.scope[name].optional and (fact.default is None or name in node["given"].keys):
                continue  # null is no default
            if fact.default is None and not draft.scope[name].optional:
                draft.fault(
                    node["given"].span,
                    f"the example lacks the fact `{name}`",
                    f"give it, or declare it `optional`; {name}: {fact.meaning}",
                    code="example",
                )
            given[name] = fact.default
    expect = node.get("expect")
    refused = node["refused"].text if node.get("refused") else ""
    if (expect is None) == (not refused):
        draft.fault(node.span, "an example needs either `expect` or `refused`", code="example")
    wanted = {path: _expected(draft, path, part, expect) for path, part in expect.items()} if expect is not None else {}
    at = _example_time(draft, node.get("at"), effective, zone)
    return Example(at, given, wanted, refused, node.span) if at is not None else None


def _given(draft: Draft, name: str, node: Node) -> Value:
    if node.value is None:
        if not draft.scope[name].optional:
            fact = draft.vocabulary[name]
            draft.fault(node.span, f"the example lacks the fact `{name}`", f"{name}: {fact.meaning}", code="example")
        return None
    try:
        return draft.vocabulary[name].accept(node.data())
    except NotThatType as error:
        draft.fault(node.span, f"`{name}`: {error}", code="example")
        return None


def _expected(draft: Draft, path: str, node: Node, expect: Node) -> Value:
    if path == "fired":
        return frozenset(node.texts())
    type = output_at(draft.gives, path)
    if type is None:
        known = output_paths(draft.gives)
        draft.fault(
            expect.keys[path],
            f"this policy does not give `{path}`",
            did_you_mean(path, [*known, "fired"]),
            code="example",
        )
        return None
    if node.value is None:
        return None
    try:
        return read(type, node.data())
    except NotThatType as error:
        draft.fault(node.span, f"`{path}`: {error}", code="example")
        return None


def output_at(gives: Mapping[str, Type], path: str) -> Type | None:
    """The type of the output at a path such as `offer.action`; None where nothing is given."""
    first, *rest = path.split(".")
    type = gives.get(first)
    for name in rest:
        type = type.fields.get(name) if type is not None else None
    return type


def output_paths(gives: Mapping[str, Type]) -> list[str]:
    """The paths under which an example expects outputs: those of fields, where there are any."""
    paths: list[str] = []
    for name, type in gives.items():
        paths.extend(f"{name}.{field}" for field in type.fields) if type.fields else paths.append(name)
    return paths


def _example_time(draft: Draft, node: Node | None, effective: Effective | None, zone: dt.tzinfo) -> dt.datetime | None:
    """Noon of the first effective day, unless the example says another day or time; by the clock of `zone`."""
    if node is None:
        return noon(effective.start, zone) if effective is not None else None
    try:
        if len(node.text) == 10:
            return noon(date(node.text), zone)
        return fixed_offset(date_time(node.text).astimezone(zone))
    except NotThatType as error:
        issue = Issue(str(error), "", node.span, code="value")
        readings = days_as_written(node.text)
        draft.issues.extend(mended([issue], node, readings, lambda day: is_read(DATE, day)))
    except OverflowError:
        draft.fault(node.span, f"`{node.text}` is beyond the calendar in this time zone", code="value")
    return None


def file_name_issues(policy: Policy, folder: str, name: str) -> list[Issue]:
    """A policy stands where its name and version say."""
    issues = []
    if folder != policy.name:
        issues.append(
            Issue(f"`{policy.name}` is in the folder `{folder}`", "rename one of them", policy.span, code="file-name")
        )
    stem, _, suffix = name.rpartition(".")
    if stem != f"v{policy.version}":
        place = replace(policy.span, text=f"version: {policy.version}")
        hint = f"call it v{policy.version}.{suffix}"
        issues.append(Issue(f"version {policy.version} is in `{name}`", hint, place, code="file-name"))
    return issues
