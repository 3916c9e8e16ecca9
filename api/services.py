"""Everything a decision uses, wired once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from ordain.api.facts.decision_time import DecisionTime
from ordain.api.facts.fallen_back import FallenBack
from ordain.api.facts.late_store import LateStore
from ordain.api.facts.ledger_facts import LedgerFacts
from ordain.api.fitness import Fitness
from ordain.api.hooks.source import NO_HOOKS, Hooks
from ordain.api.late_model import LateModel
from ordain.api.ledger import open_for
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.lifecycle.recorded import Lifecycle, lifecycle_of
from ordain.api.settings import Settings
from ordain.api.stages.live_models import LiveModels, live_models
from ordain.api.stages.model_record import Live, ModelRecord, live_of, stages_on_record
from ordain.api.stages.shadow_model import ShadowModel
from ordain.api.stopped import Stopped
from ordain.audit.entry.decision_form import Forms
from ordain.audit.entry.documents import Document
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.used_models import UsedModels
from ordain.engine.catalog import Catalog, protected_score_issues
from ordain.engine.errors import ModelDegradationDetected, PolicyError
from ordain.engine.fact_store import FactStore
from ordain.engine.late import late
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.facts import FEATURES, LEDGER, TIME, FactSource, ModelCard, Vocabulary
from ordain.engine.values.temporal import fixed_offset
from ordain.engine.versions import Kept


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
    features: LateStore = field(kw_only=True)
    facts_from: Mapping[str, FactStore] = field(kw_only=True, default_factory=dict)
    """What knows facts that a request leaves out, by the name that facts.yaml has for it."""
    fallen_back: FallenBack = field(kw_only=True, default_factory=FallenBack)
    shadows: Mapping[str, tuple[ShadowModel, ...]] = field(kw_only=True, default_factory=dict)
    """By the name of a live model, the versions that are tried beside it."""


@dataclass(frozen=True, slots=True)
class Services(Rules):
    """What decides and records. `stopped` are the services that do not; `hooks` ask some of them for events.

    `lifecycle` is what was done to versions of policies, where they decide once they are activated.

    `fitness` is whether what it takes is there. `features` is the feature store, opened when it is first asked for.

    `not_reloaded` says why the last reload of the policies failed, if it did; `not_activated` are turns that could not
    be taken over.

    `record` is what was done to versions of models, and `live` those that were live when `models` were looked for;
    `not_live` are such that could not be taken over.
    """

    ledger: OpenLedger
    stopped: Stopped
    fitness: Fitness
    record: ModelRecord
    live: Live
    not_reloaded: tuple[str, ...] = ()
    hooks: Hooks = NO_HOOKS
    lifecycle: Lifecycle | None = None
    not_activated: Turns | None = None
    not_live: Live | None = None

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

    Of live models only the cards are read, for the names of their facts; each is read when it is asked for a score, or
    before, and then only if it is still what the ledger knows it as. `catalog` is what the policies make, if they
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
        record = ModelRecord(ledger)
        stages = record.now()
        found = live_models(catalog, settings, service, lambda: stages, UsedModels(ledger.store))
        rules = _rules(settings, catalog, found)
        ledger.ledger.check_unchanged(_documents(catalog))
        stopped = Stopped(ledger)
        stopped.look()
    except BaseException:  # whatever it is, an interrupt too, the file is let go before it goes on
        ledger.close()
        raise
    decides = {each.name: getattr(rules, each.name) for each in fields(rules)}
    decides["facts_from"] = {**rules.facts_from, LEDGER: LedgerFacts(ledger.reader, settings.zone)}
    return Services(
        **decides,
        ledger=ledger,
        stopped=stopped,
        fitness=Fitness(ledger),
        record=record,
        live=live_of(stages),
        lifecycle=lifecycle,
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
    catalog = load_in_force(settings, service)
    return _rules(settings, catalog, live_models(catalog, settings, service, lambda: stages_on_record(settings)))


def _rules(settings: Settings, catalog: Catalog, live: LiveModels) -> Rules:
    vocabulary, usable = _with_models(catalog, live)
    forms, zone = Forms(_documents(catalog), usable), settings.zone
    store = LateStore(settings)
    return Rules(
        *(settings, catalog, vocabulary, live.models, forms, lambda: fixed_offset(dt.datetime.now(zone))),
        features=store,
        facts_from={FEATURES: store, TIME: DecisionTime(vocabulary.facts)},
        shadows=live.shadows,
    )


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
    return live_models(catalog, settings, "", lambda: stages_on_record(settings)).models


def reloaded(use: Services, catalog: Catalog) -> Services:
    """What decides once `catalog` is in force, with models and hooks as they are now; settings and ledger stay as they
    are.

    Raises PolicyError, PolicyChanged, SettingsError; ModelDegradationDetected when a model's live version cannot be
    used. One of which no version is live any more is taken as that.
    """
    stages = use.record.now()
    found = live_models(catalog, use.settings, "", lambda: stages, UsedModels(use.ledger.store))
    live, models = live_of(stages), found.models
    for name, model in models.items():
        before = use.models.get(name)
        if isinstance(before, LateModel) and isinstance(model, LateModel) and before.is_still(model):
            models[name] = before
        elif isinstance(model, ModelDegradationDetected) and name in live and not _is_fault(before):
            raise model
    shadows = {name: _still(beside, use.shadows.get(name, ())) for name, beside in found.shadows.items()}
    vocabulary, usable = _with_models(catalog, found)
    documents = _documents(catalog)
    use.ledger.ledger.check_unchanged(documents)
    return with_hooks(
        replace(
            use,
            catalog=catalog,
            vocabulary=vocabulary,
            facts_from={**use.facts_from, TIME: DecisionTime(vocabulary.facts)},
            models=models,
            shadows=shadows,
            forms=Forms(documents, usable),
            live=live,
            not_reloaded=(),
        )
    )


def _still(shadows: tuple[ShadowModel, ...], before: tuple[ShadowModel, ...]) -> tuple[ShadowModel, ...]:
    """The shadows of now: those that have been read already, where they are the same."""
    return tuple(next((old for old in before if old.model.is_still(each.model)), each) for each in shadows)


def _is_fault(model: FactSource | ModelDegradationDetected | None) -> bool:
    return isinstance(model, ModelDegradationDetected)


def _with_models(catalog: Catalog, live: LiveModels) -> tuple[Vocabulary, list[ModelCard]]:
    """The vocabulary with the inputs of the models, and those that can be used. Raises PolicyError."""
    usable: list[ModelCard] = [each for each in live.models.values() if not isinstance(each, ModelDegradationDetected)]
    usable += live.idle
    if issues := protected_score_issues(catalog, usable):
        raise PolicyError(issues)
    return vocabulary_with(catalog.vocabulary, usable), usable


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
