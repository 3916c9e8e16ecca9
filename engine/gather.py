"""Facts for a decision: only what its policies read, from the request, from a store or from a model, each with its
source."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ordain.engine.errors import (
    CustomerDataIncomplete,
    DataQualityIssue,
    Issue,
    NotThatType,
    OrdainError,
    counted,
    did_you_mean,
    quoted,
)
from ordain.engine.fact_store import Found, OnFile
from ordain.engine.given_scores import GivenScores, Models
from ordain.engine.limits import LIMITS
from ordain.engine.needs import Need, Needs, absent, accept
from ordain.engine.policy.facts import FEATURES, REQUEST, Fact, Facts, Vocabulary
from ordain.engine.policy.readers import Reader
from ordain.engine.score_gate import WITHHELD

_NOTHING: frozenset[str] = frozenset()
_NONE_FOUND: Mapping[str, Found] = {}
_MOST_NAMED = LIMITS.unknown_facts


def gather(
    given: Mapping[str, object],
    needs: Needs,
    vocabulary: Vocabulary,
    models: Models,
    on_file: OnFile | None = None,
) -> Facts:
    """The facts that `needs` asks for, out of the raw JSON values of a request, and of what is `on_file` otherwise.

    Raises CustomerDataIncomplete when facts are missing, DataQualityIssue when one is unknown or not what it must
    be, each with all findings, ModelDegradationDetected when a model that is needed cannot score and has no fallback,
    and what a store raises that cannot be read.
    """
    facts = Facts(dict(needs.values), dict(needs.sources))
    withheld = _NOTHING
    if needs.gate is not None and (withheld := needs.gate.withholds(given, on_file)):
        given = {name: raw for name, raw in given.items() if name not in withheld}
    faults = []
    if not given.keys() <= vocabulary.inputs:
        faults = _strangers(_unwanted(given, needs, vocabulary, models), vocabulary)
    missing: list[Issue] = []
    read = None if faults else _read(given, needs.readers, facts)
    left: Iterable[Need] = needs  # one after the other, so that all that is wrong is told in the order of the needs
    if read is not None:
        left = () if read == len(needs) else [need for name, need in needs.others if given.get(name) is None]
    if left:
        _Rest(given, withheld, vocabulary, models, on_file, facts, faults, missing, needs.behind).fill(left)
    if faults:
        raise DataQualityIssue([*faults, *missing])
    if missing:
        raise CustomerDataIncomplete(missing)
    return facts


@dataclass(slots=True)
class _Rest:
    """What the request did not give, or gave wrong."""

    given: Mapping[str, object]
    withheld: frozenset[str]
    vocabulary: Vocabulary
    models: Models
    on_file: OnFile | None
    facts: Facts
    faults: list[Issue]
    missing: list[Issue]
    behind: Mapping[str, Need]

    def fill(self, left: Iterable[Need]) -> None:
        """Adds each fact from the first of its sources that has it, or says what is wrong."""
        found, unread = (_NONE_FOUND, None) if self.on_file is None else self._found(left, self.on_file)
        scores: GivenScores | None = None
        for need in left:
            fact = need.fact
            raw = self.given.get(fact.name)
            if raw is not None:
                if REQUEST in fact.sources:  # otherwise it has been refused above
                    accept(fact, raw, self.facts.values, self.faults)
            elif fact.name in self.withheld:
                self._withhold(need)
            elif need.may_be_null or (fact.stores and self._is_kept(need, found.get(fact.name))):
                continue
            elif fact.model:
                parts = (self.given, found, unread, self.models, self.facts, self.faults, self.missing, self.behind)
                scores = scores or GivenScores(*parts)
                scores.give(need)
            elif fact.stores and unread is not None:
                raise unread.with_traceback(None)
            else:
                absent(need, self.facts, self.missing, null=fact.name in self.given)

    def _is_kept(self, need: Need, found: Found | None) -> bool:
        """Whether a store knows the fact, which is added then; that there is none is known of what may be null."""
        fact = need.fact
        if found is None or (found.value is None and not (fact.optional or need.may_miss)):
            return False
        if found.value is not None:
            accept(fact, found.value, self.facts.values, self.faults, found.source)
        self.facts.sources[fact.name] = found.source
        return True

    def _found(self, left: Iterable[Need], on_file: OnFile) -> tuple[Mapping[str, Found], OrdainError | None]:
        """What the stores know of the facts that are left and, of those that are to be scored, of the models' inputs;
        and why they could not be read, if so."""
        lacking = [need for need in left if self.given.get(need.fact.name) is None]
        lacking = [need for need in lacking if need.fact.name not in self.withheld]
        try:
            own = {need.fact.name: need.fact.stores for need in lacking if need.fact.stores}
            found = on_file.read(own) if own else {}
            scored = [need for need in lacking if need.fact.model and need.fact.name not in found]
            inputs = self._inputs(scored, on_file) if scored else {}
            return (found | on_file.read(inputs) if inputs else found), None
        except OrdainError as error:
            return _NONE_FOUND, error

    def _inputs(self, scored: Iterable[Need], on_file: OnFile) -> dict[str, tuple[str, ...]]:
        """What models and fallbacks read and the request left out, with the stores that may know it; also the models
        that give what these read."""
        inputs: dict[str, tuple[str, ...]] = {}
        usual = (FEATURES,) if on_file.has(FEATURES) else ()
        waiting, seen = list(scored), set[str]()
        while waiting:
            need = waiting.pop()
            seen.add(need.fact.name)
            model = self.models.get(need.fact.model)
            reads = () if model is None or isinstance(model, OrdainError) else model.reads
            for feature in reads:
                declared = self.vocabulary.facts.get(feature.name, feature).stores
                inputs[feature.name] = declared or usual
                other = self.behind.get(feature.name)
                if other is not None and feature.name not in seen and self.given.get(feature.name) is None:
                    waiting.append(other)
            if need.fallback is not None:
                inputs |= {fact.name: fact.stores for fact in need.fallback.facts if fact.stores}
        return {name: stores for name, stores in inputs.items() if stores and self.given.get(name) is None}

    def _withhold(self, need: Need) -> None:
        """A score that is not to be made: null where the rules see to that, or missing."""
        if need.fact.default is None and need.may_withhold:
            self.facts.values[need.fact.name], self.facts.sources[need.fact.name] = None, WITHHELD
        else:
            hint = "the service says that this customer is not scored (`scores` in services.yaml)"
            absent(need, self.facts, self.missing, hint)


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


def _unwanted(given: Mapping[str, object], needs: Needs, vocabulary: Vocabulary, models: Models) -> Collection[str]:
    """The names that no request may send. While it is not known what a model reads, since its card is not there, and a
    fallback stands in for it, a name that nobody knows may be an input of it, and is passed over."""
    names = given.keys() - vocabulary.inputs
    for need in needs:
        model = models.get(need.fact.model)
        if need.fallback is not None and (model is None or isinstance(model, OrdainError)):
            return [name for name in names if name in vocabulary]
    return names


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


def _not_for_requests(fact: Fact) -> Issue:
    message = f"`{fact.name}` comes from {' or '.join(fact.sources)}, not from a request"
    return Issue(message, "leave it out", None, fact.name)
