"""Everything a decision uses, wired once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ordain.api.ledger import open_for
from ordain.api.settings import Settings
from ordain.audit.entry.documents import Document
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.catalog import Catalog, load_catalog, protected_score_issues, read_texts
from ordain.engine.errors import ModelDegradationDetected, PolicyError
from ordain.engine.policy.facts import POLICY, REQUEST, FactSource, Vocabulary
from ordain.engine.values.temporal import fixed_offset
from ordain.models.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Services:
    """`vocabulary` is the catalog's with the inputs of the loaded models; `now` gives the tenant's time."""

    settings: Settings
    catalog: Catalog
    vocabulary: Vocabulary
    models: Mapping[str, FactSource | ModelDegradationDetected]
    ledger: OpenLedger
    documents: tuple[Document, ...]
    now: Callable[[], dt.datetime]

    def close(self) -> None:
        """Signs and anchors what was decided last, and closes the ledger."""
        self.ledger.finish()


def wire(settings: Settings) -> Services:
    """Loads policies and models and opens the ledger.

    Raises PolicyError, PolicyChanged when a version that decisions were made under has been edited, SettingsError.
    A model that cannot be loaded is no obstacle here: the decisions that need it are refused.
    """
    catalog = load_catalog(read_texts(settings.policies))
    models = _models(catalog.vocabulary, Registry(settings.models))
    usable = [model for model in models.values() if not isinstance(model, ModelDegradationDetected)]
    if issues := protected_score_issues(catalog, usable):
        raise PolicyError(issues)
    vocabulary = catalog.vocabulary
    for model in usable:
        vocabulary = vocabulary.extended(model.reads, f"the model {model.name}@{model.version}")
    documents = _documents(catalog)
    ledger = open_for(settings)
    try:
        ledger.ledger.check_unchanged(documents)
    except BaseException:  # whatever it is, an interrupt too, the file is let go before it goes on
        ledger.close()
        raise
    zone = settings.zone
    return Services(
        settings, catalog, vocabulary, models, ledger, documents, now=lambda: fixed_offset(dt.datetime.now(zone))
    )


def _models(vocabulary: Vocabulary, registry: Registry) -> dict[str, FactSource | ModelDegradationDetected]:
    """The newest version of each model that a fact may come from, or why it cannot be had. Untrained: left out."""
    names = {
        source
        for fact in vocabulary.facts.values()
        for source in fact.sources
        if source != REQUEST and not source.startswith(POLICY)
    }
    found: dict[str, FactSource | ModelDegradationDetected] = {}
    for name in sorted(names):
        if not registry.versions(name):
            continue
        try:
            found[name] = registry.load(name)
        except ModelDegradationDetected as error:
            found[name] = error
    return found


def _documents(catalog: Catalog) -> tuple[Document, ...]:
    """The texts that decisions refer to by digest, so that the ledger can keep those that were used."""
    policies = (Document("policy", policy.text, policy.name, policy.version) for policy in catalog.policies())
    return (
        *policies,
        Document("vocabulary", catalog.vocabulary.text),
        Document("services", catalog.services.text),
    )
