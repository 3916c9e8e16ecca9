"""`facts.yaml` -> Vocabulary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from ordain.engine.errors import Issue, NotThatType, PolicyError, did_you_mean
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.policy.counted_facts import counted
from ordain.engine.policy.declared_types import read_type
from ordain.engine.policy.facts import (
    LEDGER,
    PERSONAL_FACTS,
    REQUEST,
    STORES,
    TIME,
    Fact,
    Fallback,
    Vocabulary,
    is_model,
)
from ordain.engine.policy.written_range import RANGE, read_range
from ordain.engine.text.source import Node, digest_of, parse
from ordain.engine.text.structure import Schema, Structure, check_structure
from ordain.engine.values.temporal import date
from ordain.engine.values.types import Kind, Type, Value

FACT: Schema = {
    "type": "object",
    "required": ["type", "meaning"],
    "additionalProperties": False,
    "properties": {
        "type": {
            "type": "string",
            "description": "number, text, flag, date, time, date and time, context, list of ... (also of context)",
        },
        "fields": {"type": "object", "description": "the fields of a context and their types"},
        "values": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "all values there are"},
        "unit": {"type": "string", "description": "for example GB, days, percent, fraction, or a currency such as INR"},
        "range": RANGE,
        "precision": {"type": "integer", "minimum": 0, "maximum": 30, "description": "digits after the point"},
        "source": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "request (if left out), features, ledger, time and a model's name, or some in this order; "
            "or `policy <name>`, or `personal facts`; `churn.risk_level` is an output of the model churn",
        },
        "fallback": {
            "type": ["string", "number", "boolean", "object"],
            "required": ["rule"],
            "additionalProperties": False,
            "properties": {
                "rule": {"type": "string", "description": "in FEEL, on facts that are known without a model"}
            },
            "description": "what it counts as when the model that gives it fails: a value, or a `rule`",
        },
        "format": {"enum": ["time zone"], "description": "time zone: a text that names one, such as Asia/Kolkata"},
        "optional": {"type": "boolean", "description": "it may be missing, and is null then"},
        "default": {"type": ["string", "number", "boolean"], "description": "its value when it is missing"},
        "personal": {"type": "boolean", "description": "it says something about a person"},
        "fixed": {
            "type": "boolean",
            "description": "it cannot become another, such as an age",
        },
        "protected": {"type": "boolean", "description": "no price and no intervention may depend on it"},
        "retired": {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "description": "the last day on which policies may read it, a date such as 2026-06-30",
        },
        "meaning": {"type": "string"},
    },
}
VOCABULARY: Schema = {
    "type": "object",
    "required": ["facts"],
    "additionalProperties": False,
    "properties": {"facts": {"type": "object", "minProperties": 1, "additionalProperties": FACT}},
}
_STRUCTURE = Structure(VOCABULARY)


def load_vocabulary(text: bytes, file: str) -> Vocabulary:
    """The vocabulary that a file's bytes say. Raises PolicyError with all issues."""
    node = parse(text, file)
    if issues := check_structure(node, _STRUCTURE, text):
        raise PolicyError(issues)
    facts: dict[str, Fact] = {}
    for name, part in node["facts"].items():
        try:
            facts[name] = _fact(name, part, node["facts"])
        except PolicyError as error:
            issues.extend(error.issues)
    if issues:
        raise PolicyError(issues)
    return Vocabulary(facts, digest_of(text), text)


def _fact(name: str, node: Node, facts: Node) -> Fact:
    span = facts.keys[name]
    if not is_name(name):
        raise PolicyError(
            Issue(
                f"`{name}` cannot be a name",
                "use letters, digits and `_`, but no keyword",
                span,
                code="name",
            )
        )
    optional, default = _flag(node, "optional"), node.get("default")
    if optional and default is not None:
        raise PolicyError(
            Issue(f"`{name}` is optional and has a default", "keep one of them", default.span, code="fact")
        )
    type = read_type(node)
    source = node.get("source")
    fact = Fact(
        name=name,
        type=replace(type, optional=optional),
        sources=source.texts() if source is not None else (REQUEST,),
        limits=read_range(node["range"]) if node.get("range") else None,
        precision=int(node["precision"].value) if node.get("precision") else None,
        optional=optional,
        personal=_flag(node, "personal"),
        protected=_flag(node, "protected"),
        fixed=_flag(node, "fixed"),
        time_zone=node.get("format") is not None,
        meaning=node["meaning"].text,
        retired=_day(node["retired"]) if node.get("retired") else None,
        span=span,
    )
    _refuse_misplaced(name, node, type)
    if not _in_order(fact.sources):
        message, hint = f"`{name}` comes from {', '.join(fact.sources)}", "write `source: [request, a model]`"
        if any(source in STORES for source in fact.sources):
            hint = "each once, the request first, then `features`, `ledger` or `time`, a model last"
        raise PolicyError(Issue(message, hint, node.keys["source"], code="source"))
    _refuse_uncounted(fact, node)
    if TIME in fact.sources and type.kind not in (Kind.DATE, Kind.DATE_TIME):
        message = f"`{name}` comes from `time`, the moment that is decided for, and is a {type}"
        hint = "give it `type: date` or `type: date and time`"
        raise PolicyError(Issue(message, hint, node.keys["source"], code="source"))
    if PERSONAL_FACTS in fact.sources and (type.kind is not Kind.FLAG or optional or default is not None):
        message = f"`{name}` says whether personal facts were read, which is yes or no"
        raise PolicyError(Issue(message, "give it `type: flag`, and no default", node.keys["source"], code="source"))
    if default is not None:
        fact = replace(fact, default=_constant(fact, default, "default"))
    fallback = node.get("fallback")
    return fact if fallback is None else replace(fact, fallback=_fallback(fact, fallback, node))


def _in_order(sources: tuple[str, ...]) -> bool:
    """Whether sources can be tried one after the other: what is known first, and of models one, last."""
    if len(sources) < 2:
        return bool(sources)
    models = [source for source in sources if is_model(source)]
    ordered = [source for source in sources if source == REQUEST]
    ordered += [source for source in sources if source in STORES]
    return [*ordered, *models] == list(sources) and len(models) < 2 and len(set(sources)) == len(sources)


def _refuse_uncounted(fact: Fact, node: Node) -> None:
    if LEDGER not in fact.sources:
        return
    is_day = fact.name.startswith("last_")
    if counted(fact.name) is None or fact.type.kind is not (Kind.DATE if is_day else Kind.NUMBER):
        message = f"the ledger knows no {fact.type} `{fact.name}`"
        hint = "for a decision `offer` it knows the date `last_offer_on` and the number `offers_last_90_days`"
        raise PolicyError(Issue(message, hint, node.keys["source"], code="source"))


def _fallback(fact: Fact, part: Node, node: Node) -> Fallback:
    """Whether a rule holds what it should is looked at once all facts are known: `engine.score_fallback`."""
    place = node.keys["fallback"]
    if not fact.model:
        hint = "say `default` for what it counts as when nobody sends it"
        raise PolicyError(Issue(f"no model gives `{fact.name}`, so it has no `fallback`", hint, place, code="source"))
    rule = part.get("rule") if isinstance(part.value, dict) else None
    if rule is not None:
        return Fallback(rule=rule.text, span=rule.span)
    return Fallback(_constant(fact, part, "fallback"), span=part.span)


_BELONGS: dict[str, tuple[Kind, ...]] = {
    "range": (Kind.NUMBER,),
    "precision": (Kind.NUMBER,),
    "values": (Kind.TEXT, Kind.LIST),
    "fields": (Kind.CONTEXT, Kind.LIST),
    "format": (Kind.TEXT,),
}


def _refuse_misplaced(name: str, node: Node, type: Type) -> None:
    for key, kinds in _BELONGS.items():
        if node.get(key) and type.kind not in kinds:
            raise PolicyError(Issue(f"`{name}` is a {type}, so it has no `{key}`", "", node.keys[key], code="fact"))


def _constant(fact: Fact, node: Node, key: str) -> Value:
    try:
        return fact.accept(node.data())
    except NotThatType as error:
        raise PolicyError(Issue(f"the {key} of `{fact.name}`: {error}", "", node.span, code="fact")) from None


def _flag(node: Node, key: str) -> bool:
    part = node.get(key)
    return part is not None and part.value is True


def _day(node: Node) -> dt.date:
    try:
        return date(node.text)
    except NotThatType as error:
        raise PolicyError(Issue(str(error), "a date such as 2026-06-30", node.span, code="value")) from None


def unknown_policies(vocabulary: Vocabulary, policies: Collection[str]) -> list[Issue]:
    """Facts that are said to come from a policy that is not there."""
    return [
        Issue(
            f"`{fact.name}` names an unknown policy",
            did_you_mean(fact.given_by, policies),
            fact.span,
            code="unknown-policy",
        )
        for fact in vocabulary.facts.values()
        if fact.given_by and fact.given_by not in policies
    ]
