"""How long a delivery that failed waits for its next try."""

from __future__ import annotations

import datetime as dt
import random
from email.utils import parsedate_to_datetime

from ordain.api.limits import LIMITS


def wait_after(tries: int, asked: float | None = None) -> float:
    """Seconds after so many tries: twice as long each time, up to a bound, less up to a half by chance.

    So that what failed together is not tried together. Never before the receiver `asked` for it, within the bound.
    """
    longest = min(LIMITS.event_first_wait * 2 ** (tries - 1), LIMITS.event_longest_wait)
    drawn = random.uniform(longest / 2, longest)  # noqa: S311 - no secret
    return max(drawn, min(asked or 0.0, LIMITS.event_longest_wait))


def retry_after(header: str | None, now: dt.datetime) -> float | None:
    """The seconds that `Retry-After` asks for, which has them or a date; None when it has neither."""
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp() - now.timestamp())
