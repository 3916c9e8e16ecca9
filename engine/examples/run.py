"""A policy's own examples: decided whenever it is loaded, and each must come out as written."""

from __future__ import annotations

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue, OrdainError
from ordain.engine.policy.model import Example
from ordain.engine.step import Step, fired_rules
from ordain.engine.values.types import Value, plain


def example_issues(compiled: CompiledPolicy) -> list[Issue]:
    """What came out otherwise, for each example that did."""
    issues = []
    for number, example in enumerate(compiled.policy.examples, start=1):
        issues.extend(_wrong(compiled, example, number))
    return issues


def _wrong(compiled: CompiledPolicy, example: Example, number: int) -> list[Issue]:
    values: dict[str, Value] = dict(example.given)
    steps: list[Step] = []
    try:
        compiled.run(values, example.at, steps)
    except OrdainError as error:
        if error.code == example.refused:
            return []
        message = f"example {number} of `{compiled.policy.label}` ended in {error.code}: {error.message}"
        return [Issue(message, error.issues[0].hint, example.span, code="example")]
    if example.refused:
        return [
            Issue(f"example {number} of `{compiled.policy.label}` was not refused", "", example.span, code="example")
        ]
    issues = []
    for path, wanted in example.expect.items():
        actual = fired_rules(steps) if path == "fired" else _at(values, path)
        if actual != wanted:
            message = f"example {number} of `{compiled.policy.label}` gives {path} {_text(actual)}, not {_text(wanted)}"
            issues.append(
                Issue(
                    message,
                    f"fired: {', '.join(sorted(fired_rules(steps))) or 'no rule'}",
                    example.span,
                    code="example",
                )
            )
    return issues


def _at(values: Value, path: str) -> Value:
    for name in path.split("."):
        values = values[name] if values is not None else None
    return values


def _text(value: Value) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "no rule"
    return f"`{plain(value)}`"
