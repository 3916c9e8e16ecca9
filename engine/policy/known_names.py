"""The names of one policies directory, written into the schemas for editors: facts with meaning and values, policies,
decisions. They are suggestions: cells are expressions, so that nothing is forbidden by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ordain.engine.errors import PolicyError, Span
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.escapes import escaped
from ordain.engine.policy.facts import PERSONAL_FACTS, POLICY, REQUEST, STORES, Fact, is_model
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import Kind

_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
_ANY: Schema = {}


@dataclass(frozen=True, slots=True)
class KnownNames:
    """`decisions` are those of all policies, with the policy that gives each; `results` are the paths of their outputs,
    as examples expect them. `shared` are the labels of what policies share."""

    facts: Mapping[str, Fact]
    policies: Sequence[str]
    decisions: Mapping[str, str]
    results: Sequence[str]
    shared: Sequence[str] = ()

    def added(self, schema: Schema, path: tuple[str, ...]) -> Schema:
        """What a schema says at a path, with the names that may stand there."""
        match path:
            case ("functions", "*", "rules", "[]", "when"):
                return schema  # its columns are what it takes
            case (*_, "rules", "[]", "when"):
                facts = {name: cell(fact) for name, fact in self.facts.items()}
                other = {**_SCALAR, "description": "a test of what an expression gives"}  # its examples fit no fact
                return {**schema, "properties": facts, "additionalProperties": other}
            case (*_, "examples", "[]", "given"):
                return {**schema, "properties": {name: _given(fact) for name, fact in self.facts.items()}}
            case (*_, "examples", "[]", "expect"):
                own = {path: {"description": self._told(path)} for path in self.results}
                return {**schema, "properties": {**own, "fired": {"description": "the ids of the rules that fire"}}}
            case ("uses", "[]"):
                return _suggested(schema, self.shared)
            case ("services", "*", "policies", "[]"):
                return _suggested(schema, self.policies)
            case ("services", "*", "gives" | "tells", "[]"):
                return _suggested(schema, list(self.decisions))
            case ("facts", "*", "source"):
                models = dict.fromkeys(s for fact in self.facts.values() for s in fact.sources if is_model(s))
                given = (f"{POLICY}{name}" for name in self.policies)
                return {**schema, "examples": [REQUEST, *models, *STORES, PERSONAL_FACTS, *given]}
        return schema

    def _told(self, path: str) -> str:
        decision = path.partition(".")[0]
        return f"what must come out; `{decision}` is given by {self.decisions.get(decision, 'a policy')}"


def _suggested(schema: Schema, words: Sequence[str]) -> Schema:
    """A value that is one of these words, or any other of its shape."""
    return {**schema, "anyOf": [{"enum": list(words)}, {"type": schema.get("type", "string")}]} if words else schema


def cell(fact: Fact) -> Schema:
    """A cell about a fact: its values, each as it is written in a cell, and the forms of a test that it can have."""
    values = [_in_cell(value, fact.type.values) for value in fact.type.values]
    if fact.type.kind is Kind.FLAG:
        return {"description": told(fact), "anyOf": [{"enum": [True, False]}, _SCALAR]}
    examples, snippets = _forms(fact)
    found: Schema = {"description": told(fact), "anyOf": [{"enum": values}, _SCALAR] if values else [_SCALAR]}
    if fact.nullable:
        examples = [*examples, "null"]
    if examples:
        found["examples"] = examples
    if snippets:
        found["defaultSnippets"] = snippets
    return found


def _forms(fact: Fact) -> tuple[list[Any], list[Schema]]:
    """Tests as examples, and those in which something is to be filled in. What has a comma brings its quotes along."""
    values = fact.type.values
    if fact.type.kind is Kind.NUMBER:
        low, high = ("0", "100") if fact.limits is None else (_written(fact.limits.low), _written(fact.limits.high))
        return [], [
            {"label": "above a number", "body": f'"> ${{1:{low or 0}}}"'},
            {"label": "below a number", "body": f'"< ${{1:{high or 100}}}"'},
            {"label": "from one number to another", "body": f'"[${{1:{low or 0}}}..${{2:{high or 100}}}]"'},
        ]
    if fact.type.kind is Kind.LIST:
        item = fact.type.item
        return [f"list contains(?, {escaped(value)})" for value in (item.values if item is not None else ())], []
    if len(values) > 1:
        one, other = (_in_cell(value, values).replace('"', '\\"') for value in values[:2])
        return [], [
            {"label": "one of several", "body": f'"${{1:{one}}}, ${{2:{other}}}"'},
            {"label": "any but this one", "body": f'"not(${{1:{one}}})"'},
        ]
    return [], []


def _written(bound: object) -> str:
    return "" if bound is None else f"{bound:f}"


def _in_cell(value: str, values: tuple[str, ...]) -> str:
    """A declared value as a cell has it: the bare word where it is read as one, else a text in double quotes."""
    return value if reads_as_word(value, values) else escaped(value)


def reads_as_word(value: str, values: tuple[str, ...]) -> bool:
    """Whether a cell that consists of a declared value asks for that value."""
    try:
        node = parse.unary_tests(value, Span("", 1, 1), values)
    except PolicyError:
        return False
    return isinstance(node, tree.Matches) and isinstance(node.candidate, tree.Name) and node.candidate.name == value


def _given(fact: Fact) -> Schema:
    values: list[Any] = [True, False] if fact.type.kind is Kind.FLAG else list(fact.type.values)
    return {"description": told(fact), **({"anyOf": [{"enum": values}, _ANY]} if values else {})}


def told(fact: Fact) -> str:
    """A fact's meaning, type, unit and range in a line."""
    unit = f" in {fact.type.unit}" if fact.type.unit else ""
    limits = f", {fact.limits}" if fact.limits is not None else ""
    missing = "; may be missing" if fact.nullable else ""
    marks = "".join(
        f"; {mark}" for mark, holds in (("personal", fact.personal), ("protected", fact.protected)) if holds
    )
    return f"{fact.meaning} ({fact.type}{unit}{limits}{missing}{marks})"
