"""What the policy of promotions is told of a version: its card's figures, and those of the live version beside them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ordain.api.limits import LIMITS
from ordain.engine.policy.facts import round_to
from ordain.models.registry.card import Card
from ordain.models.registry.stages import Stage
from ordain.models.spec import Figure

DIGITS = 6
_FIGURES = {
    "model_auc": "AUC",
    "model_brier": "Brier score",
    "model_calibration_error": "calibration error",
    "model_disparate_impact": "disparate impact",
}
"""By fact, the figure of a card that it is; left out where the card has none."""
_LIVE = {"model_live_auc": "AUC", "model_live_brier": "Brier score"}


def promotion_facts(
    asked: str, stage: Stage, card: Card | None, live: Card | None, known: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The facts for the step `asked` for. `card` is None for a version whose files are damaged, `live` where no version
    is live or its files are; `known` are facts that were measured since, and count more than the card's.
    """
    facts: dict[str, object] = {"model_step": asked, "model_stage": str(stage)}
    if card is None:
        return {**facts, "model_compared": False}
    main = card.report.figures[0]
    compared = live is not None and same_rows(card, live)
    facts |= {"model_gives": str(card.outputs[0].gives), "model_synthetic": card.data.synthetic}
    facts |= {"model_compared": compared, **_numbers(card, _FIGURES)}
    if main.baseline is not None and main.better:
        facts["model_beats_baseline"] = _is_better(main, main.value, main.baseline)
    if live is not None:
        facts |= {"model_live_synthetic": live.data.synthetic, **_numbers(live, _LIVE)}
        worse = _worse_by(main, live.report.figures[0]) if compared else None
        facts |= {} if worse is None else {"model_worse_by": worse}
    return facts | dict(known or {})


def same_rows(one: Card, other: Card) -> bool:
    """Whether two versions were measured on the same held-out rows: the same table, read and split in the same way."""
    return _measured_on(one) == _measured_on(other)


def _measured_on(card: Card) -> tuple[object, ...]:
    mapping = None if card.mapping is None else card.mapping.digest
    return card.spec, card.data.digest, card.data.parts, card.seed, mapping


def _numbers(card: Card, names: Mapping[str, str]) -> dict[str, object]:
    found = {figure.name: figure.value for figure in card.report.figures}
    return {fact: _decimal(found[name]) for fact, name in names.items() if name in found}


def _is_better(figure: Figure, value: float, other: float) -> bool:
    return value > other if figure.better == "higher" else value < other


def _worse_by(figure: Figure, live: Figure) -> Decimal | None:
    """In percent of the live version's figure; None where neither is better, or that is 0."""
    if figure.name != live.name or not figure.better or live.value == 0:
        return None
    farthest = float(LIMITS.model_percent)
    behind = live.value - figure.value if figure.better == "higher" else figure.value - live.value
    return _decimal(max(-farthest, min(farthest, 100 * behind / abs(live.value))))


def _decimal(value: float) -> Decimal:
    return round_to(Decimal(repr(value)), DIGITS)
