"""Everything a decision uses, wired once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ordain.api.feature_store import LateStore
from ordain.api.fitness import Fitness
from ordain.api.hooks.source import NO_HOOKS, Hooks
from ordain.api.late_model import LateModel
from ordain.api.ledger import open_for
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.lifecycle.recorded import Lifecycle, lifecycle_of
from ordain.api.settings import Settings
from ordain.api.stopped import Stopped
from ordain.audit.entry.decision_form import Forms
from ordain.audit.entry.documents import Document
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.used_models import UsedModels
from ordain.engine.catalog import Catalog, protected_score_issues
from ordain.engine.errors import ModelDegradationDetected, PolicyError
from ordain.engine.late import late
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.facts import Fact, FactSource, ModelCard, Vocabulary, is_model
from ordain.engine.values.temporal import fixed_offset
from ordain.engine.versions import Kept

if TYPE_CHECKING:
    from ordain.models.registry.registry import Registry, Stored


@dataclass(frozen=True, slots=True)
class Rules:
    """All that it takes to decide, and nothing to record with. `now` gives the tenant's time.

    `vocabulary` is the catalog's with the inputs of the loaded models; `forms` are the encoded pieces of the plans that
    decide now.
    """

    settings: Settings
    catalog: Catalog
    vocabulary: Vocabulary
    models: Mapping[str, FactSource | ModelDegradationDetected]
    forms: Forms
    now: Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Services(Rules):
    """What decides and records. `stopped` are the services that do not; `hooks` ask some of them for events.

    `lifecycle` is what was done to versions of policies, where they decide once they are activated.

    `fitness` is whether what it takes is there. `features` is the feature store, opened when it is first asked for.

    `not_reloaded` says why the last reload of the policies failed, if it did; `not_activated` are turns that could not
    be taken over.
    """

    ledger: OpenLedger
    stopped: Stopped
    fitness: Fitness
    features: LateStore
    not_reloaded: tuple[str, ...] = ()
    hooks: Hooks = NO_HOOKS
    lifecycle: Lifecycle | None = None
    not_activated: Turns | None = None

    def close(self) -> None:
        """Signs and anchors what was decided last, and closes the ledger and the feature store."""
        try:
            self.features.close()
        finally:
            self.ledger.finish()


def wire(
    settings: Settings,
    service: str = "",
    *,
    catalog: Catalog | None = None,
    writer: Path | None = None,
    kept: Kept | None = None,
) -> Services:
    """Loads policies and models and opens the ledger. With `service`, only what it takes to ask that one.

    Of models only the cards are read, for the names of their facts; each model is read when it is asked for a score,
    or before, and then only if it is still what the ledger knows it as. `catalog` is what the policies make, if they
    have been loaded already. `writer` is the socket of the process that writes the ledger, where it is not this one.

    Raises PolicyError, PolicyChanged when a version that decisions were made under has been edited, SettingsError.
    A model that cannot be loaded is no obstacle here: the decisions that need it are refused.
    """
    if catalog is None and settings.approvals == "none":  # a ledger is made once they are right
        catalog = load_in_force(settings, service, kept=kept)
    ledger = open_for(settings, writer=writer)
    try:
        lifecycle = lifecycle_of(settings, ledger)
        if catalog is None:
            catalog = load_in_force(settings, service, lifecycle, kept)
        rules = _rules(settings, catalog, service, UsedModels(ledger.store))
        ledger.ledger.check_unchanged(_documents(catalog))
        stopped = Stopped(ledger)
        stopped.look()
    except BaseException:  # whatever it is, an interrupt too, the file is let go before it goes on
        ledger.close()
        raise
    decides = {each.name: getattr(rules, each.name) for each in fields(rules)}
    late_store, fitness = LateStore(settings), Fitness(ledger)
    return Services(
        **decides, ledger=ledger, stopped=stopped, fitness=fitness, features=late_store, lifecycle=lifecycle
    )


def with_hooks(use: Services) -> Services:
    """As `use`, with the sources of events that its settings name; their secrets are needed. Raises SettingsError."""
    return replace(use, hooks=hooks_of(use))


def hooks_of(use: Rules) -> Hooks:
    """The sources of events that the settings name, if they name any. Raises SettingsError."""
    file = use.settings.hooks
    if file is None:
        return NO_HOOKS
    hooks: Hooks = late("ordain.api.hooks.load_hooks:load_hooks")(file, use.catalog, use.vocabulary)
    return hooks


def wire_rules(settings: Settings, service: str) -> Rules:
    """As `wire`, with no open ledger: what is decided with it cannot be recorded. Raises PolicyError, SettingsError."""
    return _rules(settings, load_in_force(settings, service), service)


def _rules(settings: Settings, catalog: Catalog, service: str, used: UsedModels | None = None) -> Rules:
    models, idle = _models(catalog, settings.models, service, used)
    vocabulary, usable = _with_models(catalog, models, idle)
    forms, zone = Forms(_documents(catalog), usable), settings.zone
    return Rules(settings, catalog, vocabulary, models, forms, lambda: fixed_offset(dt.datetime.now(zone)))


def on_trial(rules: Rules, catalog: Catalog, now: dt.datetime) -> Rules:
    """As `rules`, at a moment, with other policies than those that decide; for what is not recorded.

    Raises PolicyError where a protected fact would reach a price through a model's score.
    """
    usable = [model for model in rules.models.values() if not isinstance(model, ModelDegradationDetected)]
    if issues := protected_score_issues(catalog, usable):
        raise PolicyError(issues)
    return replace(rules, catalog=catalog, forms=Forms(_documents(catalog), usable), now=lambda: now)


def vocabulary_with(vocabulary: Vocabulary, models: Iterable[ModelCard]) -> Vocabulary:
    """The vocabulary and what the models read beside it. Raises PolicyError when the two do not agree."""
    for model in models:
        vocabulary = vocabulary.extended(model.reads, f"the model {model.name}@{model.version}")
    return vocabulary


def models_described(catalog: Catalog, settings: Settings) -> dict[str, FactSource | ModelDegradationDetected]:
    """The models that `wire` would find, to be described: their cards are read, and none of their trees."""
    return _models(catalog, settings.models, "")[0]


def reloaded(use: Services, catalog: Catalog) -> Services:
    """What decides once `catalog` is in force, with models and hooks on file now; settings and ledger stay as they are.

    Raises PolicyError, PolicyChanged, SettingsError; ModelDegradationDetected when a model's newest version cannot be
    used.
    """
    models, idle = _models(catalog, use.settings.models, "", UsedModels(use.ledger.store))
    for name, model in models.items():
        before = use.models.get(name)
        if isinstance(before, LateModel) and isinstance(model, LateModel) and before.is_still(model):
            models[name] = before
        elif isinstance(model, ModelDegradationDetected) and not isinstance(before, ModelDegradationDetected):
            raise model
    vocabulary, usable = _with_models(catalog, models, idle)
    documents = _documents(catalog)
    use.ledger.ledger.check_unchanged(documents)
    return with_hooks(
        replace(
            use,
            catalog=catalog,
            vocabulary=vocabulary,
            models=models,
            forms=Forms(documents, usable),
            not_reloaded=(),
        )
    )


def _with_models(
    catalog: Catalog, models: Mapping[str, FactSource | ModelDegradationDetected], idle: Iterable[ModelCard]
) -> tuple[Vocabulary, list[ModelCard]]:
    """The vocabulary with the inputs of the models, and those that can be used. Raises PolicyError."""
    usable: list[ModelCard] = [each for each in models.values() if not isinstance(each, ModelDegradationDetected)]
    usable += idle
    if issues := protected_score_issues(catalog, usable):
        raise PolicyError(issues)
    return vocabulary_with(catalog.vocabulary, usable), usable


def _models(
    catalog: Catalog, folder: Path, service: str, used: UsedModels | None = None
) -> tuple[dict[str, FactSource | ModelDegradationDetected], list[ModelCard]]:
    """The newest version of each model that a fact may come from, or why it cannot be had. Untrained: left out.

    Those of which `service` reads no score come as cards alone, in the second part. One that is not what it was when it
    was `used` cannot be had, and what nobody has used yet is read with more care.
    """
    if not folder.is_dir():
        return {}, []
    registry = late("ordain.models.registry.registry:Registry")(folder)
    facts = catalog.vocabulary.facts
    needed = {name for policy in catalog.policies() for name in policy.reads} if service else facts.keys()
    models: dict[str, FactSource | ModelDegradationDetected] = {}
    idle: list[ModelCard] = []
    for name in sorted(_scorers(facts.values())):
        if not registry.versions(name):
            continue
        scores = any(name in facts[each].sources for each in needed if each in facts)
        try:
            stored = registry.stored(name)
            if used is not None and (changed := used.change(stored)) is not None:
                raise changed
            if scores:
                models[name] = _late(registry, stored, used is not None and used.knows(stored))
            else:
                idle.append(stored)
        except ModelDegradationDetected as error:
            if scores:
                models[name] = error
    return models, idle


def _late(registry: Registry, stored: Stored, known: bool) -> LateModel:
    """The version, whose files have been looked at and whose trees are read later."""
    digest = stored.digest if known else ""
    return LateModel(stored, lambda: registry.load(stored.name, int(stored.version), known=digest))


def _scorers(facts: Iterable[Fact]) -> set[str]:
    """The models that the facts may come from."""
    sources = {source for fact in facts for source in fact.sources}
    return set(filter(is_model, sources))


def _documents(catalog: Catalog) -> tuple[Document, ...]:
    """The texts that decisions refer to by digest, so that the ledger can keep those that were used."""
    policies = (Document("policy", policy.text, policy.name, policy.version) for policy in catalog.policies())
    shared = catalog.vocabulary.shared.values()
    return (
        *policies,
        *(Document("policy", each.text, each.kept_as, each.version) for each in shared),
        Document("vocabulary", catalog.vocabulary.text),
        Document("services", catalog.services.text),
    )
