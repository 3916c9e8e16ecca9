"""What shadows make of the rows that live versions scored: put into the entries of the decisions, before these go on
record. Nothing that decides or answers reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ordain.api.ask import Ask
from ordain.api.services import Rules
from ordain.api.stages.shadow_model import Call, Came, ShadowModel
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.plan_text import named_model
from ordain.engine.errors import NotThatType, OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.score_fallback import NO_INPUTS, NO_SCORE
from ordain.engine.values.types import Value

Made = Iterable[tuple[Ask, DecisionEntry]]


class _Asked:
    """One shadow, and the rows that it is asked for: of each the entry and the facts that became of its score."""

    def __init__(self, shadow: ShadowModel) -> None:
        self.shadow = shadow
        self.rows: list[Mapping[str, Value]] = []
        self.places: list[tuple[DecisionEntry, list[Fact]]] = []
        self.call: Call | str = NO_INPUTS

    def tell(self, came: Came | str) -> None:
        for at, (entry, facts) in enumerate(self.places):
            one = came if isinstance(came, str) else came[at]
            entry.shadow_scores.extend(_told(self.shadow, fact, one) for fact in facts)


def score_beside(made: Made, use: Rules) -> None:
    """Asks the shadows of all models that scored, each once for all rows, and adds what they give to `shadow_scores`.

    Takes at most the time that a model may take for a score, and raises nothing that a model can do.
    """
    if not use.shadows:
        return
    asked: dict[int, _Asked] = {}
    for ask, entry in made:
        if not ask.on_trial:
            _collect(ask, entry, use, asked)
    for each in asked.values():
        each.call = each.shadow.begin(each.rows)
    seconds = use.settings.score_timeout_ms / 1000
    for each in asked.values():
        each.tell(each.call if isinstance(each.call, str) else each.call.came(seconds))


def _collect(ask: Ask, entry: DecisionEntry, use: Rules, asked: dict[int, _Asked]) -> None:
    became: dict[str, list[Fact]] = defaultdict(list)
    scored: dict[str, Score] = {}
    for name, (model, score) in entry.facts.scores.items():
        became[model.name].append(use.vocabulary[name])
        scored[model.name] = score
    for name, facts in became.items():
        for shadow in use.shadows.get(name, ()):
            row = _row(shadow, scored[name].inputs, ask)
            if row is None:
                entry.shadow_scores.extend(_told(shadow, fact, NO_INPUTS) for fact in facts)
                continue
            each = asked.setdefault(id(shadow), _Asked(shadow))
            each.rows.append(row)
            each.places.append((entry, facts))


def _row(shadow: ShadowModel, inputs: Mapping[str, Value], ask: Ask) -> dict[str, Value] | None:
    """The row of the live version; what the shadow reads beyond it as the request has it. None where that lacks one."""
    row: dict[str, Value] = {}
    for fact in shadow.model.reads:
        if fact.name in inputs:
            row[fact.name] = inputs[fact.name]
            continue
        raw = ask.facts.get(fact.name)
        if raw is None and not fact.optional:
            return None
        try:
            row[fact.name] = None if raw is None else fact.accept(raw)
        except NotThatType:
            return None
    return row


def _told(shadow: ShadowModel, fact: Fact, one: Score | OrdainError | str) -> dict[str, Any]:
    """As a record has it: the score, or `why` there is none: a word or two, or the code of an error."""
    model = shadow.model
    told: dict[str, Any] = {"model": named_model(model), "fact": fact.name}
    if isinstance(one, str):
        return told | {"why": one}
    if isinstance(one, OrdainError):
        return told | {"why": one.code}
    if not fact.output or fact.output in model.outputs[:1]:
        return told | {"score": one.value}
    return told | ({"score": one.also[fact.output]} if fact.output in one.also else {"why": NO_SCORE})
