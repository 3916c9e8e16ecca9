"""Everything a decision uses, wired once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ordain.api.late_model import LateModel
from ordain.api.ledger import open_for
from ordain.api.settings import Settings
from ordain.audit.entry.decision_form import Forms
from ordain.audit.entry.documents import Document
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.catalog import Catalog, load_catalog, of_service, protected_score_issues, read_texts
from ordain.engine.errors import ModelDegradationDetected, PolicyError
from ordain.engine.late import late
from ordain.engine.policy.facts import POLICY, REQUEST, Fact, FactSource, ModelCard, Vocabulary
from ordain.engine.values.temporal import fixed_offset

if TYPE_CHECKING:
    from ordain.models.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Services:
    """`vocabulary` is the catalog's with the inputs of the loaded models; `now` gives the tenant's time.

    `forms` are the encoded pieces of the plans that decide now. `not_reloaded` says why the last reload of the policies
    failed, if it did.
    """

    settings: Settings
    catalog: Catalog
    vocabulary: Vocabulary
    models: Mapping[str, FactSource | ModelDegradationDetected]
    ledger: OpenLedger
    forms: Forms
    now: Callable[[], dt.datetime]
    not_reloaded: tuple[str, ...] = ()

    def close(self) -> None:
        """Signs and anchors what was decided last, and closes the ledger."""
        self.ledger.finish()


def wire(
    settings: Settings,
    service: str = "",
    *,
    late_models: bool = False,
    catalog: Catalog | None = None,
    writer: Path | None = None,
) -> Services:
    """Loads policies and models and opens the ledger. With `service`, only what it takes to ask that one.

    Of the models that the service needs no score of, only the cards are read, for the names of their facts. With
    `late_models` that is so of all, and each is read when it is asked for a score, or before. `catalog` is what the
    policies make, if they have been loaded already. `writer` is the socket of the process that writes the ledger, where
    it is not this one.

    Raises PolicyError, PolicyChanged when a version that decisions were made under has been edited, SettingsError.
    A model that cannot be loaded is no obstacle here: the decisions that need it are refused.
    """
    if catalog is None:
        texts = read_texts(settings.policies)
        catalog = load_catalog(of_service(texts, service) if service else texts)
    models, idle = _models(catalog, settings.models, service, late_models)
    vocabulary, usable = _with_models(catalog, models, idle)
    documents = _documents(catalog)
    ledger = open_for(settings, writer=writer)
    try:
        ledger.ledger.check_unchanged(documents)
    except BaseException:  # whatever it is, an interrupt too, the file is let go before it goes on
        ledger.close()
        raise
    zone = settings.zone
    return Services(
        *(settings, catalog, vocabulary, models, ledger, Forms(documents, usable)),
        now=lambda: fixed_offset(dt.datetime.now(zone)),
    )


def vocabulary_with(vocabulary: Vocabulary, models: Iterable[ModelCard]) -> Vocabulary:
    """The vocabulary and what the models read beside it. Raises PolicyError when the two do not agree."""
    for model in models:
        vocabulary = vocabulary.extended(model.reads, f"the model {model.name}@{model.version}")
    return vocabulary


def models_described(catalog: Catalog, settings: Settings) -> dict[str, FactSource | ModelDegradationDetected]:
    """The models that `wire` would find, to be described: their cards are read, and none of their trees."""
    return _models(catalog, settings.models, "", late_models=True)[0]


def reloaded(use: Services, catalog: Catalog) -> Services:
    """What decides once `catalog` is in force, with the models on file now; settings and ledger stay as they are.

    Raises PolicyError, PolicyChanged; ModelDegradationDetected when a model's newest version cannot be used.
    """
    models, idle = _models(catalog, use.settings.models, "", late_models=True)
    for name, model in models.items():
        before = use.models.get(name)
        if isinstance(before, LateModel) and isinstance(model, LateModel) and before.is_still(model):
            models[name] = before
        elif isinstance(model, ModelDegradationDetected) and not isinstance(before, ModelDegradationDetected):
            raise model
    vocabulary, usable = _with_models(catalog, models, idle)
    documents = _documents(catalog)
    use.ledger.ledger.check_unchanged(documents)
    return replace(
        use,
        catalog=catalog,
        vocabulary=vocabulary,
        models=models,
        forms=Forms(documents, usable),
        not_reloaded=(),
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
    catalog: Catalog, folder: Path, service: str, late_models: bool
) -> tuple[dict[str, FactSource | ModelDegradationDetected], list[ModelCard]]:
    """The newest version of each model that a fact may come from, or why it cannot be had. Untrained: left out.

    Those of which `service` reads no score come as cards alone, in the second part.
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
            if scores and late_models:
                models[name] = _late(registry, name)
            elif scores:
                models[name] = registry.load(name)
            else:
                idle.append(registry.stored(name))
        except ModelDegradationDetected as error:
            if scores:
                models[name] = error
    return models, idle


def _late(registry: Registry, name: str) -> LateModel:
    """The newest version, whose files are looked at now and whose trees are read later."""
    stored = registry.stored(name)
    return LateModel(stored, lambda: registry.load(name, int(stored.version)))


def _scorers(facts: Iterable[Fact]) -> set[str]:
    """The models that the facts may come from."""
    sources = {source for fact in facts for source in fact.sources}
    return {source for source in sources if source != REQUEST and not source.startswith(POLICY)}


def _documents(catalog: Catalog) -> tuple[Document, ...]:
    """The texts that decisions refer to by digest, so that the ledger can keep those that were used."""
    policies = (Document("policy", policy.text, policy.name, policy.version) for policy in catalog.policies())
    return (
        *policies,
        Document("vocabulary", catalog.vocabulary.text),
        Document("services", catalog.services.text),
    )
