"""How often a key may ask, and how long something lasts, as people write them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from ordain.engine.errors import MalformedRequest

_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(r"([1-9]\d{0,8}) per (second|minute|hour|day)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PERIOD = re.compile(r"(\d{1,5})([mhd])")


@dataclass(frozen=True, slots=True)
class Rate:
    """`requests` in each span of `seconds`."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.requests} per {next(name for name, seconds in _SECONDS.items() if seconds == self.seconds)}"


def read_rate(text: str) -> Rate:
    """`100 per minute`. Raises MalformedRequest."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise MalformedRequest(f"`{text[:40]}` is not a rate", "for example: 100 per minute")
    return Rate(int(match[1]), _SECONDS[match[2]])


def read_period(text: str) -> dt.timedelta:
    """`90d`, `24h` or `30m`. Raises MalformedRequest."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise MalformedRequest(f"`{text[:40]}` is not a period", "for example: 90d, 24h or 30m")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
