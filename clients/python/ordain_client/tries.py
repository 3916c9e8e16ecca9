"""When a request is sent again. Nothing here sends or waits: `until_answered` says what to do next.

So the same code serves `Client` and `AsyncClient`, which do it.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Generator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeAlias, TypeVar

import httpx

from ordain_client.errors import NoAnswer

T = TypeVar("T")

Came: TypeAlias = httpx.Response | httpx.TransportError | None
Flow: TypeAlias = Generator[httpx.Request | float, Came, T]
"""Yields a request to be sent, or seconds to wait; is sent what came of it."""

PASSING = (408, 429, 502, 503, 504)
"""Statuses that may be others a moment later."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and for how many seconds in all, a request is sent; pauses grow from the first to the longest."""

    tries: int = 6
    seconds: float = 60.0
    first_pause: float = 0.1
    longest_pause: float = 8.0

    def pause(self, tried: int, asked_for: float | None) -> float:
        """Seconds before the next try: a random part of what has grown, so that clients do not come together again."""
        grown = min(self.longest_pause, self.first_pause * 2.0 ** (tried - 1))
        drawn = random.uniform(grown / 2, grown)  # noqa: S311 - no secret
        return max(drawn, asked_for or 0.0)


def until_answered(request: httpx.Request, patience: Patience, may_repeat: bool = True) -> Flow[httpx.Response]:
    """Sends until there is an answer that stays, or patience ends. Raises NoAnswer."""
    began, tried = time.monotonic(), 0
    while True:
        came = yield request
        tried += 1
        if isinstance(came, httpx.Response) and came.status_code not in PASSING:
            return came
        asked_for = retry_after(came) if isinstance(came, httpx.Response) else None
        pause = patience.pause(tried, asked_for)
        if not may_repeat or tried >= patience.tries or time.monotonic() - began + pause > patience.seconds:
            break
        yield pause
    if isinstance(came, httpx.Response):
        return came
    raise NoAnswer(f"no answer from {request.url.host} after {tried} tries: {came}") from came


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait for, as a number or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds())
    except (ValueError, TypeError):  # none, or none that can be read
        return None
