"""The models and their versions as people and programs are shown them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ordain.api.stages.model_record import Stages
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.lifecycle.bucket import percent
from ordain.models.registry.stages import Change, ModelStages, Standing

if TYPE_CHECKING:  # a server without models does without what reads cards
    from ordain.models.registry.card import Card
    from ordain.models.registry.registry import Registry

Json = dict[str, Any]
Read = Callable[[str, int], "Card"]


def models_shown(registry: Registry, stages: Stages, read: Read) -> list[Json]:
    """All models that are on file or on record, by name; `read` gives a card, or raises ModelDegradationDetected."""
    names = sorted({*registry.names(), *stages})
    return [model_shown(registry, stages.get(name) or ModelStages(name), read) for name in names]


def model_shown(registry: Registry, stages: ModelStages, read: Read) -> Json:
    """One model: which version is live, and all versions, ascending."""
    name, waiting = stages.model, set(registry.unfinished(stages.model))
    numbers = sorted({*registry.versions(name), *stages.of, *waiting})
    versions = [_version(registry, stages, number, read, waiting) for number in numbers]
    return {"model": name, "live": stages.live.version if stages.live is not None else None, "versions": versions}


def card_shown(stages: ModelStages, card: Card) -> Json:
    """A version with its card, and what was done to it."""
    history = [change_shown(each) for each in stages.changes if each.version == card.version]
    head = {"model": card.name, "version": card.version}
    return {**head, **_standing(stages, card.version), "history": history, "card": json.loads(card.to_bytes())}


def change_shown(change: Change) -> Json:
    """One entry about a version."""
    return {
        "entry_id": change.id,
        "step": str(change.step),
        "recorded": change.recorded.isoformat(),
        "who": change.who,
        "role": change.role,
        "reason": change.reason,
        "decision_id": change.decision or None,
        "overridden": change.overridden,
        "share_percent": percent(change.share) if change.share else None,
    }


def _version(registry: Registry, stages: ModelStages, number: int, read: Read, waiting: set[int]) -> Json:
    told: Json = {"version": number, **_standing(stages, number), "figure": None, "synthetic": None, "fault": None}
    if number in waiting:
        return told | {"fault": "not in place: being trained, or its training was interrupted"}
    try:
        card = read(stages.model, number)
    except ModelDegradationDetected as error:
        return told | {"fault": error.message}
    main = card.report.figures[0]
    figure = {"name": main.name, "value": main.value, "baseline": main.baseline}
    return told | {"figure": figure, "synthetic": card.data.synthetic}


def _standing(stages: ModelStages, number: int) -> Json:
    standing: Standing | None = stages.of.get(number)
    return {
        "stage": str(stages.stage(number)),
        "share_percent": percent(standing.share) if standing is not None and standing.share else None,
        "since": None if standing is None else standing.by.recorded.isoformat(),
        "by": None if standing is None else standing.by.who,
        "live_before": number in stages.earlier,
    }
