"""A version that is tried beside the live one: asked for the same rows, off what decides.

It is asked in a thread of its own, and waited for no longer than a model may take for a score. While it is still at an
earlier call, or is being read, nobody waits; and like any model it is left alone for a while after it failed
repeatedly. So a shadow that hangs holds up one call, for that time, and no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from ordain.api.late_model import LateModel
from ordain.api.limits import LIMITS
from ordain.api.problems import unforeseen_in
from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Score
from ordain.engine.score_fallback import FAILING, SLOW, UNREADABLE
from ordain.engine.values.types import Value

BUSY, LOADING = "busy", "being read"
"""Why a shadow was not asked, beside those of `engine.score_fallback`."""
Rows = Sequence[Mapping[str, Value]]
Came = list[Score | OrdainError]


class ShadowModel:
    """`model` is the version. Safe between threads."""

    def __init__(self, model: LateModel) -> None:
        self.model = model
        self._free = threading.Semaphore()

    def begin(self, rows: Rows) -> Call | str:
        """Begins to score rows; a word or two on why not, where it does not."""
        if self.model.fault is not None:
            return UNREADABLE
        if why := self.model.resting:
            return why
        if self.model.loading:
            self.read_meanwhile()
            return LOADING
        if not self._free.acquire(blocking=False):
            return BUSY
        call = Call(self.model, rows)
        self._in_thread(call.run)
        return call

    def read_meanwhile(self) -> None:
        """Has it read in a thread, unless that is under way or done."""
        if self.model.loading and self._free.acquire(blocking=False):
            self._in_thread(self.model.read)

    def _in_thread(self, work: Callable[[], object]) -> None:
        """Runs `work`, after which it is free again."""

        def run() -> None:
            try:
                work()
            finally:
                self._free.release()

        threading.Thread(target=run, name=f"shadow {self.model.name}", daemon=True).start()


class Call:
    """Rows that are being scored since it was made."""

    def __init__(self, model: LateModel, rows: Rows) -> None:
        self._model, self._rows, self._begun = model, rows, time.monotonic()
        self._done = threading.Event()
        self._came: Came | str = FAILING

    def run(self) -> None:
        """Scores; raises nothing."""
        try:
            self._came = self._model.score_many(self._rows)
        except ModelDegradationDetected:
            pass
        except Exception as error:  # a fault of ours, which the log has
            unforeseen_in(f"a score of the shadow {self._model.name}@{self._model.version}", error)
        finally:
            self._done.set()

    def came(self, seconds: float) -> Came | str:
        """One answer for each row, or why there are none, at the latest so long after it began for as many rows as one
        takes (`LIMITS.circuit_rows`)."""
        last = self._begun + seconds * -(-len(self._rows) // LIMITS.circuit_rows)
        return self._came if self._done.wait(max(0.0, last - time.monotonic())) else SLOW
