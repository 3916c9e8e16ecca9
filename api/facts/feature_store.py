"""The feature store that the settings name, made late: whoever has none loads nothing for it."""

from __future__ import annotations

from ordain.api.settings import Settings
from ordain.engine.fact_store import FactStore
from ordain.engine.late import late

_STORE = "ordain.models.store.feature_store:FeatureStore"


def feature_store(settings: Settings) -> FactStore | None:
    """What reads facts with the source `features`; None where `features_url` names no store."""
    if settings.features_url is None:
        return None
    made: FactStore = late(_STORE)(settings.features_url)
    return made
