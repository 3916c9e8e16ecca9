"""A customer of the solver's decided by Python's reading, which has the last word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import NotThatType, OrdainError
from ordain.engine.evaluate import Plan
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.values.types import Value, plain


@dataclass(frozen=True, slots=True)
class Told:
    """What deciding gave: all values, or the error that it ended in."""

    values: Mapping[str, Value]
    error: OrdainError | None = None


def may_be_sent(vocabulary: Vocabulary, facts: Mapping[str, Value]) -> bool:
    """Whether a request may have these facts just so: within their ranges, and not rounded to another value."""
    for name, value in facts.items():
        fact = vocabulary[name]
        if value is None or fact.given_by or fact.derived:
            continue
        try:
            if fact.accept(plain(value)) != value:
                return False
        except (NotThatType, TypeError):
            return False
    return True


def decided(of: CompiledPolicy | Plan, facts: Mapping[str, Value], at: dt.datetime) -> Told:
    """What a policy, or a service, decides for facts."""
    values = dict(facts)
    try:
        if isinstance(of, CompiledPolicy):
            of.run(values, at, [])
            return Told(values)
        return Told(of.evaluate(Facts(values, {}), at).values)
    except OrdainError as error:
        return Told({}, error)


def holds(expression: Checked, values: Mapping[str, Value], at: dt.datetime) -> bool | None:
    """Whether a settled condition holds of what was decided; None when it cannot be told, such as of a null."""
    names = tuple(name for name in expression.reads if name in values)
    try:
        return bool(function_of(expression, names)(None, values, at, Runtime(None)))
    except (MissingValue, OrdainError, ArithmeticError, ValueError, TypeError):
        return None


def shown(values: Mapping[str, Value], names: Any) -> str:
    """Some of what was decided, for people: `price 605, promise.id founders`."""
    parts = []
    for name in names:
        value = values.get(name)
        if isinstance(value, dict):
            parts += [f"{name}.{field} {_text(part)}" for field, part in value.items()]
        elif not isinstance(value, tuple):
            parts.append(f"{name} {_text(value)}")
    return ", ".join(parts)


def _text(value: Value) -> str:
    return "null" if value is None else str(plain(value))
