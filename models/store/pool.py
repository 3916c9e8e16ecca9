"""A few connections of a driver, each lent to one thread at a time: SQLAlchemy's pool costs as much as a reading."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class Pool(Generic[C]):
    """`connect` makes a connection."""

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect
        self._free: deque[C] = deque()
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[C]:
        """A connection that is given back, or closed when an exception leaves the block."""
        connection = self._next()
        try:
            yield connection
        except BaseException:
            self._drop(connection)
            raise
        if self._closed:
            self._drop(connection)
        else:
            self._free.append(connection)  # of a deque this is safe between threads

    def _next(self) -> C:
        try:
            return self._free.pop()
        except IndexError:
            return self._connect()

    @staticmethod
    def _drop(connection: C) -> None:
        with suppress(Exception):
            connection.close()

    def empty(self) -> None:
        """Closes those that nobody uses."""
        with suppress(IndexError):
            while True:
                self._drop(self._free.pop())

    def close(self) -> None:
        self._closed = True
        self.empty()
