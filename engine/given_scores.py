"""Facts that models give: each model is asked once a decision, and what it fails at may have a fallback.

What a model needs may come from another model: `segment` from one, for the price elasticity that another one gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from ordain.engine.errors import DataError, Issue, ModelDegradationDetected, NotThatType, OrdainError
from ordain.engine.fact_store import Found
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.needs import Need, absent, accept
from ordain.engine.policy.facts import (
    FALLBACK,
    REQUEST,
    Fact,
    Facts,
    FactSource,
    FellBack,
    Score,
    outputs_of,
)
from ordain.engine.score_fallback import NO_INPUTS, NO_SCORE, UNREADABLE, UNTRAINED, FallbackRule, typed
from ordain.engine.values.types import Value

Models = Mapping[str, FactSource | ModelDegradationDetected]


@runtime_checkable
class Rests(Protocol):
    """A model that is left alone for a while after it failed repeatedly, where a fact has a fallback."""

    @property
    def resting(self) -> str:
        """Why it is not to be asked now, in a word or two; "" when it may be."""
        ...


@dataclass(slots=True)
class GivenScores:
    """The scores of one decision. `given` is what the request sent, `on_file` what stores know of what it left out;
    `unread` is why they could not be read; `behind` are all facts that models may give. Findings go to `faults` and
    `missing`."""

    given: Mapping[str, object]
    on_file: Mapping[str, Found]
    unread: OrdainError | None
    models: Models
    facts: Facts
    faults: list[Issue]
    missing: list[Issue]
    behind: Mapping[str, Need]
    _asked: dict[str, Score | ModelDegradationDetected] = field(default_factory=dict)
    _asking: list[str] = field(default_factory=list)

    def give(self, need: Need) -> None:
        """Adds the fact from the last of its sources, a model, whose own inputs come from the request or are on file.

        Raises ModelDegradationDetected when the model cannot score and the fact has no fallback.
        """
        fact = need.fact
        try:
            model = self._usable(need)
            if model is None:
                hint = f"send it: no model `{fact.model}` is trained here that could give it"
                return absent(need, self.facts, self.missing, hint)
            score = self._asked.get(model.name)
            if isinstance(score, ModelDegradationDetected):
                raise score.with_traceback(None)
            if score is None:
                score = self._score(need, model)
            if score is not None:
                self._take(fact, model, score)
        except ModelDegradationDetected as failed:
            if need.fallback is None:
                raise
            self._fall_back(need, need.fallback, failed.why)
        return None

    def _usable(self, need: Need) -> FactSource | None:
        """The model; None where it is not trained and the fact may be sent. Raises ModelDegradationDetected."""
        fact, model = need.fact, self.models.get(need.fact.model)
        if model is None:
            if need.fallback is None and REQUEST in fact.sources:
                return None
            message = f"`{fact.name}` comes from the model `{fact.model}`, which is not trained"
            raise _failed(UNTRAINED, message, f"run: ordain train {fact.model} --promote")
        if isinstance(model, ModelDegradationDetected):
            # One error object serves every request; it must not collect their tracebacks.
            model.why = UNREADABLE
            raise model.with_traceback(None)
        asks_again = model.name in self._asked
        if need.fallback is not None and not asks_again and isinstance(model, Rests) and (why := model.resting):
            raise _failed(why, f"the model {model.name}@{model.version} is left alone for a while")
        return model

    def _score(self, need: Need, model: FactSource) -> Score | None:
        """What the model says of the inputs that there are; None where some are lacking, which is told.

        Raises ModelDegradationDetected, and what kept the stores from being read where an input might be there.
        """
        inputs: dict[str, Value] = {}
        lacking = len(self.faults) + len(self.missing)
        for feature in model.reads:
            told = len(self.faults) + len(self.missing)
            raw, found = self.given.get(feature.name), self.on_file.get(feature.name)
            if raw is not None:
                accept(feature, raw, inputs, self.faults)
            elif found is not None and found.value is not None:
                accept(feature, found.value, inputs, self.faults, found.source)
                self.facts.inputs_from[feature.name] = found.source
            elif self._from_model(feature, need, model):
                self._take_input(feature, model, inputs)
            elif len(self.faults) + len(self.missing) > told:
                continue  # what that other model lacks is what this one lacks
            elif self.unread is not None:
                self._refuse_unread(need, model)
            elif feature.optional:
                inputs[feature.name] = None
            elif need.fact.optional or need.may_miss:
                absent(need, self.facts, self.missing)
                return None
            else:
                self._miss(need.fact, feature, model)
        if len(self.faults) + len(self.missing) > lacking:
            return None
        try:
            score = self._asked[model.name] = model.score(inputs)
        except ModelDegradationDetected as failed:
            self._asked[model.name] = failed
            raise
        except DataError as refused:
            # Nobody sent what it cannot take, such as a moment that it does not forecast any more.
            if need.fallback is None or any(issue.fact in self.given for issue in refused.issues):
                raise
            unfit = self._asked[model.name] = _failed(NO_SCORE, refused.message)
            raise unfit from None
        return score

    def _from_model(self, feature: Fact, need: Need, model: FactSource) -> bool:
        """Whether another model, or its fallback, gives an input of this one, which is a fact of the decision then.

        Raises ModelDegradationDetected where it fails without a fallback, or needs what it is to give itself.
        """
        label, name = f"{model.name}@{model.version}", feature.name
        other = self.behind.get(name)
        if other is None or self.facts.values.get(name) is not None:
            return other is not None
        if other.fact.model == model.name or other.fact.model in self._asking:
            raise _failed(NO_INPUTS, f"the model {label} needs `{name}`, which cannot be had without it")
        if other.fact.model not in self.models and need.fallback is not None and other.fallback is None:
            raise _failed(NO_INPUTS, f"the model {label} needs `{name}`, and `{other.fact.model}` is not trained")
        may_miss = feature.optional or need.fact.optional or need.may_miss
        self._asking.append(model.name)
        try:
            self.give(replace(other, reader=f"the model {label}", may_miss=may_miss))
        except ModelDegradationDetected as failed:
            message = f"the model {label} needs `{name}`: {failed.message}"
            raise _failed(NO_INPUTS, message, failed.issues[0].hint) from None
        finally:
            self._asking.pop()
        return self.facts.values.get(name) is not None

    def _take_input(self, feature: Fact, model: FactSource, inputs: dict[str, Value]) -> None:
        name = feature.name
        try:
            inputs[name] = feature.accept(typed(self.facts.values[name]))
        except NotThatType as error:
            message = (
                f"the model {model.name}@{model.version} cannot use `{name}` of {self.facts.sources[name]}: {error}"
            )
            raise _failed(NO_INPUTS, message, "train the two models on the same names") from None
        self.facts.inputs_from[name] = self.facts.sources[name]

    def _refuse_unread(self, need: Need, model: FactSource) -> None:
        if self.unread is not None and need.fallback is None:
            raise self.unread.with_traceback(None)
        raise _failed(NO_INPUTS, f"the inputs of the model {model.name}@{model.version} cannot be read")

    def _miss(self, fact: Fact, feature: Fact, model: FactSource) -> None:
        label = f"{model.name}@{model.version}"
        message = f"the model {label} needs `{feature.name}` for `{fact.name}`, and it is missing"
        hint = feature.meaning if REQUEST not in fact.sources else f"or send `{fact.name}` itself"
        self.missing.append(Issue(message, hint, None, feature.name, fields=feature.wanted))

    def _take(self, fact: Fact, model: FactSource, score: Score) -> None:
        label, value = f"{model.name}@{model.version}", score.value
        outputs = outputs_of(model)
        if fact.output and fact.output not in outputs[:1]:
            if fact.output not in score.also:
                message = f"the model {label} gives no `{fact.output}`, from which `{fact.name}` comes"
                raise ModelDegradationDetected(message, "train it again, or name another output in facts.yaml")
            value = score.also[fact.output]
        try:
            self.facts.values[fact.name] = fact.accept(typed(value))
        except NotThatType as error:
            raise ModelDegradationDetected(f"the score of {label} for `{fact.name}`: {error}") from None
        self.facts.sources[fact.name] = label
        if fact.output:  # what moved the score is told once
            told = any(each.name == model.name for each, _ in self.facts.scores.values())
            score = replace(score, value=value, reasons=() if told else score.reasons, also={})
        self.facts.scores[fact.name] = (model, score)

    def _fall_back(self, need: Need, rule: FallbackRule, why: str) -> None:
        """The fact as its fallback; missing is what the rule needs and nobody gives."""
        fact, inputs = need.fact, dict[str, Value]()
        lacking = len(self.faults) + len(self.missing)
        for other in rule.facts:
            raw, found = self.given.get(other.name), self.on_file.get(other.name)
            if raw is not None:
                accept(other, raw, inputs, self.faults)
            elif found is not None and found.value is not None:
                accept(other, found.value, inputs, self.faults, found.source)
                self.facts.inputs_from[other.name] = found.source
            elif other.default is not None:
                inputs[other.name] = other.default
            elif other.optional:
                inputs[other.name] = None
            else:
                message = f"the fallback of `{fact.name}` needs `{other.name}`, and it is missing"
                hint = f"the model {fact.model} cannot give it now: {why}"
                self.missing.append(Issue(message, hint, None, other.name, fields=other.wanted))
        if len(self.faults) + len(self.missing) > lacking:
            return
        try:
            self.facts.values[fact.name] = rule.gives(inputs)
        except (OrdainError, MissingValue, ArithmeticError, ValueError, TypeError, RecursionError) as error:
            # what compiled expressions raise; NotThatType is a ValueError
            said = error if isinstance(error, NotThatType) else f"it cannot be calculated ({type(error).__name__})"
            raise ModelDegradationDetected(f"the fallback of `{fact.name}`: {said}") from None
        self.facts.sources[fact.name] = f"{FALLBACK}{fact.model}: {why}"
        self.facts.fallbacks[fact.name] = FellBack(fact.model, why, inputs)


def _failed(why: str, message: str, hint: str = "") -> ModelDegradationDetected:
    error = ModelDegradationDetected(message, hint)
    error.why = why
    return error
