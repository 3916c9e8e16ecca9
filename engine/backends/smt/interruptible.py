"""A question to the solver that ends when its process is asked to end.

Z3 has a handler of its own for Ctrl+C, which takes the signal and says nothing; without it Python learns of the signal
only when Z3 returns, which may be minutes later. So a long question runs beside the main thread, which can be woken.
"""

from __future__ import annotations

import threading
from typing import Any

AT_ONCE = 0.5
"""Seconds that anybody can wait; a question with no more time than that is asked in place."""
_AGAIN = 0.05
"""Seconds after which a solver is told once more, as it may not have begun when it was told."""


def checked(solver: Any, seconds: float, *truths: Any) -> Any:
    """What `solver.check` says within some seconds. KeyboardInterrupt, and what else a signal raises, stops it."""
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set("ctrl_c", False)
    if seconds <= AT_ONCE or threading.current_thread() is not threading.main_thread():
        return solver.check(*truths)
    answers: list[Any] = []
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(solver.check(*truths))
        except BaseException as fault:  # told where the answer is awaited
            faults.append(fault)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        asking.join()
    except BaseException:
        while asking.is_alive():
            solver.ctx.interrupt()
            asking.join(_AGAIN)
        raise
    if faults:
        raise faults[0]
    return answers[0]
