"""When a worker that failed is not started again any more."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

from ordain.api.limits import LIMITS


class Respawns(dict[int, float]):
    """Stands in for granian's `respawned_wrks`, when each worker was started again last.

    Granian ends the whole server when one fails twice within 5.5 seconds. That may be two kills, which are no reason to
    end the others; a worker that cannot start at all is one. So it is told of a restart only when there were
    `LIMITS.restarts` of that worker within `LIMITS.restarts_seconds`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._times: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=LIMITS.restarts))

    def __setitem__(self, worker: int, at: float) -> None:
        self._times[worker].append(at)

    def get(self, worker: int, default: float | None = None) -> float:  # type: ignore[override]
        """When it was started again last, when that was too often; otherwise a long time ago."""
        now, times = self._clock(), self._times[worker]
        if len(times) == LIMITS.restarts and times[-1] - times[0] < LIMITS.restarts_seconds:
            return times[-1]
        return now - 2 * LIMITS.restarts_seconds

    def clear(self) -> None:
        """Granian forgets the others whenever one is started again: here each is counted for itself."""
