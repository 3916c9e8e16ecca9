"""Many decisions at once: scored together, recorded in one commit, and each with its own answer or error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from ordain.api.ask import Ask
from ordain.api.decide import Answer, Decision, make_decision
from ordain.api.problems import unforeseen_in
from ordain.api.services import Rules, Services
from ordain.api.stages.beside_live import score_beside
from ordain.audit.entry.once import Once
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import OrdainError
from ordain.engine.given_scores import Rests
from ordain.engine.policy.facts import Fact, FactSource, Score, outputs_of
from ordain.engine.values.types import Value

Made = TypeVar("Made")


def read_one(what: str, read: Callable[..., Ask], *given: object) -> Ask | OrdainError:
    """An ask as `read` makes it, or why there is none; `what` is read, for the log."""
    try:
        return read(*given)
    except OrdainError as error:
        return error
    except Exception as error:  # a fault of ours spoils what it happened in, and nothing else
        return unforeseen_in(f"reading {what}", error)


def decide_many(
    asks: Sequence[Ask | OrdainError], use: Rules, planned: Sequence[UUID | None] = ()
) -> list[Decision | OrdainError]:
    """Decides each, and records nothing; an ask that is an error already stays what it is. Raises nothing.

    `planned` has for each the id that it was given earlier, if one was. Asks whose facts come from a model are scored
    together, which gives what scoring each alone gives.
    """
    planned = planned or [None] * len(asks)
    came = asked_together(len(asks), use, lambda at, using: _decided(asks[at], using, planned[at]))
    pairs = zip(asks, came, strict=True)
    score_beside([(ask, each.entry) for ask, each in pairs if isinstance(ask, Ask) and isinstance(each, Decision)], use)
    return came


def asked_together(count: int, use: Rules, make: Callable[[int, Rules], Made]) -> list[Made]:
    """What `make` gives for each number below `count`, with models that are asked for many rows at once.

    It is called again for a number whose facts need a score, once that is there; each score is made once.
    """
    came: dict[int, Made] = {}
    scores: list[dict[str, Score | OrdainError]] = [{} for _ in range(count)]
    turns, use = _in_turn(use)
    waiting = list(range(count))
    while waiting:
        wanted: dict[FactSource, list[tuple[int, Mapping[str, Value]]]] = defaultdict(list)
        for at in waiting:
            for each in turns:
                each.scores = scores[at]
            try:
                came[at] = make(at, use)
            except _Wanted as wants:
                wanted[wants.model].append((at, wants.inputs))
        waiting = []
        for model, group in wanted.items():
            for (at, _), score in zip(group, _scores(model, [inputs for _, inputs in group]), strict=True):
                scores[at][model.name] = score
                waiting.append(at)
    return [came[at] for at in range(count)]


def record_many(decisions: Sequence[Decision | OrdainError], use: Services) -> list[Answer | OrdainError]:
    """Records what was decided in one commit, if the ledger can, and gives the answers in the same order."""
    return [came for came in record_each(decisions, use) if not isinstance(came, AskedBefore)]


def record_each(
    decisions: Sequence[Decision | OrdainError], use: Services, onces: Sequence[Once | None] = ()
) -> list[Answer | OrdainError | AskedBefore]:
    """As `record_many`; `onces`, one for each that is a decision, are the requests that are to be decided once."""
    made = [decision for decision in decisions if isinstance(decision, Decision)]
    texts = {decision.entry.form.digest: decision.entry.form.texts for decision in made}
    kept = [text for of_a_plan in texts.values() for text in of_a_plan]
    receipts = iter(use.ledger.ledger.append_each([decision.entry for decision in made], kept, onces))
    answers: list[Answer | OrdainError | AskedBefore] = []
    for decision in decisions:
        if isinstance(decision, OrdainError):
            answers.append(decision)
            continue
        receipt = next(receipts)
        try:
            answers.append(receipt if isinstance(receipt, Exception) else decision.recorded(receipt))
        except OrdainError as refused:  # on record, and its service refuses what was denied
            answers.append(refused)
    return answers


class _Wanted(Exception):
    """A decision needs a score first."""

    def __init__(self, model: FactSource, inputs: Mapping[str, Value]) -> None:
        super().__init__(model.name)
        self.model, self.inputs = model, inputs


class _InTurn:
    """A model that asks for its inputs to be scored with those of others, and has the score when it is asked again.

    `scores` are those of the ask that is decided now, by the names of models.
    """

    def __init__(self, model: FactSource) -> None:
        self.name, self.version, self.digest = model.name, model.version, model.digest
        self.reads: tuple[Fact, ...] = tuple(model.reads)
        self.outputs = outputs_of(model)
        self.scores: Mapping[str, Score | OrdainError] = {}
        self._model = model

    @property
    def resting(self) -> str:
        """As the model itself says, until it has been asked for this decision."""
        return self._model.resting if isinstance(self._model, Rests) and self.name not in self.scores else ""

    def score(self, inputs: Mapping[str, Value]) -> Score:
        """Raises _Wanted the first time."""
        score = self.scores.get(self.name)
        if score is None:
            raise _Wanted(self._model, inputs)
        if isinstance(score, OrdainError):
            raise score
        return score

    def score_many(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """One after another."""
        return [self.score(inputs) for inputs in many]


def _in_turn(use: Rules) -> tuple[list[_InTurn], Rules]:
    """The models that score in turn, and all that decides with them in their places."""
    turns = {name: _InTurn(model) for name, model in use.models.items() if not isinstance(model, OrdainError)}
    partly = {name: replace(each, source=_InTurn(each.model)) for name, each in use.partly.items()}
    others = [each.source for each in partly.values() if isinstance(each.source, _InTurn)]
    all_turns = [*turns.values(), *others]
    return all_turns, replace(use, models={**use.models, **turns}, partly=partly) if all_turns else use


def _decided(ask: Ask | OrdainError, use: Rules, planned: UUID | None) -> Decision | OrdainError:
    """Raises _Wanted."""
    if isinstance(ask, OrdainError):
        return ask
    try:
        return make_decision(ask, use, planned)
    except _Wanted:
        raise
    except OrdainError as error:
        return error
    except Exception as error:  # as in `read_one`
        return unforeseen_in("a decision of several", error)


def _scores(model: FactSource, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
    """Scored together; one after another when that goes wrong, so that each has its own score or error."""
    try:
        return model.score_many(many)
    except Exception:  # whichever row it was: asked alone, it shows
        return [_score(model, inputs) for inputs in many]


def _score(model: FactSource, inputs: Mapping[str, Value]) -> Score | OrdainError:
    try:
        return model.score(inputs)
    except OrdainError as error:
        return error
    except Exception as error:  # as in `read_one`
        return unforeseen_in(f"a score of {model.name}", error)
