"""Erasing a person from all that Ordain keeps: the feature store at once, and the ledger when that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordain.api.facts.late_store import LateStore
from ordain.engine.errors import FeaturesUnavailable, Issue


def from_features(features: LateStore) -> Callable[[str], dict[str, Any]]:
    """Erases a subject from the feature store, and tells of what there was how much; nothing of who was not in it.

    What it gives raises FeaturesUnavailable; then nothing is done yet, and doing it again does all of it.
    """

    def erased(subject: str) -> dict[str, Any]:
        if not features.is_there:
            return {}
        try:
            gone = features.opened().erase(subject)
        except FeaturesUnavailable as error:
            said = f"{error.issues[0].message}; this subject is not erased"
            hint = f"{error.issues[0].hint}; then ask again: what is left is done then"
            raise FeaturesUnavailable(Issue(said, hint)) from None
        counts = {
            "events": gone.events,
            "snapshots": gone.snapshots,
            "kept": gone.features,
            "quarantined": gone.quarantined,
        }
        return {"features": counts} if any(counts.values()) else {}

    return erased
