"""Texts as whole numbers in the texts' own order, and days and times as numbers."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable

from ordain.engine.values.zones import SECOND

DAY_NS = 86_400 * SECOND
_GAP = 1_000
"""Codes between two texts that occur: each stands for a text that does not."""


class Codes:
    """The codes of the texts that occur in what is proved. Whatever lies between two of them is another text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = sorted(set(texts))
        self._codes = {text: _GAP * (place + 1) for place, text in enumerate(self.texts)}
        self.last = _GAP * (len(self.texts) + 1) - 1

    def code(self, text: str) -> int:
        """Raises KeyError for a text that was not named at the beginning."""
        return self._codes[text]

    def text(self, code: int) -> str:
        """The text of a code: one that occurs, or another that stands in the same place of the order."""
        place, beyond = divmod(code, _GAP)
        before = self.texts[place - 1] if place else ""
        if place and not beyond:
            return before
        after = self.texts[place] if place < len(self.texts) else None
        for shape in (f"{before} {beyond:03}", f"{before}!{beyond:03}", f"another text {beyond:03}"):
            made = shape if place else shape.strip()
            if made > before and (after is None or made < after) and self._place(made) == place:
                return made
        return f"{before} {beyond:03}"

    def _place(self, text: str) -> int:
        return bisect_right(self.texts, text)


def day_code(day: dt.date) -> int:
    return day.toordinal()


def instant_code(moment: dt.datetime) -> int:
    """Nanoseconds in UTC; the moment has an offset."""
    utc = moment.astimezone(dt.UTC).replace(tzinfo=None) - dt.datetime(1, 1, 1)
    return DAY_NS + (utc.days * 86_400 + utc.seconds) * SECOND + utc.microseconds * 1_000


def moment_of(code: int) -> dt.datetime:
    """The moment of a code, to the microsecond."""
    days, rest = divmod(code, DAY_NS)
    start = dt.datetime.combine(dt.date.fromordinal(days), dt.time(), dt.UTC)
    return start + dt.timedelta(microseconds=rest // 1_000)


def time_code(time: dt.time) -> int:
    """Nanoseconds since midnight."""
    return ((time.hour * 60 + time.minute) * 60 + time.second) * SECOND + time.microsecond * 1_000


def span_code(span: dt.timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds * 1_000


def span_of(code: int) -> dt.timedelta:
    return dt.timedelta(microseconds=code // 1_000)
