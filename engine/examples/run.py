"""A policy's own examples: decided whenever it is loaded, and each must come out as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue, OrdainError
from ordain.engine.policy.model import Example
from ordain.engine.step import Step, fired_rules
from ordain.engine.values.types import Value, plain

FIRED = "fired"
"""What an example expects of the rules, beside outputs by path."""


@dataclass(frozen=True, slots=True)
class Decided:
    """An example, what its decision gave by name, the rules that fired, and the error it ended in, if any."""

    example: Example
    values: Mapping[str, Value]
    fired: frozenset[str]
    error: OrdainError | None

    @property
    def refused(self) -> str:
        """The code of the error; "" when there is none."""
        return self.error.code if self.error is not None else ""

    def actual(self, path: str) -> Value:
        """What stands at the path of an output, or the ids of all rules that fired."""
        return self.fired if path == FIRED else _at(self.values, path)

    @property
    def differing(self) -> tuple[str, ...]:
        """The paths that come out otherwise than expected, of an example that no error ended."""
        return tuple(path for path, wanted in self.example.expect.items() if self.actual(path) != wanted)

    @property
    def holds(self) -> bool:
        return self.refused == self.example.refused and (self.error is not None or not self.differing)


def decided(compiled: CompiledPolicy, example: Example) -> Decided:
    """Decides for the facts of an example, at its time."""
    values: dict[str, Value] = dict(example.given)
    steps: list[Step] = []
    error = None
    try:
        compiled.run(values, example.at, steps)
    except OrdainError as raised:
        error = raised
    return Decided(example, values, fired_rules(steps), error)


def example_issues(compiled: CompiledPolicy) -> list[Issue]:
    """What came out otherwise, for each example that did."""
    issues = []
    for number, example in enumerate(compiled.policy.examples, start=1):
        issues.extend(_wrong(decided(compiled, example), f"example {number} of `{compiled.policy.label}`"))
    return issues


def _wrong(tried: Decided, name: str) -> list[Issue]:
    if tried.holds:
        return []
    example, error = tried.example, tried.error
    if error is not None:
        message = f"{name} ended in {error.code}: {error.message}"
        return [Issue(message, error.issues[0].hint, example.span, code="example")]
    if example.refused:
        return [Issue(f"{name} was not refused", "", example.span, code="example")]
    hint = f"fired: {', '.join(sorted(tried.fired)) or 'no rule'}"
    return [
        Issue(
            f"{name} gives {path} {_text(tried.actual(path))}, not {_text(example.expect[path])}",
            hint,
            example.span,
            code="example",
        )
        for path in tried.differing
    ]


def _at(values: Value, path: str) -> Value:
    for name in path.split("."):
        values = values[name] if values is not None else None
    return values


def _text(value: Value) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "no rule"
    return f"`{plain(value)}`"
