"""JSON Schemas for editors: the shapes that files are checked against, with hover text, examples and snippets added.

Only keywords that JSON Schema draft 7 has too are used, so that editors which know no later draft can read them.
"""

from __future__ import annotations

from typing import Any

from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.known_names import KnownNames
from ordain.engine.policy.load import HEADER, policy_schema
from ordain.engine.policy.load_facts import VOCABULARY
from ordain.engine.policy.load_shared import SHARED
from ordain.engine.policy.service import SERVICES
from ordain.engine.text.structure import Schema

ANY_KIND = "policy"
NAMES = (ANY_KIND, *KINDS, "shared", "facts", "services")
"""What there is a schema of: any policy, a policy of one kind, what policies share, facts.yaml, services.yaml."""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NESTED = ("items", "if", "then", "else", "additionalProperties")
_KINDS = "; ".join(f"{name}: {kind.meaning}" for name, kind in KINDS.items())
_TYPES = ["number", "text", "flag", "date", "time", "date and time", "duration", "months", "list of text"]

_HOVER = {
    "kind": f"what sort of policy it is - {_KINDS}",
    "constants.*": "a number, a quoted text, a flag, a date or a list of them; or `{value: ..., meaning: ...}`",
    "constants.*.meaning": "what the constant is, in words",
    "calendars.*": "one calendar: its years, the weekdays on which nobody works, its holidays",
    "calendars.*.holidays.*": "what is celebrated on this day",
    "effective.from": "the first day it decides, such as 2026-01-31",
    "effective.until": "the last day it decides; open if left out",
    "effective.then": "`back`: a season. Within its days this version decides, afterwards what would decide without it",
    "expect.*": "the value that must come out",
    "given.*": "the value of the fact in this example",
    "decides.*": "a table (`gives`, `hit policy`, `rules`, `otherwise`) or a formula (`gives`, `formula`)",
    "functions.*": "`function(name: type, ...) expression`, or a table that says what it `takes` and `gives`",
    "takes.*": "the type of this parameter: `number`, or `{type: text, values: [...]}`",
    "gives": "the type of the decision, or the names and types of its outputs",
    "formula.*": "the expression of this output; it may read those before it in `gives`",
    "gives.*": "the type of this output: `number`, or `{type: text, values: [...]}`",
    "type": "number, text, flag, date, time, date and time, duration, months, list of text",
    "unit": "for example GB, days, percent, fraction, or a currency such as INR",
    "aggregation": "with the hit policy collect: one number made of the outputs of all rules that match",
    "rules": "the rows of the table, in their order",
    "when.*": 'a test such as `"> 0.80"`, `"[0.50..0.80]"`, `high`, `"high, medium"`, `not(high)`, `"null"` or `"-"`',
    "then.*": "the value of this output; a text that begins with `=` is an expression",
    "otherwise.*": "the value of this output when no rule matches",
    "price.*": "one price: its formula, currency and rounding",
    "bounds.*": "one price: where it starts from, its limits, its rounding",
    "limits": "the limits that the price is kept within",
    "status": "only rules `in force` decide; others stay on file as knowledge",
    "requires.*": "what exactly the caller must do or show",
    "facts": "every fact that a policy may read, by name",
    "facts.*": "one fact: its type and meaning, and what else is known of it",
    "facts.*.meaning": "what the fact is, in words; people read it when it is missing",
    "fields.*": "the type of this field",
    "services": "what an app can ask for, by name",
    "services.*": "one service: the policies that decide it, in order, and what it gives",
    "services.*.purpose": "what it is for, in a sentence",
}
"""What a key means, by the end of its path; `*` stands for a name that the writer chooses."""

_EXAMPLES: dict[str, list[Any]] = {
    "effective": ["2026-01-01", {"from": "2026-10-15", "until": "2026-11-15", "then": "back"}],
    "constants.*": [{"value": 0.12, "meaning": "as a fraction"}],
    "type": list(_TYPES),
    "gives": ["number", "text", {"type": "text", "values": ["best", "worst"]}],
    "when.*": ["> 0.80", "[0.50..0.80]", "not(high)", "null", "-"],
    "within": ["10 percent of current_price"],
    "round": ["half up to 0.01", "half up to 1.00", "down to 5"],
    "currency": ["INR", "EUR"],
    "cooldown": ["30 days"],
    "limits.at most": ["3 per 90 days"],
    "range": ["0..1", "0..", "(0..100]"],
    "facts.*.source": ["request", "policy price-bounds"],
}
_TITLES = {
    "decides.*.rules.[]": "a rule",
    "functions.*.rules.[]": "a rule",
    "rules.[]": "a rule of law",
    "limits.[]": "a limit",
    "promises.[]": "a promise",
    "must hold.[]": "what must hold",
    "examples.[]": "an example",
}
"""What an item of a list is called, which editors would name after the whole file."""
_PATTERN_TOLD = "patternErrorMessage"
"""What the YAML language server says where a text does not fit; it would show the pattern itself."""
_RULES: list[Schema] = [
    {
        "label": "a rule",
        "body": {
            "id": "${1:name}",
            "when": {"${2:fact}": "${3:> 0.80}"},
            "then": "${4:value}",
            "because": "${5:reason}",
        },
    }
]
_SNIPPETS: dict[str, list[Schema]] = {
    "when": [{"label": "a test of a fact", "body": {"${1:fact}": "${2:> 0.80}"}}],
    "when.*": [{"label": "one of several", "body": '"${1:high}, ${2:medium}"'}],
    "must hold.[]": [
        {"label": "what must hold", "body": {"id": "${1:name}", "that": "${2:price >= 0}", "because": "${3:reason}"}}
    ],
    "examples.[]": [
        {"label": "an example", "body": {"given": {"${1:fact}": "${2:value}"}, "expect": {"${3:output}": "${4:value}"}}}
    ],
    "decides.*.rules.[]": _RULES,
    "functions.*.rules.[]": _RULES,
}


def editor_schema(name: str, known: KnownNames | None = None) -> Schema:
    """The JSON Schema (draft 2020-12) of one of NAMES, each property with a description; `known` are the names of the
    policies directory that is edited, which it suggests then."""
    head = {"$schema": _DRAFT, "title": f"Ordain: {name}"}
    if name == ANY_KIND:
        return {**head, **_any_kind(known)}
    shape = {"shared": SHARED, "facts": VOCABULARY, "services": SERVICES}.get(name)
    return {**head, **_told(shape if shape is not None else policy_schema(name), (), known)}


def _any_kind(known: KnownNames | None) -> Schema:
    """A policy of any kind: what all have, and by its `kind` what that one has."""
    by_kind = []
    for kind, of in KINDS.items():
        then = _told({**policy_schema(kind), "required": list(of.required)}, (), known)
        by_kind.append({"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": then})
    required = [key for key in policy_schema(next(iter(KINDS)))["required"] if key in HEADER]
    return {**_told({"type": "object", "required": required, "properties": HEADER}, (), known), "allOf": by_kind}


def _told(schema: Schema, path: tuple[str, ...], known: KnownNames | None) -> Schema:
    """A copy of the schema with what editors show, at every key below it. `path` are the keys that lead to it."""
    told = dict(schema)
    if "properties" in schema:
        told["properties"] = {key: _told(part, (*path, key), known) for key, part in schema["properties"].items()}
    for key in _NESTED:
        if isinstance(schema.get(key), dict) and key != "if":
            step = {"items": "[]", "additionalProperties": "*"}.get(key)
            told[key] = _told(schema[key], (*path, step) if step else path, known)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            told[key] = [_shape(part, path, known) for part in schema[key]]
    if path and path[-1] != "[]":
        hover = _by_path(_HOVER, path)
        if hover is not None and ("description" not in schema or path == ("kind",)):
            told["description"] = hover
    if (examples := _by_path(_EXAMPLES, path)) is not None:
        told["examples"] = examples
    if (snippets := _by_path(_SNIPPETS, path)) is not None:
        told["defaultSnippets"] = snippets
    if (title := _by_path(_TITLES, path)) is not None:
        told["title"] = title
    if "pattern" in schema and "description" in told:
        told[_PATTERN_TOLD] = told["description"]
    return told if known is None else known.added(told, path)


def _shape(schema: Schema, path: tuple[str, ...], known: KnownNames | None) -> Schema:
    """One of several shapes of a value: what is said of the value stands above, not at each of them."""
    told = _told(schema, path, known)
    return {key: part for key, part in told.items() if key in schema or key == _PATTERN_TOLD}


def _by_path(table: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The entry of the longest end of the path."""
    for first in range(len(path)):
        text = table.get(".".join(path[first:]))
        if text is not None:
            return text
    return None
