"""The models that score now: the live version of each, as the ledger has it, read from its signed files; and those
that are tried beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ordain.api.late_model import LateModel
from ordain.api.settings import Settings
from ordain.api.stages.model_record import Stages
from ordain.api.stages.shadow_model import ShadowModel
from ordain.audit.ledger.used_models import UsedModels
from ordain.engine.catalog import Catalog
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.late import late
from ordain.engine.policy.facts import Fact, FactSource, ModelCard
from ordain.models.registry.stages import ModelStages, Standing

if TYPE_CHECKING:
    from ordain.models.registry.registry import Registry
    from ordain.models.registry.stored import Stored

_LOG = logging.getLogger("ordain")
Models = dict[str, FactSource | ModelDegradationDetected]


@dataclass(slots=True)
class LiveModels:
    """By name, each model that a fact comes from, or why it cannot be had; one that nobody has trained is left out.

    Those of which no score is read come as cards alone, as `idle`. `shadows` are by the name of a live model.
    """

    models: Models = field(default_factory=dict)
    idle: list[ModelCard] = field(default_factory=list)
    shadows: dict[str, tuple[ShadowModel, ...]] = field(default_factory=dict)


def live_models(
    catalog: Catalog, settings: Settings, service: str, stages: Callable[[], Stages], used: UsedModels | None = None
) -> LiveModels:
    """The live version of each model that a fact may come from; with `service`, idle are those that it reads no score
    of. `stages` is asked what is on record where there is a model at all.

    One that is not what it was when it was made live, or `used`, cannot be had; what nobody has used yet is read with
    more care. Raises what `stages` does.
    """
    found = LiveModels()
    if not settings.models.is_dir():
        return found
    registry = late("ordain.models.registry.registry:Registry")(settings.models, settings.keys)
    facts = catalog.vocabulary.facts
    read = {name for policy in catalog.policies() for name in policy.reads} if service else facts.keys()
    names = [name for name in sorted(_scorers(facts.values())) if registry.versions(name)]
    on_record = stages() if names else {}
    usable: dict[str, Stored] = {}
    for name in names:
        try:
            usable[name] = _stored(registry, on_record.get(name) or ModelStages(name), used)
        except ModelDegradationDetected as error:
            found.models[name] = error
    asked = _asked(facts, read, usable)
    found.models = {name: error for name, error in found.models.items() if name in asked}
    for name, stored in usable.items():
        if name in asked:
            known = stored.digest if used is not None and used.knows(stored) else ""
            found.models[name] = _late(registry, stored, known, settings.score_timeout_ms / 1000)
            if beside := tuple(_shadows(registry, on_record[name], settings.score_timeout_ms / 1000)):
                found.shadows[name] = beside
        else:
            found.idle.append(stored)
    return found


def _asked(facts: Mapping[str, Fact], read: Iterable[str], cards: Mapping[str, ModelCard]) -> set[str]:
    """The models that give the facts which are read, and those that give what these models need."""
    asked: set[str] = set()
    waiting = [facts[name].model for name in read if name in facts]
    while waiting:
        model = waiting.pop()
        if model and model not in asked:
            asked.add(model)
            needs = cards[model].reads if model in cards else ()
            waiting += [facts[fact.name].model for fact in needs if fact.name in facts]
    return asked


def none_live(name: str, versions: tuple[int, ...]) -> ModelDegradationDetected:
    """The error for a model that is trained, and of which no version scores."""
    return ModelDegradationDetected(
        f"no version of the model `{name}` is live", f"make one live: ordain models promote {name} {versions[-1]}"
    )


def check_same(name: str, standing: Standing, digest: str, spec: str = "") -> None:
    """That a version is the one that was put on record. Raises ModelDegradationDetected."""
    if standing.digest != digest:
        train = late("ordain.models.registry.stored:training")(name, spec)
        raise ModelDegradationDetected(
            f"model `{name}` version {standing.version} was replaced after it was {standing.by.step}: "
            f"on record with digest `{standing.digest}`, now `{digest}`",
            f"put version {standing.version} back as it was, or train the next: {train}",
        )


def _stored(registry: Registry, stages: ModelStages, used: UsedModels | None) -> Stored:
    if stages.live is None:
        raise none_live(stages.model, registry.versions(stages.model))
    stored = registry.stored(stages.model, stages.live.version)
    if used is not None and (changed := used.change(stored)) is not None:
        raise changed
    check_same(stages.model, stages.live, stored.digest, stored.card.spec)
    return stored


def _shadows(registry: Registry, stages: ModelStages, slow: float) -> Iterator[ShadowModel]:
    """One that cannot be read keeps nothing from going on: the log says so."""
    for standing in stages.shadows:
        try:
            stored = registry.stored(stages.model, standing.version)
            check_same(stages.model, standing, stored.digest)
        except ModelDegradationDetected as error:
            _LOG.warning("%s: it is not tried beside the live version", error.message)
        else:
            yield ShadowModel(_late(registry, stored, "", slow))


def _late(registry: Registry, stored: Stored, known: str, slow: float) -> LateModel:
    """The version, whose files have been looked at and whose trees are read later; `known` is its digest if it is."""
    return LateModel(stored, lambda: registry.load(stored.name, int(stored.version), known=known), slow)


def _scorers(facts: Iterable[Fact]) -> set[str]:
    """The models that the facts may come from."""
    return {fact.model for fact in facts if fact.model}
