"""Facts for a decision: only what its policies read, from the request or from a model, each with its source."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from ordain.engine.errors import (
    CustomerDataIncomplete,
    DataQualityIssue,
    Issue,
    ModelDegradationDetected,
    NotThatType,
    Span,
    counted,
    did_you_mean,
    quoted,
)
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import REQUEST, Fact, Facts, FactSource, Score, Vocabulary
from ordain.engine.policy.readers import Reader
from ordain.engine.score_gate import WITHHELD, ScoreGate
from ordain.engine.values.types import Value

_NOTHING: frozenset[str] = frozenset()
_MOST_NAMED = LIMITS.unknown_facts


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that a service reads. `reader` is the first rule that does; `may_miss` leaves null to the rules."""

    fact: Fact
    reader: str
    span: Span
    may_miss: bool
    may_withhold: bool = False
    """Whether all that read it can decide without it when the service's gate withholds it."""
    may_be_null: bool = field(init=False)
    """Whether a request may leave it out, and nothing else gives it then."""

    def __post_init__(self) -> None:
        fact = self.fact
        quiet = (fact.optional or self.may_miss) and fact.default is None and fact.sources[-1] == REQUEST
        object.__setattr__(self, "may_be_null", quiet)


class Needs(tuple[Need, ...]):
    """The facts that a service reads, with what is the same each time they are gathered.

    `readers` has those that a request may send. `values` and `sources` are what comes out when nothing is sent and
    nothing has to be: null, and missing. `others` have something else to say then.
    """

    readers: Mapping[str, Reader]
    values: Mapping[str, Value]
    sources: Mapping[str, str]
    others: tuple[tuple[str, Need], ...]
    gate: ScoreGate | None
    """What is looked at before any model is asked, if the service has it."""

    def __new__(cls, needs: Iterable[Need], gate: ScoreGate | None = None) -> Self:
        return super().__new__(cls, needs)

    def __init__(self, needs: Iterable[Need], gate: ScoreGate | None = None) -> None:
        self.gate = gate
        self.readers = {need.fact.name: need.fact.read for need in self if REQUEST in need.fact.sources}
        self.values = dict.fromkeys(need.fact.name for need in self)
        self.sources = dict.fromkeys(self.values, "missing")
        self.others = tuple((need.fact.name, need) for need in self if not need.may_be_null)


def gather(
    given: Mapping[str, object],
    needs: Needs,
    vocabulary: Vocabulary,
    models: Mapping[str, FactSource | ModelDegradationDetected],
) -> Facts:
    """The facts that `needs` asks for, out of the raw JSON values of a request.

    Raises CustomerDataIncomplete when facts are missing, DataQualityIssue when one is unknown or not what it must
    be, each with all findings, and ModelDegradationDetected when a model that is needed cannot score.
    """
    facts = Facts(dict(needs.values), dict(needs.sources))
    withheld = _NOTHING
    if needs.gate is not None and (withheld := needs.gate.withholds(given)):
        given = {name: raw for name, raw in given.items() if name not in withheld}
    faults = [] if given.keys() <= vocabulary.inputs else _strangers(given.keys() - vocabulary.inputs, vocabulary)
    missing: list[Issue] = []
    read = None if faults else _read(given, needs.readers, facts)
    left: Iterable[Need] = needs  # one after the other, so that all that is wrong is told in the order of the needs
    if read is not None:
        left = () if read == len(needs) else [need for name, need in needs.others if given.get(name) is None]
    for need in left:
        fact = need.fact
        raw = given.get(fact.name)
        if raw is not None:
            if REQUEST in fact.sources:  # otherwise it has been refused above
                _accept(fact, raw, facts.values, faults)
        elif fact.name in withheld:
            _withhold(need, facts, missing)
        elif need.may_be_null:
            continue
        elif fact.sources[-1] != REQUEST:
            _score(need, given, models, facts, faults, missing)
        else:
            _absent(need, facts, missing, null=fact.name in given)
    if faults:
        raise DataQualityIssue([*faults, *missing])
    if missing:
        raise CustomerDataIncomplete(missing)
    return facts


def _read(given: Mapping[str, object], readers: Mapping[str, Reader], facts: Facts) -> int | None:
    """Reads what was sent of the facts that are asked for: how many there are, or None where one is not what it must
    be."""
    values, sources, read = facts.values, facts.sources, 0
    try:
        for name, raw in given.items():
            if raw is not None and name in readers:
                values[name] = readers[name](raw)
                sources[name] = REQUEST
                read += 1
    except NotThatType:
        return None
    return read


def _strangers(names: Collection[str], vocabulary: Vocabulary) -> list[Issue]:
    """What is wrong with facts that no request may send."""
    faults = []
    for name in sorted(names)[:_MOST_NAMED]:
        if name in vocabulary:
            faults.append(_not_for_requests(vocabulary[name]))
        else:
            faults.append(Issue(f"unknown fact {quoted(name)}", did_you_mean(name, vocabulary.inputs), None, name))
    if len(names) > _MOST_NAMED:
        faults.append(Issue(f"and {counted(len(names) - _MOST_NAMED, 'more unknown fact')}"))
    return faults


def _accept(fact: Fact, raw: object, into: dict[str, Value], faults: list[Issue]) -> None:
    try:
        into[fact.name] = fact.read(raw)
    except NotThatType as error:
        faults.append(Issue(f"`{fact.name}`: {error}", fact.meaning, None, fact.name, fields=fact.wanted))


def _not_for_requests(fact: Fact) -> Issue:
    message = f"`{fact.name}` comes from {' or '.join(fact.sources)}, not from a request"
    return Issue(message, "leave it out", None, fact.name)


def _absent(need: Need, facts: Facts, missing: list[Issue], hint: str = "", *, null: bool = False) -> None:
    """A fact without a value: its default, null where the rules see to that, or missing. A null is no default."""
    fact = need.fact
    if fact.default is not None and not null:
        facts.values[fact.name], facts.sources[fact.name] = fact.default, "default"
    elif fact.optional or need.may_miss:
        facts.values[fact.name], facts.sources[fact.name] = None, "missing"
    else:
        message = f"{need.reader} needs `{fact.name}`, which is missing"
        hint = hint or f"{fact.name}: {fact.meaning}"
        missing.append(Issue(message, hint, need.span, fact.name, fields=fact.wanted))


def _withhold(need: Need, facts: Facts, missing: list[Issue]) -> None:
    """A score that is not to be made: null where the rules see to that, or missing."""
    if need.fact.default is None and need.may_withhold:
        facts.values[need.fact.name], facts.sources[need.fact.name] = None, WITHHELD
    else:
        _absent(need, facts, missing, "the service says that this customer is not scored (`scores` in services.yaml)")


def _score(
    need: Need,
    given: Mapping[str, object],
    models: Mapping[str, FactSource | ModelDegradationDetected],
    facts: Facts,
    faults: list[Issue],
    missing: list[Issue],
) -> None:
    """The fact from the last of its sources, a model, whose own inputs come from the request."""
    fact = need.fact
    model = models.get(fact.sources[-1])
    if model is None or isinstance(model, ModelDegradationDetected):
        if REQUEST in fact.sources and model is None:
            hint = f"send it: no model `{fact.sources[-1]}` is trained here that could give it"
            return _absent(need, facts, missing, hint)
        if model is None:
            raise ModelDegradationDetected(
                f"`{fact.name}` comes from the model `{fact.sources[-1]}`, which is not trained",
                f"run: ordain train {fact.sources[-1]} --promote",
            )
        # One error object serves every request; it must not collect their tracebacks.
        raise model.with_traceback(None)
    label = f"{model.name}@{model.version}"
    inputs: dict[str, Value] = {}
    lacking = len(faults) + len(missing)
    for feature in model.reads:
        raw = given.get(feature.name)
        if raw is not None:
            _accept(feature, raw, inputs, faults)
        elif feature.optional:
            inputs[feature.name] = None
        elif fact.optional or need.may_miss:
            return _absent(need, facts, missing)
        else:
            message = f"the model {label} needs `{feature.name}` for `{fact.name}`, and it is missing"
            hint = feature.meaning if REQUEST not in fact.sources else f"or send `{fact.name}` itself"
            missing.append(Issue(message, hint, None, feature.name, fields=feature.wanted))
    if len(faults) + len(missing) > lacking:
        return None
    score: Score = model.score(inputs)
    try:
        facts.values[fact.name] = fact.accept(score.value)
    except NotThatType as error:
        raise ModelDegradationDetected(f"the score of {label} for `{fact.name}`: {error}") from None
    facts.sources[fact.name] = label
    facts.scores[fact.name] = (model, score)
    return None
