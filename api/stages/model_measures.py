"""What was found out about a version of a model, put on record: a look at it, or a comparison with the live one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ordain.api.ledger import open_for
from ordain.api.settings import Settings
from ordain.api.stages.model_record import ModelRecord
from ordain.models.registry.stages import Change, Step


def record_measure(
    settings: Settings,
    step: Step,
    model: str,
    version: int,
    digest: str,
    who: str,
    found: Mapping[str, Any],
    sentences: Sequence[str] = (),
) -> Change:
    """`step` is one of `MEASURES`, `digest` that of the version's card. What it came to stands in the envelope, in
    numbers over many rows; who looked and the sentences are sealed.

    Raises NotRecorded, LedgerUnavailable, SettingsError.
    """
    opened = open_for(settings)
    try:
        record = ModelRecord(opened)
        record.look()
        private = {"actor": who, "role": "", "reason": "; ".join(sentences)}
        return record.record(step, model, version, digest, {"found": dict(found)}, private)
    finally:
        opened.finish()
