"""A command that is ended by a supervisor, or at the keyboard, tidies up and says by its exit code what ended it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ordain.api.limits import LIMITS

ENDING = (signal.SIGINT, signal.SIGTERM)


class Ended(KeyboardInterrupt):
    """By a signal of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code_of_interrupt(interrupt: KeyboardInterrupt) -> int:
    """As a shell tells it of a program that a signal ended: 130 at the keyboard, 143 by a supervisor."""
    return 128 + (interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT)


@contextmanager
def ending_interrupts() -> Iterator[Callable[[], None]]:
    """SIGTERM and SIGINT raise Ended meanwhile; a further one, a moment later, ends the process at once.

    Python drops what is raised while it tidies up an object. So what this gives is to be called now and then: it
    raises Ended again.
    """
    came: list[tuple[int, float]] = []

    def end(number: int, _frame: FrameType | None) -> None:
        if not came:
            came.append((number, time.monotonic()))
            raise Ended(number)
        if time.monotonic() - came[0][1] > LIMITS.ends_once:
            os._exit(128 + number)

    def look() -> None:
        if came:
            raise Ended(came[0][0])

    def dropped(what: sys.UnraisableHookArgs) -> None:
        if not isinstance(what.exc_value, Ended):
            hook(what)

    hook, sys.unraisablehook = sys.unraisablehook, dropped
    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield look
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


@contextmanager
def signals_wait() -> Iterator[None]:
    """Signals that end a command come only afterwards; a process that is started meanwhile has to let them in again."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
