"""Group commit: entries that are ready while another commit is under way share the next one.

Whoever finds nobody writing writes for all who wait, and then hands over to the first that came meanwhile. So there
is no delay for a caller that is alone. (P. Helland et al., "Group commit timers and high volume transaction systems",
1987: this is its form without the timer.)

A caller waits for its item in its own thread (`submit`), or goes on and is told later (`begin`). For the latter, who
cannot write, a standing thread does when it is their turn; it is there only while there is something for it to do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from itertools import islice
from typing import Generic, TypeVar

from ordain.audit.limits import LIMITS

Item = TypeVar("Item")
Tell = Callable[[list[tuple[Item, Exception | None]]], None]
"""Gets items of one group, each with why it is not durable; None when it is."""
_LOG = logging.getLogger("ordain")


class TooManyWaiting(Exception):
    """The store did not keep up: the item was not written, and will not be."""


class OutcomeUnknown(Exception):
    """The thread that wrote the item was interrupted or does not come back: it may be durable, or may never be."""


class _Ticket(Generic[Item]):
    """One item that waits until `until`. `turn` is released when the ticket is done, or has to write for the others.

    `error` says why the item is not durable, and nothing but a write that has returned clears it. With `tell` no
    thread waits for it.
    """

    __slots__ = ("done", "error", "item", "tell", "turn", "until")

    def __init__(self, item: Item, until: float, tell: Tell[Item] | None = None) -> None:
        self.item, self.until, self.tell = item, until, tell
        self.done = False
        self.error: Exception | None = OutcomeUnknown()
        self.turn = threading.Lock()
        self.turn.acquire()


class GroupCommit(Generic[Item]):
    """`write` takes up to `most` items in one transaction, and raises when it took none of them.

    What it may return is why it left some out, by their numbers among those that it was given.
    An exception of the types `alone` says that one of several items is at fault: then each is written by itself.
    At most `waiting` items wait, each for `seconds` at the most; a further one waits, too, before it is queued.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], Mapping[int, Exception] | None],
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
        self._batch: list[_Ticket[Item]] = []
        self._called = threading.Semaphore(0)  # once for each ticket with a `tell` that is to lead
        self._standing: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many wait to be written, or are being written."""
        return len(self._queue) + (len(self._batch) if self._leader is not None else 0)

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

    def begin(self, item: Item, tell: Tell[Item]) -> None:
        """Queues the item and returns. `tell` is called once for it, in another thread, with all of its group.

        What it is told is what `submit` would raise. Raises TooManyWaiting at once when there is no room; then, as when
        no thread can be started (RuntimeError), nothing is told or written.
        """
        if not self._room.acquire(blocking=False):
            raise TooManyWaiting
        ticket = _Ticket(item, time.monotonic() + self._seconds, tell)
        with self._lock:
            try:
                self._stand_by()
            except BaseException:
                self._room.release()
                raise
            self._queue.append(ticket)
            if self._leader is None:
                self._appoint(ticket)

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
                self._batch = batch
            if batch:  # a ticket that nobody waits for in a thread may be withdrawn when its turn has come
                self._commit(batch)
        finally:
            self._hand_over()
            for ticket in batch:
                if ticket.tell is None:
                    ticket.done = True
                    ticket.turn.release()
            self._tell((ticket, ticket.error) for ticket in batch if ticket.tell is not None)

    def _hand_over(self) -> None:
        with self._lock:
            self._leader = None
            if self._queue:
                self._appoint(self._queue[0])

    def _appoint(self, ticket: _Ticket[Item]) -> None:
        """Lets it write for the others. Called with the lock."""
        self._leader = ticket
        if ticket.tell is None:
            ticket.turn.release()
        else:
            self._called.release()

    def _leave(self, ticket: _Ticket[Item]) -> None:
        """Withdraws a ticket that nobody waits for any more, and hands over when it was to lead."""
        with self._lock:
            if ticket in self._queue:
                self._queue.remove(ticket)
        if self._leader is ticket:
            self._hand_over()

    def _commit(self, batch: list[_Ticket[Item]]) -> None:
        try:
            left_out = self._write([ticket.item for ticket in batch]) or {}
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
            for number, why in left_out.items():
                batch[number].error = why

    def _each(self, batch: list[_Ticket[Item]]) -> None:
        for ticket in batch:
            # A store that fails slowly is not to be asked again for each of them.
            if ticket is not batch[0] and time.monotonic() > ticket.until:
                ticket.error = TooManyWaiting()
                continue
            try:
                left_out = self._write([ticket.item]) or {}
                ticket.error = left_out.get(0)
            except Exception as error:  # as above: it is the waiting one's to raise
                ticket.error = error

    def _tell(self, came: Iterable[tuple[_Ticket[Item], Exception | None]]) -> None:
        """Tells what came of them, those of one `tell` in one call; nothing to those who were told already."""
        groups: dict[Tell[Item], list[tuple[Item, Exception | None]]] = {}
        with self._lock:
            for ticket, error in came:
                if ticket.tell is not None and not ticket.done:
                    ticket.done = True
                    groups.setdefault(ticket.tell, []).append((ticket.item, error))
        for tell, group in groups.items():
            self._room.release(len(group))
            try:
                tell(group)
            except Exception:  # a fault of who is told: it is not to end the thread that writes for all
                _LOG.exception("what came of %d entries could not be told", len(group))

    def _stand_by(self) -> None:
        """Starts the threads that write and watch for tickets that nobody waits for. Called with the lock."""
        if self._standing is None:
            writer = threading.Thread(target=copy_context().run, args=(self._stand,), name="ledger writer", daemon=True)
            watch = threading.Thread(
                target=copy_context().run, args=(self._watch, writer), name="ledger watch", daemon=True
            )
            watch.start()
            self._standing = writer
            try:
                writer.start()
            except BaseException:
                self._standing = None
                raise

    def _stand(self) -> None:
        while True:
            called = self._called.acquire(timeout=LIMITS.writer_stays)
            with self._lock:
                leads = self._leader is not None and self._leader.tell is not None
                if not (called or leads or any(ticket.tell for ticket in self._queue)):
                    self._standing = None
                    return
            if leads:
                try:
                    self._lead()
                except BaseException:  # even an interrupt: those who wait were told, and others will come
                    _LOG.exception("a group of entries could not be written")

    def _watch(self, writer: threading.Thread) -> None:
        """Tells those whose time is up, since no thread of theirs does: see `_wait`."""
        while True:
            time.sleep(min(0.25, max(0.001, self._seconds / 4)))
            now = time.monotonic()
            lost = now - LIMITS.patience * self._seconds
            with self._lock:
                if self._standing is not writer:
                    return
                late = [ticket for ticket in self._queue if ticket.tell is not None and now > ticket.until]
                for ticket in late:
                    self._queue.remove(ticket)
                stuck = [ticket for ticket in self._batch if ticket.tell is not None and lost > ticket.until]
            self._tell((ticket, TooManyWaiting()) for ticket in late)
            self._tell((ticket, OutcomeUnknown()) for ticket in stuck)
