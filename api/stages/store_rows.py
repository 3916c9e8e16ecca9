"""Rows of the feature store to train a model on, without those who objected and what no policy may read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ordain.api.facts.late_store import LateStore
from ordain.api.facts.objections import Objections
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.settings import Settings
from ordain.engine.errors import SettingsError
from ordain.engine.policy.facts import Fact
from ordain.models.data.mapping import Mapping
from ordain.models.data.table import TableText
from ordain.models.spec import Spec
from ordain.models.training.from_store import Cut, table_from_store

if TYPE_CHECKING:
    from ordain.models.store.store import FeatureStore


def rows_to_train_on(
    settings: Settings, spec: Spec, cut: Cut, now: dt.datetime, wanted: Sequence[Fact] = ()
) -> tuple[TableText, Mapping]:
    """A table, and the mapping that it is read by, of what is known as this day (UTC) begins.

    Who objects now is not in it, whatever held at the cut-off day. `wanted` are the features to take; without, all but
    those that `facts.yaml` protects. Raises as `table_from_store`; PolicyError, FeaturesUnavailable.
    """
    catalog = load_in_force(settings)
    objecting = Objections(catalog)
    protected = {name for name in catalog.vocabulary if catalog.vocabulary[name].protected}
    until = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with LateStore(settings) as late_store:
        store = opened(late_store)
        return table_from_store(
            *(spec, store, cut, until),
            objected=lambda subjects: objecting.among(store, subjects, now),
            left_out=protected,
            wanted=wanted,
        )


def opened(features: LateStore) -> FeatureStore:
    """The feature store. Raises SettingsError where nothing was ever put into it, FeaturesUnavailable."""
    if not features.is_there:
        raise SettingsError("there is no feature store yet", "take events in: ordain ingest FILE")
    return features.opened()
