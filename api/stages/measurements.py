"""What was found out about versions, as entries have it and as the policy of promotions is told it.

    watched    {"alarm", "rows", "outcomes", "drift", "auc_drop_percent"?, "disparate_impact"?, "of"}
    compared   {"live", "live_digest", "table", "rows", "left_out", "figures": {name: [its own, the live version's]}}

Numbers are texts of decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ordain.api.limits import LIMITS
from ordain.engine.policy.facts import round_to
from ordain.models.registry.stages import Change, ModelStages, Step

if TYPE_CHECKING:  # a step reads what is on record, and measures nothing
    from ordain.models.monitoring.watching import Watched
    from ordain.models.training.same_rows import SameRows

Json = dict[str, Any]
_DIGITS = 6
_OF_FIGURES = {
    "AUC": ("model_auc", "model_live_auc"),
    "Brier score": ("model_brier", "model_live_brier"),
    "calibration error": ("model_calibration_error", None),
}


def found_by_watching(watched: Watched, of: str) -> Json:
    """`of` says what was looked at: a table, or decisions on record."""
    found: Json = {
        "alarm": bool(watched.alarms),
        "rows": watched.drift.rows,
        "outcomes": watched.outcomes,
        "drift": str(watched.drift.verdict),
        "of": of,
    }
    if watched.drop is not None:
        found["auc_drop_percent"] = _text(100 * watched.drop)
    if watched.impact is not None:
        found["disparate_impact"] = _text(watched.impact)
    return found


def found_on_same_rows(same: SameRows, stages: ModelStages, table: str) -> Json:
    """`table` is the digest of the table that the rows are from. There is a live version."""
    assert stages.live is not None  # noqa: S101 - it was compared with
    return {
        "live": stages.live.version,
        "live_digest": stages.live.digest,
        "table": table,
        "rows": same.rows,
        "left_out": same.left_out,
        "figures": {name: [_text(one), _text(other)] for name, (one, other) in same.figures.items()},
    }


def measured_facts(stages: ModelStages, version: int) -> dict[str, object]:
    """What the last look at a version says, and its last comparison, if that was with the version that is live now."""
    facts: dict[str, object] = {}
    standing = stages.of.get(version)
    if standing is None:
        return facts
    last: dict[Step, Change] = {
        each.step: each for each in stages.changes if each.version == version and each.digest == standing.digest
    }
    if (watched := last.get(Step.WATCHED)) is not None:
        facts |= _of_watching(watched.found)
    if (compared := last.get(Step.COMPARED)) is not None and stages.live is not None:
        live = stages.live
        if (compared.found.get("live"), compared.found.get("live_digest")) == (live.version, live.digest):
            facts |= {"model_compared": True, **_of_comparing(compared.found["figures"])}
    return facts


def _of_watching(found: Mapping[str, Any]) -> dict[str, object]:
    facts: dict[str, object] = {"model_drift": found["drift"]}
    if "auc_drop_percent" in found:
        facts["model_auc_drop"] = Decimal(found["auc_drop_percent"])
    if "disparate_impact" in found:
        facts["model_disparate_impact"] = Decimal(found["disparate_impact"])
    return facts


def _of_comparing(figures: Mapping[str, Any]) -> dict[str, object]:
    facts: dict[str, object] = {}
    for name, pair in figures.items():
        for fact, value in zip(_OF_FIGURES.get(name, ()), pair, strict=False):
            if fact is not None:
                facts[fact] = Decimal(value)
    return facts


def _text(value: float) -> str:
    farthest = float(LIMITS.model_percent)
    return f"{round_to(Decimal(repr(max(-farthest, min(farthest, value)))), _DIGITS):f}"
