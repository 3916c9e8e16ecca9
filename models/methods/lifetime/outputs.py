"""What a lifetime value model gives, as facts: amounts in decimals that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ordain.engine.policy.facts import Reason, Score, round_to
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.methods.lifetime.model_file import CENTS, Tiers, amount

CHANCE_DIGITS = 4
COUNT_DIGITS = 4
ACQUISITION_SHARE = Decimal("0.20")
RETENTION_SHARE = Decimal("0.10")


def score_of(
    months: Sequence[float],
    tiers: Tiers,
    alive: Decimal | None,
    purchases: Decimal | None,
    reasons: Sequence[Reason],
    used: Mapping[str, Value],
) -> Score:
    """One customer's answer; `months` are 12 finite amounts. The strongest reasons are kept, none that is 0."""
    by_month = tuple(amount(month) for month in months)
    value = Decimal(0)
    for month in by_month:
        value = NUMBERS.add(value, month)
    strongest = sorted((each for each in reasons if each.contribution), key=_strength, reverse=True)
    also: dict[str, Value] = {
        "by_month": by_month,
        "tier": tiers.of(value),
        "probability_alive": alive,
        "expected_purchases": purchases,
        "acquisition_spend": _share(value, ACQUISITION_SHARE),
        "retention_spend": _share(value, RETENTION_SHARE),
    }
    return Score(value, tuple(strongest[: LIMITS.reasons]), used, also)


def _share(value: Decimal, share: Decimal) -> Decimal:
    return round_to(NUMBERS.multiply(value, share), CENTS)


def _strength(reason: Reason) -> Decimal:
    return abs(reason.contribution)
