"""A command that is ended by a supervisor tidies up as one that is interrupted at the keyboard."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_interrupts() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt meanwhile, as SIGINT does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
