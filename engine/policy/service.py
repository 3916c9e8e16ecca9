"""Services: what an app can ask for. `services.yaml` names the policies of each, in order, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.engine.errors import PolicyError, Span
from ordain.engine.policy.model import Verdict
from ordain.engine.text.source import Node, digest_of, parse
from ordain.engine.text.structure import Schema, Structure, check_structure

_NAMES: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
SERVICES: Schema = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "properties": {
        "services": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["purpose", "policies", "gives"],
                "additionalProperties": False,
                "properties": {
                    "purpose": {"type": "string"},
                    "policies": {
                        **_NAMES,
                        "description": "in this order; a later one may read what an earlier one gives",
                    },
                    "gives": {**_NAMES, "description": "the decisions that make the outcome"},
                    "tells": {
                        **_NAMES,
                        "description": "the decisions that make further events: each rule gives the type of one",
                    },
                    "scores": {
                        "type": "object",
                        "required": ["unless", "because"],
                        "additionalProperties": False,
                        "properties": {
                            "unless": {
                                "type": "string",
                                "description": "in FEEL, on facts that requests send",
                            },
                            "because": {"type": "string", "description": "why, as the customer is told"},
                        },
                        "description": "of whom no model is asked, and no score read: `unless` a condition on facts",
                    },
                    "at": {
                        "enum": ["allowed", "refused"],
                        "description": "refused: it decides for the moment it is asked, and takes no other time",
                    },
                    "fallback": {
                        "type": "string",
                        "description": "the service that is asked in its place once it is stopped onto its fallback",
                    },
                    "if denied": {
                        "enum": ["answer", "refuse"],
                        "description": "refuse: a denied outcome is recorded but never handed out",
                    },
                    "if review": {
                        "enum": ["withhold", "answer"],
                        "description": "withhold, as if left out: the answer says that it is in review, and no outcome",
                    },
                },
            },
        }
    },
}
_STRUCTURE = Structure(SERVICES)


@dataclass(frozen=True, slots=True)
class Scores:
    """Of whom a service makes no score: `unless` is a condition in FEEL, `because` why, as the customer is told."""

    unless: str
    because: str
    span: Span


@dataclass(frozen=True, slots=True)
class Service:
    """`refuses`: a denied outcome is an error, ComplianceViolation, so that nobody can act on it by mistake.

    `withholds` are the verdicts with which the outcome stays out of the answer; `tells` are the decisions that make
    further events. Unless it `takes_time`, what it records was decided for the moment it was asked. `fallback` is the
    service that is asked in its place once it is stopped so.
    """

    name: str
    purpose: str
    policies: tuple[str, ...]
    gives: tuple[str, ...]
    refuses: bool
    withholds: frozenset[Verdict | None]
    span: Span
    tells: tuple[str, ...] = ()
    takes_time: bool = True
    scores: Scores | None = None
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    by_name: Mapping[str, Service]
    digest: str
    text: bytes


def load_services(text: bytes, file: str) -> Services:
    """The services that a file's bytes say. Raises PolicyError with all issues."""
    node = parse(text, file)
    if issues := check_structure(node, _STRUCTURE, text):
        raise PolicyError(issues)
    services = {}
    for name, part in node["services"].items():
        denied, review, tells = part.get("if denied"), part.get("if review"), part.get("tells")
        time, scores, fallback = part.get("at"), part.get("scores"), part.get("fallback")
        refuses = denied is not None and denied.text == "refuse"
        reviewed = review is not None and review.text == "answer"
        services[name] = Service(
            name=name,
            purpose=part["purpose"].text,
            policies=part["policies"].texts(),
            gives=part["gives"].texts(),
            refuses=refuses,
            withholds=frozenset(([Verdict.DENY] if refuses else []) + ([] if reviewed else [Verdict.REVIEW])),
            span=node["services"].keys[name],
            tells=() if tells is None else tells.texts(),
            takes_time=time is None or time.text != "refused",
            scores=None if scores is None else _scores(scores),
            fallback="" if fallback is None else fallback.text,
        )
    return Services(services, digest_of(text), text)


def _scores(part: Node) -> Scores:
    return Scores(part["unless"].text, part["because"].text, part["unless"].span)
