"""What a fact counts as when the model that is to give it fails: a value, or a rule on facts that are known without it.

facts.yaml says it:

    churn_risk:
      source: [request, churn]
      fallback: {rule: if tenure_months < 6 then 0.3 else 0.1}

Without it a decision that needs the score is refused, which is right where a guess would do harm. With it the decision
is made, and its record says that it was made so, and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.errors import Issue, NotThatType, PolicyError
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.facts import REQUEST, STORES, Fact, Fallback, Vocabulary
from ordain.engine.values.types import Value, plain

_AT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""No rule asks for the time: see `fallback_issues`."""

UNTRAINED, UNREADABLE, NO_SCORE, NO_INPUTS, SLOW, FAILING = WHYS = (
    *("not trained", "unreadable", "no score"),
    *("inputs not readable", "too slow", "failing"),
)
"""Why a model was not asked, or gave nothing. The last two: it is left alone for a while."""


@dataclass(frozen=True, slots=True)
class FallbackRule:
    """`facts` are what the rule reads; none of a constant. `gives` raises NotThatType, and what
    compiled expressions raise."""

    facts: tuple[Fact, ...]
    gives: Callable[[Mapping[str, Value]], Value]


def fallback_of(fact: Fact, vocabulary: Vocabulary) -> FallbackRule | None:
    """The fallback of a fact, ready to be asked. Raises PolicyError for a rule that is none."""
    said = fact.fallback
    if said is None:
        return None
    if not said.rule:
        return FallbackRule((), lambda _: said.value)
    checked, issues = _checked(fact, said, vocabulary)
    if checked is None or issues:
        raise PolicyError(issues)
    reads = tuple(name for name in checked.reads if name in vocabulary)
    run = function_of(checked, reads)

    def gives(values: Mapping[str, Value]) -> Value:
        value = run(None, values, _AT, Runtime(None))
        return None if value is None and fact.optional else fact.accept(typed(value))

    return FallbackRule(tuple(vocabulary[name] for name in reads), gives)


def typed(value: Value) -> object:
    """A value as `Fact.accept` takes it: times and dates as they are written."""
    return plain(value) if isinstance(value, dt.date | dt.time | dt.timedelta) else value


def fallback_issues(vocabulary: Vocabulary) -> list[Issue]:
    """What is wrong with the fallbacks that are rules."""
    issues: list[Issue] = []
    for fact in vocabulary.facts.values():
        if fact.fallback is not None and fact.fallback.rule:
            issues += _checked(fact, fact.fallback, vocabulary)[1]
    return issues


def _checked(fact: Fact, said: Fallback, vocabulary: Vocabulary) -> tuple[Checked | None, list[Issue]]:
    types = vocabulary.visible(may_miss=False)
    if said.span is None:
        raise AssertionError("a rule that was read from a file stands somewhere")
    try:
        checked = check(parse.expression(said.rule, said.span, types.names, types.fields), types)
    except PolicyError as error:
        return None, list(error.issues)
    return checked, list(checked.issues) or list(_rule_issues(checked, fact, said, vocabulary))


def _rule_issues(checked: Checked, fact: Fact, said: Fallback, vocabulary: Vocabulary) -> Iterator[Issue]:
    def issue(message: str, hint: str = "") -> Issue:
        return Issue(f"the fallback of `{fact.name}` {message}", hint, said.span, fact.name, code="source")

    for other in (vocabulary[name] for name in checked.reads if name in vocabulary):
        if not is_known(other):
            yield issue(f"reads `{other.name}`, which is not known when a model fails", "read what a request may send")
    calls = (node.signature for node in tree.walk(checked.tree) if isinstance(node, tree.Call))
    if any(called is not None and called.clock for called in calls):
        yield issue("asks for the time", "a fact that says how long something has been is known without it")
    if not replace(fact.type, values=()).holds(replace(checked.type, values=())):
        yield issue(f"gives {checked.type}, and it is {fact.type}")
        return
    for value in _written(checked.tree):
        try:
            fact.accept(typed(value))
        except NotThatType as error:
            yield issue(f"may give what it cannot be: {error}")


def is_known(fact: Fact) -> bool:
    """Whether a fact is known before any model is asked: a request or a store gives it, and nothing else."""
    return all(source in (REQUEST, *STORES) for source in fact.sources)


def _written(part: tree.Expr) -> Iterable[Value]:
    """The values that an expression gives as they are written in it."""
    match part:
        case tree.Literal(value=value) if value is not None:
            return (value,)
        case tree.If(then=then, otherwise=otherwise):
            return (*_written(then), *_written(otherwise))
    return ()
