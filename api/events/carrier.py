"""What carries events to an endpoint, whatever it is: a try, and what came of it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

GONE = 410
"""The status by which a receiver says that it wants nothing any more."""


class Came(NamedTuple):
    """What came of a try. `status` is that of HTTP, where one came; `fault` is empty when it was delivered."""

    status: int | None
    fault: str
    retry_after: float | None = None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == GONE


class Carrier(Protocol):
    """Its connections are kept open for the next events; `close` it."""

    async def send(self, event: dict[str, Any], line: bytes) -> Came:
        """One try. Whatever goes wrong is told, not raised. What has the same `line` is sent one after another."""

    async def close(self) -> None:
        """Closes its connections."""


def first_line(error: object) -> str:
    """What an error says, in one short line: it is kept, and shown."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:160]
