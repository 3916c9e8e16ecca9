"""Which version of each model is live, for those who only describe or check."""

from __future__ import annotations

from contextlib import suppress

from ordain.api.settings import Settings
from ordain.api.stages.model_record import live_of, stages_on_record
from ordain.engine.errors import OrdainError


def live_versions(settings: Settings) -> dict[str, int]:
    """By model the version that is live; none where the ledger cannot be read, which other commands say."""
    with suppress(OrdainError):
        return {name: versions[0][0] for name, versions in live_of(stages_on_record(settings)).items()}
    return {}
