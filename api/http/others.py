"""Those who wait for a single decision, while a batch is decided beside them."""

from __future__ import annotations


class Others:
    """True while anybody waits: each of them in a `with` block."""

    def __init__(self) -> None:
        self._waiting = 0

    def __enter__(self) -> None:
        self._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1

    def __bool__(self) -> bool:
        return self._waiting > 0
