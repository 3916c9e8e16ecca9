"""A process that works for another one ends when that is gone, however it went."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable


def end_with(parent: int, every: float, end: Callable[[], object]) -> None:
    """From here on looks each `every` seconds, in a thread, whether `parent` is still there; calls `end` once not."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        end()

    threading.Thread(target=watch, name="parent", daemon=True).start()
