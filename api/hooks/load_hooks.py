"""The file of sources that the setting `hooks` names: read, held against the services that there are, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ordain.api.access.caller import Caller
from ordain.api.access.rates import Rate, read_rate
from ordain.api.hooks.mapping import EVENT, Mapped
from ordain.api.hooks.schemes import SCHEMES
from ordain.api.hooks.source import CALLER, Hooks, Source
from ordain.api.limits import LIMITS
from ordain.api.named_secrets import MAKE_ONE, SECRET, named_secrets
from ordain.engine.catalog import Catalog
from ordain.engine.errors import Issue, MalformedRequest, PolicyError, SettingsError, did_you_mean
from ordain.engine.explain.trial import Prepared, prepared
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.text.structure import Schema, Structure, check_structure

_FORMULA: Schema = {"type": ["string", "number", "boolean"]}
HOOKS: Schema = {
    "type": "object",
    "required": ["sources"],
    "additionalProperties": False,
    "properties": {
        "sources": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["scheme", "events"],
                "additionalProperties": False,
                "properties": {
                    "scheme": {"enum": list(SCHEMES), "description": "how its events are signed"},
                    **SECRET,
                    "tolerance seconds": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": LIMITS.hook_longest,
                        "description": "how far from now it may have been signed",
                    },
                    "rate": {"type": "string", "description": "how often it may come, such as `600 per minute`"},
                    "events": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["types", "service", "subject"],
                            "additionalProperties": False,
                            "properties": {
                                "types": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {"type": "string"},
                                    "description": "of which events; `*` stands for any letters",
                                },
                                "when": {**_FORMULA, "description": "only those of which this holds"},
                                "service": {"type": "string", "description": "the service that is asked"},
                                "subject": {**_FORMULA, "description": "whom it is about"},
                                "facts": {
                                    "type": "object",
                                    "additionalProperties": _FORMULA,
                                    "description": "a formula for each fact",
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
_STRUCTURE = Structure(HOOKS)
_NAME_CHARACTERS, _MOST_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_"), 60
_MAKE = {"stripe": "it is the endpoint's signing secret, which Stripe shows", "standard webhooks": MAKE_ONE}


def load_hooks(file: Path, catalog: Catalog, vocabulary: Vocabulary) -> Hooks:
    """Raises SettingsError with all that is wrong, each with its place."""
    try:
        node = parse(read_file(file, file.name), file.name)
        issues = check_structure(node, _STRUCTURE)
    except PolicyError as error:
        raise SettingsError(error.issues) from None
    if issues:
        raise SettingsError(issues)
    sources = node["sources"]
    loaded = {name: _source(name, part, file.parent, catalog, vocabulary, issues) for name, part in sources.items()}
    for name, span in sources.keys.items():
        if not set(name) <= _NAME_CHARACTERS or len(name) > _MOST_NAME:
            hint = f"use small letters, digits, `-` and `_`, {_MOST_NAME} at the most"
            issues.append(Issue(f"`{name[:_MOST_NAME]}` is no name for a source", hint, span))
    if issues:
        raise SettingsError(issues)
    return Hooks(loaded)


def source_named(hooks: Hooks, name: str) -> Source:
    """For commands. Raises SettingsError for one that there is not."""
    if name not in hooks.sources:
        raise SettingsError(f"there is no source `{name[:_MOST_NAME]}`", did_you_mean(name, hooks.sources))
    return hooks.sources[name]


def _source(
    name: str, part: Node, folder: Path, catalog: Catalog, vocabulary: Vocabulary, issues: list[Issue]
) -> Source:
    scheme_name, tolerance = part["scheme"].text, part.get("tolerance seconds")
    scheme = SCHEMES[scheme_name]
    secrets = named_secrets(f"source `{name}`", part, folder, scheme.secrets_in, _MAKE[scheme_name], issues)
    mapped = tuple(_mapped(each, catalog, vocabulary, issues) for each in part["events"].nodes())
    seconds = LIMITS.hook_tolerance if tolerance is None else int(tolerance.value)
    caller = Caller(CALLER + name, frozenset(), rate=_rate(part.get("rate"), issues))
    return Source(name, scheme_name, scheme, secrets, seconds, mapped, caller)


def _rate(node: Node | None, issues: list[Issue]) -> Rate | None:
    if node is None:
        return None
    try:
        return read_rate(node.text)
    except MalformedRequest as error:
        issues.append(Issue(error.message, error.issues[0].hint, node.span))
    return None


def _mapped(part: Node, catalog: Catalog, vocabulary: Vocabulary, issues: list[Issue]) -> Mapped:
    service, facts, when = part["service"], part.get("facts"), part.get("when")
    known = catalog.services.by_name
    if service.text not in known:
        issues.append(Issue(f"there is no service `{service.text}`", did_you_mean(service.text, known), service.span))
    if facts is not None:
        issues += _strangers(facts, vocabulary)
    given = {} if facts is None else {name: _expression(node, issues) for name, node in facts.items()}
    return Mapped(
        part["types"].texts(),
        service.text,
        _expression(part["subject"], issues),
        given,
        None if when is None else _expression(when, issues),
    )


def _strangers(facts: Node, vocabulary: Vocabulary) -> Iterator[Issue]:
    for name, span in facts.keys.items():
        if name not in vocabulary:
            yield Issue(f"there is no fact `{name}`", did_you_mean(name, vocabulary.inputs), span)
        elif name not in vocabulary.inputs:
            yield Issue(
                f"`{name}` comes from {' or '.join(vocabulary[name].sources)}, not from outside", "leave it out", span
            )


def _expression(node: Node, issues: list[Issue]) -> Prepared:
    try:
        return prepared(node.text, node.span, (EVENT,))
    except PolicyError as error:
        issues += error.issues
        return prepared("null", node.span, ())
