"""`policies/shared/<name>/v<version>.yaml` -> Shared: what policies say in common, checked by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.kinds.table_section import EXPRESSION
from ordain.engine.policy.named_calendars import CALENDARS
from ordain.engine.policy.shared import Shared
from ordain.engine.policy.table_functions import FUNCTION_TABLE
from ordain.engine.policy.uses import define
from ordain.engine.text.source import Node, parse
from ordain.engine.text.structure import Schema, Structure, check_structure

CONSTANT: Schema = {
    "anyOf": [
        EXPRESSION,
        {"type": "array", "minItems": 1},
        {
            "type": "object",
            "required": ["value"],
            "additionalProperties": False,
            "properties": {
                "value": {**EXPRESSION, "type": ["string", "number", "boolean", "array"], "minItems": 1},
                "meaning": {"type": "string"},
            },
        },
    ]
}
CONSTANTS: Schema = {
    "type": "object",
    "additionalProperties": CONSTANT,
    "description": "named numbers, texts, dates and lists that expressions may use",
}
FUNCTIONS: Schema = {
    "type": "object",
    "additionalProperties": {
        "if": {"type": "object"},
        "then": FUNCTION_TABLE,
        "else": {"type": "string", "description": "function(name: type, ...) expression"},
    },
    "description": "what expressions may call: functions, and tables that say what they take",
}
NAME: Schema = {
    "type": "string",
    "pattern": "^[a-z][a-z0-9-]*$",
    "description": "its name, as its folder: small letters",
}
VERSION: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": 999_999,
    "description": "1, 2, 3 ...; the file is v<version>.yaml",
}
SHARED: Schema = {
    "type": "object",
    "required": ["shared", "version", "owner", "purpose"],
    "additionalProperties": False,
    "properties": {
        "shared": NAME,
        "version": VERSION,
        "owner": {"type": "string", "description": "who answers for it"},
        "purpose": {"type": "string", "description": "what it is for, in a sentence"},
        "constants": CONSTANTS,
        "calendars": CALENDARS,
        "functions": FUNCTIONS,
    },
}
_STRUCTURE = Structure(SHARED)
_FILE = re.compile(r"(?:.*/)?(?P<name>[^/]+)/v(?P<version>[1-9]\d{0,5})\.yaml")


def with_shared(vocabulary: Vocabulary, files: Mapping[str, bytes]) -> tuple[Vocabulary, list[Issue]]:
    """The vocabulary with what these files say in common, by label, and what is wrong with them.

    Each file has its label by its name, also when it has faults, so that who uses it can be told so.
    """
    shared: dict[str, Shared] = {}
    issues: list[Issue] = []
    for file, text in files.items():
        match = _FILE.fullmatch(file)
        if match is None:
            issues.append(Issue(f"`{file}` would not be read", "call it v1.yaml, v2.yaml ...", code="file-name"))
            continue
        known = Shared(match["name"], int(match["version"]), text, file, None, Span(file, 1, 1))
        try:
            known = _loaded(known, vocabulary)
        except PolicyError as error:
            issues.extend(error.issues)
        shared[known.label] = known
    return (replace(vocabulary, shared=shared) if shared else vocabulary), issues


def _loaded(known: Shared, vocabulary: Vocabulary) -> Shared:
    """Raises PolicyError with all issues."""
    node = parse(known.text, known.file)
    if issues := check_structure(node, _STRUCTURE, known.text):
        raise PolicyError(issues)
    draft = Draft(Vocabulary({}))
    _refuse_other_name(draft, node, known)
    define(draft, node)
    known = replace(known, node=node, span=node["shared"].span)
    names = known.names()
    if not names:
        draft.fault(known.span, "it says nothing", "write `constants`, `calendars` or `functions`", code="missing-key")
    for name, place in names.items():
        if name in vocabulary:
            draft.fault(place, f"`{name}` is a fact, so nothing that is shared may have its name", code="name")
    if draft.issues:
        raise PolicyError([_of_alone(issue, vocabulary) for issue in draft.issues])
    return known


def _of_alone(issue: Issue, vocabulary: Vocabulary) -> Issue:
    """What is wrong with a function that reads a fact, which is none of its parameters."""
    name = issue.span.text if issue.span is not None else ""
    if issue.code != "unknown-name" or name not in vocabulary:
        return issue
    message = f"`{name}` is a fact, and what is shared reads none"
    return replace(
        issue,
        message=message,
        hint=f"make it a parameter: function({name}: ...); of a table, in `takes`",
        replacements=(),
    )


def _refuse_other_name(draft: Draft, node: Node, known: Shared) -> None:
    """It stands where its name and version say."""
    name, version = node["shared"], node["version"]
    if name.text != known.name:
        what = f"`{name.text}` is in the folder `{known.name}`"
        draft.fault(name.span, what, "rename one of them", code="file-name")
    if int(version.value) != known.version:
        what = f"version {version.text} is in `v{known.version}.yaml`"
        draft.fault(version.span, what, f"call it v{version.text}.yaml", code="file-name")
