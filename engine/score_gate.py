"""The gate before the scores: of whom a service asks no model, because they objected, or did not agree.

A service says it in `services.yaml`, as a condition on what a request sends, or is on file:

    scores:
      unless: marketing_objection != null and marketing_objection
      because: you objected to direct marketing, and that covers profiling for it

It is looked at before any model is asked, so that nobody is scored first and the score thrown away afterwards (GDPR
Article 21). A score that a request sends is not read either. The policies then decide without the score, and say so in
`decides without`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.errors import Issue, NotThatType, OrdainError, PolicyError
from ordain.engine.fact_store import Found, OnFile
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Scores, Service
from ordain.engine.score_fallback import is_known
from ordain.engine.values.types import Kind, Value

WITHHELD = "withheld"
"""The source of a score that was not made, and not read, because the gate was shut."""
_AT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""No condition asks for the time: see `condition_issues`."""


@dataclass(frozen=True, slots=True)
class ScoreGate:
    """`facts` are what the condition reads, `scores` the facts that are left out when it holds."""

    facts: tuple[Fact, ...]
    scores: frozenset[str]
    holds: Callable[..., Value]
    condition: Checked

    def withholds(self, given: Mapping[str, object], on_file: OnFile | None = None) -> frozenset[str]:
        """The scores that are not to be made for the raw facts of a request, and for what is on file beside them."""
        return self.scores if self.is_shut(given, on_file) else frozenset()

    def is_shut(self, given: Mapping[str, object], on_file: OnFile | None = None) -> bool:
        """Whether nobody may be scored of whom this is known.

        What is missing, and what is not what it must be, may be an objection: then none is made either, unless the
        condition says what holds then. A store that cannot be read may hold one, too. Raises CalculationFailed.
        """
        values: dict[str, Value] = {}
        try:
            found = {} if on_file is None else self._found(given, on_file)
            for fact in self.facts:
                raw = given.get(fact.name)
                if raw is None and fact.name in found:
                    raw = found[fact.name].value
                absent = None if fact.name in given else fact.default  # a null is no default, as in `gather`
                values[fact.name] = absent if raw is None else fact.accept(raw)
            return self.holds(None, values, _AT, Runtime(None)) is not False
        except (MissingValue, NotThatType, _Unread):
            return True

    def _found(self, given: Mapping[str, object], on_file: OnFile) -> Mapping[str, Found]:
        wanted = {fact.name: fact.stores for fact in self.facts if fact.stores and given.get(fact.name) is None}
        try:
            return on_file.read(wanted) if wanted else {}
        except OrdainError:
            raise _Unread from None


class _Unread(Exception):
    """A store cannot be read."""


def gate_of(service: Service, vocabulary: Vocabulary, policies: Iterable[Policy]) -> ScoreGate | None:
    """The gate of a service before the scores that its policies read; None where there is nothing to withhold.

    Raises PolicyError for a condition that is none.
    """
    if service.scores is None:
        return None
    scores = frozenset(name for policy in policies for name in policy.reads if is_score(vocabulary[name]))
    return _gate(service.scores, vocabulary, scores) if scores else None


def objections(services: Iterable[Service], vocabulary: Vocabulary) -> tuple[ScoreGate, ...]:
    """The gates of all services that have one, whatever scores their policies read: for who is scored outside of a
    decision. Raises PolicyError for a condition that is none."""
    scores = frozenset(name for name in vocabulary if is_score(vocabulary[name]))
    return tuple(_gate(each.scores, vocabulary, scores) for each in services if each.scores is not None)


def _gate(scores: Scores, vocabulary: Vocabulary, withheld: frozenset[str]) -> ScoreGate:
    checked, issues = _checked(scores, vocabulary)
    if checked is None or issues:
        raise PolicyError(issues)
    reads = tuple(name for name in checked.reads if name in vocabulary)
    return ScoreGate(tuple(vocabulary[name] for name in reads), withheld, function_of(checked, reads), checked)


def is_score(fact: Fact) -> bool:
    """Whether a model may give it."""
    return bool(fact.model)


def covers(policy: Policy, fact: Fact) -> bool:
    """Whether a policy that reads a score can decide without it."""
    return fact.name in policy.without or policy.may_miss or fact.optional or fact.default is not None


def condition_issues(service: Service, vocabulary: Vocabulary) -> list[Issue]:
    """What is wrong with the condition of a service's gate."""
    return [] if service.scores is None else _checked(service.scores, vocabulary)[1]


def uncovered(service: Service, policy: Policy, vocabulary: Vocabulary) -> list[Issue]:
    """The scores that a policy reads and cannot decide without, though the service may withhold them."""
    if service.scores is None:
        return []
    return [
        Issue(
            f"`{policy.label}` cannot decide without `{name}`, of which `{service.name}` says when it is not scored",
            f"write `decides without: [{name}]` in the policy, and a rule for it: `{name}: 'null'`",
            policy.span,
            name,
            code="without-score",
        )
        for name in policy.reads
        if is_score(vocabulary[name]) and not covers(policy, vocabulary[name])
    ]


def _checked(scores: Scores, vocabulary: Vocabulary) -> tuple[Checked | None, list[Issue]]:
    types = vocabulary.visible(may_miss=True)
    try:
        checked = check(parse.expression(scores.unless, scores.span, types.names, types.fields), types)
    except PolicyError as error:
        return None, list(error.issues)
    return checked, list(checked.issues) or list(_condition_issues(checked, scores, vocabulary))


def _condition_issues(checked: Checked, scores: Scores, vocabulary: Vocabulary) -> Iterator[Issue]:
    def issue(message: str, hint: str) -> Issue:
        return Issue(message, hint, scores.span, code="service")

    if checked.type.kind is not Kind.FLAG:
        hint = "write what holds for whom no score is made: `marketing_objection`"
        yield issue(f"`unless` is a {checked.type}, not true or false", hint)
    facts = [vocabulary[name] for name in checked.reads if name in vocabulary]
    if not facts:
        yield issue("`unless` reads no fact, so it says the same of everybody", "name a fact: `marketing_objection`")
    for fact in facts:
        if not is_known(fact):
            message = f"`unless` reads `{fact.name}`, which is not known before the scores"
            yield issue(message, "only facts that requests send, or stores know, are known then")
    calls = (node.signature for node in tree.walk(checked.tree) if isinstance(node, tree.Call))
    if any(called is not None and called.clock for called in calls):
        yield issue("`unless` asks for the time", "whether somebody objected does not depend on it")
