"""Services: what an app can ask for. `services.yaml` names the policies of each, in order, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.engine.errors import PolicyError, Span
from ordain.engine.text.source import digest_of, parse
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
                    "if denied": {
                        "enum": ["answer", "refuse"],
                        "description": "refuse: a denied outcome is recorded but never handed out",
                    },
                },
            },
        }
    },
}
_STRUCTURE = Structure(SERVICES)


@dataclass(frozen=True, slots=True)
class Service:
    """`refuses`: a denied outcome is an error, ComplianceViolation, so that nobody can act on it by mistake."""

    name: str
    purpose: str
    policies: tuple[str, ...]
    gives: tuple[str, ...]
    refuses: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Services:
    by_name: Mapping[str, Service]
    digest: str
    text: bytes


def load_services(text: bytes, file: str) -> Services:
    """The services that a file's bytes say. Raises PolicyError with all issues."""
    node = parse(text, file)
    if issues := check_structure(node, _STRUCTURE):
        raise PolicyError(issues)
    services = {}
    for name, part in node["services"].items():
        denied = part.get("if denied")
        services[name] = Service(
            name=name,
            purpose=part["purpose"].text,
            policies=part["policies"].texts(),
            gives=part["gives"].texts(),
            refuses=denied is not None and denied.text == "refuse",
            span=node["services"].keys[name],
        )
    return Services(services, digest_of(text), text)
