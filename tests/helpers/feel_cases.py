"""One FEEL text decided alone: parsed, checked, compiled and run, as a policy with a single formula would be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import OrdainError, PolicyError, Span
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.model import Decision, Effective, Formula, Policy
from ordain.engine.values.types import NULL, Type, Value, context_of, plain, read, type_named

CASES = Path(__file__).parents[1] / "cases"
AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
ORIGIN = Span("case", 1, 1)


def cases(file: str) -> Any:
    return yaml.safe_load((CASES / file).read_text(encoding="utf-8"))


def type_of(written: Any) -> Type:
    """A type as the cases write it: `number`, `number?` when it may be null, or its values or fields."""
    if isinstance(written, list):
        return replace(type_named("text") or NULL, values=tuple(written))
    if isinstance(written, dict):
        return context_of({name: type_of(part) for name, part in written.items()})
    found = type_named(written.removesuffix("?"))
    assert found is not None, written
    return replace(found, optional=written.endswith("?"))


def scope_of(facts: Mapping[str, Any]) -> dict[str, Type]:
    return {name: type_of(fact["type"]) for name, fact in facts.items()}


def values_of(facts: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Value]:
    raw = {name: given.get(name, fact.get("value")) for name, fact in facts.items()}
    return {
        name: None if raw[name] is None else read(type_of(fact["type"]), raw[name], stored=True)
        for name, fact in facts.items()
    }


def checked(text: str, scope: Mapping[str, Type]) -> Checked:
    """The typed tree of a text. Raises PolicyError, as loading would."""
    found = check(parse.expression(text, ORIGIN, scope), scope)
    if found.issues:
        raise PolicyError(found.issues)
    return found


def policy_of(*decisions: Decision, reads: tuple[str, ...], may_miss: bool = False) -> Policy:
    """A policy of nothing but these decisions."""
    return Policy(
        name="case",
        version=1,
        kind="decision",
        effective=Effective(dt.date(2026, 1, 1)),
        owner="tests",
        purpose="a case",
        constants={},
        decisions=decisions,
        must_hold=(),
        gives={decision.name: decision.type for decision in decisions},
        reads=reads,
        may_miss=may_miss,
        examples=(),
        digest="",
        text=b"",
        span=ORIGIN,
    )


def compiled_formula(expression: Checked, reads: tuple[str, ...]) -> CompiledPolicy:
    formula = Formula("result", expression, replace(expression.type, optional=True), expression.tree.span)
    return compile_policy(policy_of(formula, reads=reads))


def decided(text: str, scope: Mapping[str, Type], values: Mapping[str, Value]) -> tuple[Type, Value]:
    """The type and value of a text. Raises OrdainError."""
    expression = checked(text, scope)
    held = dict(values)
    compiled_formula(expression, tuple(scope)).run(held, AT, [])
    return expression.type, held["result"]


def shown(text: str, scope: Mapping[str, Type], values: Mapping[str, Value]) -> dict[str, Any]:
    """What came of a text in the form of the cases: a type and a value, or an error with its words."""
    try:
        type, value = decided(text, scope, values)
    except OrdainError as error:
        return {"error": error.code, **words(error)}
    return {"type": str(type), "value": plain(value)}


def words(error: OrdainError) -> dict[str, Any]:
    """The first finding of an error: message, hint, underlined text and, unless it is 1, the column."""
    issue = error.issues[0]
    assert issue.span is not None
    found: dict[str, Any] = {"message": issue.message, "hint": issue.hint, "under": issue.span.text}
    if issue.span.column > 1:
        found["column"] = issue.span.column
    return found
