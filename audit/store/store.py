"""Where entries are stored: what a ledger asks of its database, whichever it is."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import sqlalchemy as sa

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import Prepared
from ordain.audit.entry.keys import DataKey
from ordain.audit.entry.once import LASTING
from ordain.audit.store.private_parts import PrivateParts
from ordain.audit.store.rows import REQUEST_KEY, SUBJECT_KEY
from ordain.audit.store.texts import keep
from ordain.engine.errors import Issue, LedgerUnavailable


class KeyMoved(Exception):
    """An entry was sealed under a data key that the database does not have: destroyed, or made twice at once.

    The entry is to be sealed again, under the key that there is now.
    """


class AskedBefore(Exception):
    """Requests are on record already under the keys of some that were to be written: `digests` says which."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        super().__init__()
        self.digests = frozenset(digests)


class EntryRefused(Exception):
    """The database keeps one of several entries from being written; which one shows when each is written alone."""


class Sequencer(Protocol):
    """Gives durable entries their places in the order, where writing alone does not."""

    def sequence(self) -> int | None:
        """Orders all that waits, and says how many entries; None when another process does it.

        Raises LedgerUnavailable when the database cannot be reached.
        """

    def close(self) -> None:
        """Lets another process take over."""


class Store(ABC):
    """An open ledger database. Reading goes through `engine`; only the methods here write.

    `name` is what people are shown; `private` is where the private parts of entries are. Failures of the database are
    raised as the driver's; `failures` lists them and `explain` says what one means.
    """

    engine: sa.Engine
    name: str
    private: PrivateParts
    failures: tuple[type[Exception], ...]
    reads_wait = False
    """Whether a short read may wait for long: for a network, or for a lock of somebody else."""

    @abstractmethod
    def write(self, entries: Sequence[Prepared], unkept: list[Reference], documents: Iterable[Document]) -> None:
        """Adds the entries, and the texts named in `unkept`, in one durable transaction.

        Raises EntryRefused when several were given and one of them cannot be written, KeyMoved, NotRecorded or
        PolicyChanged when that is so of a single one, AskedBefore. Nothing is written then.
        """

    @abstractmethod
    def transaction(self) -> Any:
        """A context manager giving a `sa.Connection` that may write, committed at its end."""

    @abstractmethod
    def check_structure(self) -> None:
        """Raises LedgerUnavailable when something is planted in the database that may change what is written.

        From then on each transaction that writes is refused for that, too.
        """

    @abstractmethod
    def add(self, connection: sa.Connection, entry: Prepared) -> None:
        """Adds one entry inside a transaction of `transaction`."""

    @abstractmethod
    def add_first(self, connection: sa.Connection, entry: Prepared) -> None:
        """Makes the entry leaf 0, inside a transaction that has called `lock_founding`."""

    @abstractmethod
    def lock_founding(self, connection: sa.Connection) -> None:
        """Makes other processes wait until this transaction ends before they look for the ledger's identity."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """Others who call this wait until it ends, in whatever process: what is checked in it still holds when it is
        recorded. Decisions and other entries do not wait. Raises LedgerUnavailable when it cannot be had."""

    @abstractmethod
    def lock_housekeeping(self, connection: sa.Connection) -> None:
        """Makes other erasures, holds and removals by age wait until this transaction ends."""

    @abstractmethod
    def envelope(self, connection: sa.Connection, entry_id: bytes) -> tuple[int | None, bytes] | None:
        """Leaf index (None: not in the order yet) and envelope of an entry."""

    def find_keys(self, tags: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        """Name and wrapped bytes of the keys of those tags that have one, by the tag.

        Safe to call from several threads, and beside `write`. Raises what `failures` names.
        """
        columns = SUBJECT_KEY.c
        wanted = sa.select(columns.tag, columns.key, columns.wrapped).where(columns.tag.in_(tags))
        with self.engine.connect() as connection:
            return {tag: (key, wrapped) for tag, key, wrapped in connection.execute(wanted)}

    @abstractmethod
    def find_asked(self, digests: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        """Code of the request and id of the entry of those keys that are known, by the key's digest.

        Safe to call from several threads, and beside `write`. Raises what `failures` names.
        """

    def forget_asked(self, since: bytes, before: bytes, most: int, *, lasting: bool) -> int:
        """Removes up to `most` keys of requests, the oldest, whose entries have ids from `since` to below `before`.

        LASTING ones stay unless `lasting`. Returns how many were removed. Raises LedgerUnavailable.
        """
        old = sa.select(REQUEST_KEY.c.digest).where(REQUEST_KEY.c.id >= since, REQUEST_KEY.c.id < before)
        old = old.order_by(REQUEST_KEY.c.id)
        if not lasting:
            old = old.where(REQUEST_KEY.c.request != LASTING)
        with self.reading() as connection:  # most times there is none, and nobody who writes is to wait for that
            if connection.execute(old.limit(1)).first() is None:
                return 0
        try:
            with self.transaction() as connection:
                done = connection.execute(sa.delete(REQUEST_KEY).where(REQUEST_KEY.c.digest.in_(old.limit(most))))
                return int(done.rowcount)
        except self.failures as error:
            raise LedgerUnavailable(self.explain(error)) from error

    def flush(self) -> None:
        """What can be read by now is on the disk when this returns. Raises OSError."""
        return

    def waiting(self) -> list[tuple[bytes, bytes]]:
        """Id and envelope of the entries that are durable and have no place in the order yet."""
        return []

    def sequencer(self) -> Sequencer | None:
        """What orders the entries; None when `write` gives them their places at once. Close it before the store."""
        return None

    def take_any_time(self, connection: sa.Connection) -> None:
        """Lets the statements of this transaction take as long as they need. Nothing where no limit is set."""
        return

    def whole_months(self, before: dt.date) -> list[str]:
        """Names of the parts of the payloads, oldest first, that hold months ended before that day and nothing else.

        None, unless a store keeps each month's payloads apart.
        """
        return []

    def month_bounds(self, month: str) -> tuple[bytes, bytes]:
        """The smallest id of one of `whole_months`, and that of the month after it. Raises ValueError."""
        raise ValueError(f"payloads are not kept by the month here: {month}")

    def count_month(self, connection: sa.Connection, month: str, stays: sa.Select[bytes]) -> int:
        """How many payloads `drop_month` would remove; none is added to that month until the transaction ends."""
        raise ValueError(f"payloads are not kept by the month here: {month}")

    def drop_month(self, connection: sa.Connection, month: str, stays: sa.Select[bytes]) -> tuple[int, int]:
        """Removes one of `whole_months` with its payloads but those whose key is in `stays`, inside a transaction.

        Returns how many were removed, and how many of these had lost their key already. Raises ValueError for a month
        that is none of `whole_months`, as every one is where payloads are kept together.
        """
        raise ValueError(f"payloads are not kept by the month here: {month}")

    def empty_log(self) -> None:
        """Takes what was deleted out of a log that keeps it readable. Nothing, unless a store has such a log.

        Raises LedgerUnavailable when it cannot be done now.
        """
        return

    @abstractmethod
    def scrub(self) -> None:
        """Removes what the database keeps, for its own purposes, of rows of a subject that were deleted.

        Raises LedgerUnavailable when it cannot be done now.
        """

    @abstractmethod
    def explain(self, error: Exception) -> Issue:
        """What a failure of the database means to the person who has to act on it."""

    @abstractmethod
    def drop_writer(self) -> None:
        """The next write starts with a fresh connection: this one may have failed in any state."""

    def drop_finder(self) -> None:
        """The next `find_keys` starts with a fresh connection, where a store keeps one for it."""
        return

    def prepare(self, now: dt.datetime) -> None:
        """Makes ready what entries of the next weeks need. Nothing, unless a store says otherwise."""
        return

    def missing(self) -> Issue | None:
        """Set when what was opened is no longer there, so that what is written to it would be lost."""
        return None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read from. Raises LedgerUnavailable when the database cannot be read."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except self.failures as error:
            raise LedgerUnavailable(self.explain(error)) from error

    def close(self) -> None:
        """Lets go of all connections. The store is of no use afterwards."""
        self.drop_writer()
        self.drop_finder()
        self.engine.dispose()


def changed_structure(what: str) -> LedgerUnavailable:
    """The refusal of a database in which `what` is not the ledger's, or not as it was made."""
    return LedgerUnavailable(
        f"the database has something that may change what is written to it: `{what}`",
        "find out who put it there, take it out, and run `ordain audit verify`",
    )


def add_key(connection: sa.Connection, data_key: DataKey) -> None:
    """Adds a key that no database has yet, inside a transaction; nothing for another."""
    if data_key.wrapped is not None:
        row = {"key": data_key.key, "tag": data_key.tag, "wrapped": data_key.wrapped}
        connection.execute(sa.insert(SUBJECT_KEY), row)


def new_keys(entries: Sequence[Prepared]) -> list[DataKey]:
    """The data keys that the database does not have yet, each once.

    By their tags: two writers that insert the same ones in different orders would wait for each other.
    """
    new = {e.data_key.key: e.data_key for e in entries if e.data_key.wrapped is not None}
    return sorted(new.values(), key=lambda data_key: data_key.tag)


def keep_texts(connection: sa.Connection, unkept: list[Reference], documents: Iterable[Document]) -> None:
    """Adds the texts of `documents` that `unkept` names, inside a transaction.

    Raises NotRecorded for one that is not given, PolicyChanged for another text of a policy's version.
    """
    if unkept:
        keep(connection, unkept, documents)
