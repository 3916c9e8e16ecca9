"""Scores that one version of a model gave a short while ago, for rows that come again exactly as they were.

A row is told by what its values are written as, so that `1` and `1.0` are two: a record has the inputs as they came.
A new event that changes a feature makes another row. Scores are kept in the memory of the process alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ordain.api.limits import LIMITS
from ordain.engine.policy.facts import Score
from ordain.engine.values.types import Value

Row = tuple[str, ...]


class KeptScores:
    """Each is kept for `seconds` after it was made, and the newest `LIMITS.scores_kept` at most; `now` gives seconds.

    Safe to use from several threads.
    """

    def __init__(self, names: tuple[str, ...], seconds: float, now: Callable[[], float]) -> None:
        """`names` are the inputs that the model reads."""
        self._names, self._seconds, self._now = names, seconds, now
        self._lock = threading.Lock()
        self._kept: dict[Row, tuple[float, Score]] = {}

    def row(self, inputs: Mapping[str, Value]) -> Row:
        """What a score is kept under."""
        return tuple([repr(inputs.get(name)) for name in self._names])

    def of(self, row: Row) -> Score | None:
        """The score of that row, while it is kept."""
        found = self._kept.get(row)
        return found[1] if found is not None and found[0] > self._now() else None

    def keep(self, row: Row, score: Score) -> None:
        """Lets go of the oldest ones where there are too many, and of those whose time is over."""
        now = self._now()
        with self._lock:
            self._kept.pop(row, None)  # the newest is the last
            while self._kept:
                oldest = next(iter(self._kept))
                if len(self._kept) < LIMITS.scores_kept and self._kept[oldest][0] > now:
                    break
                del self._kept[oldest]
            self._kept[row] = (now + self._seconds, score)
