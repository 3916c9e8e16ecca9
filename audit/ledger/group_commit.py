"""Group commit: entries that are ready while another commit is under way share the next one.

Whoever finds nobody writing writes for all who wait, and then hands over to the first that came meanwhile. So there
is no thread of its own, and no delay for a caller that is alone. (P. Helland et al., "Group commit timers and high
volume transaction systems", 1987: this is its form without the timer.)
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Generic, TypeVar

from ordain.audit.limits import LIMITS

Item = TypeVar("Item")


class TooManyWaiting(Exception):
    """The store did not keep up: the item was not written, and will not be."""


class OutcomeUnknown(Exception):
    """The thread that wrote the item was interrupted or does not come back: it may be durable, or may never be."""


class _Ticket(Generic[Item]):
    """One item that waits until `until`. `turn` is released when the ticket is done, or has to write for the others.

    `error` says why the item is not durable, and nothing but a write that has returned clears it.
    """

    __slots__ = ("done", "error", "item", "turn", "until")

    def __init__(self, item: Item, until: float) -> None:
        self.item, self.until = item, until
        self.done = False
        self.error: Exception | None = OutcomeUnknown()
        self.turn = threading.Lock()
        self.turn.acquire()


class GroupCommit(Generic[Item]):
    """`write` takes up to `most` items in one transaction, and raises when it took none of them.

    An exception of the types `alone` says that one of several items is at fault: then each is written by itself.
    At most `waiting` items wait, each for `seconds` at the most; a further one waits, too, before it is queued.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], None],
        alone: tuple[type[Exception], ...],
        *,
        most: int = LIMITS.commit,
        waiting: int = LIMITS.waiting,
        seconds: float = 5.0,
    ) -> None:
        self._write, self._alone = write, alone
        self._most, self._seconds = most, seconds
        self._room = threading.Semaphore(waiting)
        self._lock = threading.Lock()  # held for the queue and `_leader` only, never while writing
        self._queue: deque[_Ticket[Item]] = deque()
        self._leader: _Ticket[Item] | None = None

    def submit(self, item: Item) -> None:
        """Returns once the item is durable. Raises what `write` raised for it, TooManyWaiting, or OutcomeUnknown."""
        until = time.monotonic() + self._seconds
        if not self._room.acquire(timeout=self._seconds):
            raise TooManyWaiting
        try:
            ticket = _Ticket(item, until)
            try:
                self._take_turn(ticket)
            except BaseException:  # an interrupt: nobody is to wait for this thread
                self._leave(ticket)
                raise
        finally:
            self._room.release()
        if ticket.error is not None:
            raise ticket.error

    def _take_turn(self, ticket: _Ticket[Item]) -> None:
        with self._lock:
            self._queue.append(ticket)
            if leads := self._leader is None:
                self._leader = ticket
        if not leads:
            self._wait(ticket)
        if not ticket.done:
            self._lead()

    def _wait(self, ticket: _Ticket[Item]) -> None:
        """Until the ticket is done or leads."""
        until = ticket.until
        while not ticket.turn.acquire(timeout=max(0.001, until - time.monotonic())):
            with self._lock:
                if self._leader is ticket:
                    ticket.turn.acquire()  # released together with the handing over
                    return
                if ticket.done:
                    return
                if ticket in self._queue:
                    self._queue.remove(ticket)
                    raise TooManyWaiting
            # It is being written, and what comes of that is to be waited for, but not for ever.
            if until > ticket.until:
                raise OutcomeUnknown
            until = time.monotonic() + LIMITS.patience * self._seconds

    def _lead(self) -> None:
        """Writes what waits, the leader's own among it, and hands over."""
        batch: list[_Ticket[Item]] = []
        try:
            with self._lock:
                batch.extend(islice(self._queue, self._most))
                for _ in batch:
                    self._queue.popleft()
            self._commit(batch)
        finally:
            self._hand_over()
            for ticket in batch:
                ticket.done = True
                ticket.turn.release()

    def _hand_over(self) -> None:
        with self._lock:
            self._leader = following = self._queue[0] if self._queue else None
            if following is not None:
                following.turn.release()

    def _leave(self, ticket: _Ticket[Item]) -> None:
        """Withdraws a ticket that nobody waits for any more, and hands over when it was to lead."""
        with self._lock:
            if ticket in self._queue:
                self._queue.remove(ticket)
        if self._leader is ticket:
            self._hand_over()

    def _commit(self, batch: list[_Ticket[Item]]) -> None:
        try:
            self._write([ticket.item for ticket in batch])
        except self._alone as error:
            if len(batch) == 1:
                batch[0].error = error
            else:
                self._each(batch)
        except Exception as error:  # whatever it is, each who waits is told it, and nobody waits for ever
            for ticket in batch:
                ticket.error = error
        else:
            for ticket in batch:
                ticket.error = None

    def _each(self, batch: list[_Ticket[Item]]) -> None:
        for ticket in batch:
            # A store that fails slowly is not to be asked again for each of them.
            if ticket is not batch[0] and time.monotonic() > ticket.until:
                ticket.error = TooManyWaiting()
                continue
            try:
                self._write([ticket.item])
                ticket.error = None
            except Exception as error:  # as above: it is the waiting one's to raise
                ticket.error = error
