"""What can be measured of services and servers: each a signal, by the names of the fact `alert_signal`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Signal(StrEnum):
    """Each is a value of the fact `alert_signal`."""

    DENY_RATE = "deny rate"
    REVIEW_RATE = "review rate"
    ERROR_RATE = "error rate"
    LATENCY = "latency"
    LEDGER_LAG = "ledger lag"
    MODEL_UNUSABLE = "model unusable"
    SERVER_DOWN = "server down"
    GUARDRAIL = "guardrail"


FROM_LEDGER = frozenset((Signal.DENY_RATE, Signal.REVIEW_RATE, Signal.LEDGER_LAG, Signal.GUARDRAIL))
"""The others are told by servers."""

Cause = tuple[str, str | None]
"""A signal and the service that it is of, or None: there is one alert for each."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`value` is in percent, milliseconds or seconds, as the fact `alert_value` says; `count` what it was made of.

    `entries` are the ids of entries that it is news of: once somebody has acknowledged that, it is none any more.
    """

    signal: Signal
    service: str | None
    value: Decimal
    count: int
    entries: tuple[str, ...] = ()

    @property
    def cause(self) -> Cause:
        """What an alert about it is known by."""
        return self.signal, self.service


def percent(part: float, whole: float) -> Decimal:
    """With two digits; `whole` is not 0."""
    return (Decimal(int(part)) * 100 / Decimal(int(whole))).quantize(Decimal("0.01"))
