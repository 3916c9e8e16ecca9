"""The names that policies in force give: services, policies, rules, jurisdictions."""

from __future__ import annotations

from collections.abc import Collection

from ordain.api.settings import Settings
from ordain.audit.records.known_names import Names
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import OrdainError


def names_in(catalog: Catalog, jurisdiction_fact: str, services: Collection[str] | None = None) -> Names:
    """What may be decided under now, by some services or all; of models nothing: what scored is in the ledger."""
    offered = [each for each in catalog.services.by_name.values() if services is None or each.name in services]
    names, named = Names(services={each.name for each in offered}), {name for each in offered for name in each.policies}
    for policy in catalog.policies():
        if policy.name in named:
            names.add_policy(policy)
    if jurisdiction_fact in catalog.vocabulary:
        names.jurisdictions |= set(catalog.vocabulary[jurisdiction_fact].type.values)
    return names


def names_of(settings: Settings) -> Names:
    """The same of the policies in the folder of the settings; none, if they do not load: the ledger's are known."""
    try:
        return names_in(load_catalog(read_texts(settings.policies), run_examples=False), settings.jurisdiction_fact)
    except (OrdainError, OSError):
        return Names()
