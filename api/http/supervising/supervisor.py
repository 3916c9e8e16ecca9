"""The server's process: Granian's, which ends in good order whoever the signals reach."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from granian import Granian

from ordain.api.http.supervising.interrupt import Interrupt
from ordain.api.http.supervising.respawns import Respawns
from ordain.api.limits import LIMITS

_LOG = logging.getLogger("ordain")


class Supervisor(Granian):  # type: ignore[misc, valid-type]  # Granian chooses it when it is imported
    """`reload` is called when it gets SIGHUP, by the handler of the signal.

    Ctrl-C reaches the workers as well as this process, and so does what a supervisor sends to a whole group. A worker
    that ends then is none that failed.
    """

    def __init__(self, *target: str, reload: Callable[..., None], **how: Any) -> None:
        super().__init__(*target, **how)
        self._reloads = reload
        self.main_loop_interrupt = Interrupt()
        if self.workers > 1:
            self.respawned_wrks = Respawns()

    def signal_handler_interrupt(self, *_: object) -> None:
        """Told to stop."""
        for each in self.wrks:
            each.interrupt_by_parent = True
        super().signal_handler_interrupt()

    def signal_handler_reload(self, *_: object) -> None:
        """Granian would start its workers again, and connections that wait for one of the old would be refused."""
        self._reloads()

    def serve_until_told(self, made: Any) -> None:
        """Serves until it is told to stop. Raises SystemExit when it ends for another reason."""
        try:
            self.serve(target_loader=made, wrap_loader=False)
        except SystemExit:
            if not self.interrupt_signal:
                raise

    def _spawn_worker(self, *given: Any, **named: Any) -> Any:
        """Whether a worker has failed is judged a moment after its end: the same signal may be on its way here."""
        made = super()._spawn_worker(*given, **named)
        judged = made._watcher

        def watch() -> None:
            made.inner.join()
            time.sleep(LIMITS.news_seconds)
            judged()

        made._watcher = watch
        return made

    def _stop_workers(self) -> None:
        """Granian's looks once, when another of its threads may be about to note that the worker has ended."""
        deadline, told = time.monotonic() + LIMITS.stop_seconds, 0.0
        while any(each.is_alive() for each in self.wrks) and time.monotonic() < deadline:
            if time.monotonic() - told >= LIMITS.tells_again:  # one that was being forked may not have heard it
                told = time.monotonic()
                for each in self.wrks:
                    each.terminate()
            time.sleep(LIMITS.end_looks)
        for each in self.wrks:
            if each.is_alive():
                _LOG.warning(
                    "worker %d does not end within %d seconds, and is killed", each.idx + 1, LIMITS.stop_seconds
                )
                each.kill()
                each.join()
        self.wrks.clear()
