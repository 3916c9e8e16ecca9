"""The policies that decide, loaded as the settings say: by the dates in their files, or by what was activated."""

from __future__ import annotations

from contextlib import closing

from ordain.api.ledger import has_ledger, open_for
from ordain.api.lifecycle.governing import warn_of_missing
from ordain.api.lifecycle.recorded import Lifecycle, lifecycle_of
from ordain.api.settings import Settings
from ordain.engine.catalog import Catalog, Texts, load_catalog, of_service, read_texts
from ordain.engine.lifecycle.turns import NO_TURNS
from ordain.engine.versions import Kept


def load_in_force(
    settings: Settings, service: str = "", life: Lifecycle | None = None, kept: Kept | None = None
) -> Catalog:
    """With `service`, only what it takes to ask that one. `life` is what the ledger knows, if it is open already.

    Raises PolicyError, PolicyChanged, UnknownService, LedgerUnavailable.
    """
    texts = read_texts(settings.policies, settings.zone)
    if settings.approvals == "none":
        return load_catalog(_asked(texts, service), kept=kept)
    if life is not None:
        life.look()
        now = life.now()
        warn_of_missing(now, texts)
        return now.loaded(_asked(now.governed(texts), service), kept)
    if not has_ledger(settings):
        return load_catalog(_asked(texts, service), kept=kept, turns=NO_TURNS)
    with closing(open_for(settings, make=False)) as opened:
        return load_in_force(settings, service, lifecycle_of(settings, opened), kept)


def _asked(texts: Texts, service: str) -> Texts:
    return of_service(texts, service) if service else texts
