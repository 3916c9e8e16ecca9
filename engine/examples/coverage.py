"""What the examples of a policy reach: the rules that fired, and each condition seen true and seen false.

A condition counts where its rule was looked at: after the first match of a table that takes the first, nobody asks
the rules after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue
from ordain.engine.examples.run import example_issues
from ordain.engine.explain.conditions import Condition, ConditionKey, Observer, RuleKey, Run
from ordain.engine.policy.model import Example, Policy, Rule, Table


@dataclass(frozen=True, slots=True)
class TriedExample:
    """An example, what it came to, and what differs from what it says; `number` counts from 1."""

    number: int
    example: Example
    run: Run
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class ConditionSeen:
    """The numbers of the examples for which a condition was true, and false."""

    condition: Condition
    true: tuple[int, ...]
    false: tuple[int, ...]

    @property
    def outcomes(self) -> int:
        return bool(self.true) + bool(self.false)


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """The numbers of the examples for which a rule fired, and what was seen of its conditions."""

    table: Table
    position: int
    fired: tuple[int, ...]
    conditions: tuple[ConditionSeen, ...]

    @property
    def rule(self) -> Rule:
        return self.table.rules[self.position]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the examples of one policy reach."""

    policy: Policy
    examples: tuple[TriedExample, ...]
    rules: tuple[RuleSeen, ...]

    @property
    def failed(self) -> tuple[TriedExample, ...]:
        return tuple(tried for tried in self.examples if tried.issues)

    @property
    def never_fired(self) -> tuple[RuleSeen, ...]:
        return tuple(seen for seen in self.rules if not seen.fired)

    @property
    def outcomes(self) -> tuple[int, int]:
        """How many condition outcomes were seen, and how many there are: two for each condition."""
        conditions = [each for seen in self.rules for each in seen.conditions]
        return sum(each.outcomes for each in conditions), 2 * len(conditions)

    @property
    def rules_percent(self) -> int:
        """Rules fired of all, in whole percent rounded down; 100 when there are none."""
        return percent(len(self.rules) - len(self.never_fired), len(self.rules))


def percent(part: int, whole: int) -> int:
    """Whole percent, rounded down, so that 100 means all; 100 of nothing."""
    return 100 * part // whole if whole else 100


def measure(compiled: CompiledPolicy) -> Coverage:
    """Decides all examples of a policy and counts what they reach. A lenient policy has no examples: nothing counts."""
    policy = compiled.policy
    if policy.lenient:
        return Coverage(policy, (), ())
    observer = Observer(compiled)
    wrong: dict[int, list[Issue]] = {}
    for issue in example_issues(compiled):
        wrong.setdefault(id(issue.span), []).append(issue)
    examples = tuple(
        TriedExample(number, example, observer.run(example.given, example.at), tuple(wrong.get(id(example.span), ())))
        for number, example in enumerate(policy.examples, start=1)
    )
    fired: dict[RuleKey, list[int]] = {}
    seen: dict[tuple[ConditionKey, bool], list[int]] = {}
    for tried in examples:
        for key in sorted(tried.run.fired_keys):
            fired.setdefault(key, []).append(tried.number)
        for outcome in observer.outcomes(tried.run):
            seen.setdefault(outcome, []).append(tried.number)
    rules = []
    for name, planned in observer.tables.items():
        table = planned.table
        for position in range(len(table.rules)):
            conditions = tuple(
                ConditionSeen(
                    condition,
                    tuple(seen.get(((name, position, number), True), ())),
                    tuple(seen.get(((name, position, number), False), ())),
                )
                for number, condition in enumerate(observer.conditions((name, position)))
            )
            rules.append(RuleSeen(table, position, tuple(fired.get((name, position), ())), conditions))
    for table in _own_functions(policy):
        for position in range(len(table.rules)):
            rules.append(RuleSeen(table, position, tuple(fired.get((table.name, position), ())), ()))
    return Coverage(policy, examples, tuple(rules))


def _own_functions(policy: Policy) -> Iterator[Table]:
    """The tables that a policy calls and that stand in its own text: what is shared has other users, too."""
    for function in policy.functions:
        if function.table.span.file == policy.span.file:
            yield function.table
