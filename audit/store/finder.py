"""A connection of the driver's that is kept for one short question, which is asked again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar


class Closes(Protocol):
    """A connection of any driver."""

    def close(self) -> None:
        """Ends it."""


Connection = TypeVar("Connection", bound=Closes)
Answer = TypeVar("Answer")


class Finder(Generic[Connection]):
    """Through SQLAlchemy such a question takes ten times as long. Safe to call from several threads.

    `connect` opens a connection, `ended` says that one is of no use any more. After a failure the next call opens anew.
    """

    def __init__(self, connect: Callable[[], Connection], ended: Callable[[Connection], bool]) -> None:
        self._connect, self._ended = connect, ended
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """What `question` says of the connection. Raises what it or the connecting raises."""
        with self._lock:
            if self._connection is None or self._ended(self._connection):
                self._drop()
                self._connection = self._connect()
            try:
                return question(self._connection)
            except BaseException:
                self._drop()
                raise

    def drop(self) -> None:
        """Lets go of the connection; the next call opens another."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is given up, whatever it says
                connection.close()
