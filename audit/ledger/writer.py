"""The ledger's writing end: an entry is durable before `append` returns."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import Prepared, Receipt, Recordable, Stamp, prepared
from ordain.audit.entry.keys import DataKey, Keyring
from ordain.audit.ledger.group_commit import GroupCommit, OutcomeUnknown, TooManyWaiting
from ordain.audit.limits import LIMITS
from ordain.audit.store.store import EntryRefused, KeyMoved, Store
from ordain.audit.store.texts import changed
from ordain.engine.errors import LedgerUnavailable, NotRecorded, PolicyChanged, UnknownSubject


class _Job(NamedTuple):
    entries: list[Prepared]
    documents: Iterable[Document]


class Ledger:
    """Appends entries. Safe to call from several threads, and beside other processes that do the same.

    Entries of threads that ask at the same time share a commit. `seconds` is how long one may wait for its turn.
    """

    def __init__(self, store: Store, keyring: Keyring, stamp: Stamp, seconds: float = 5.0) -> None:
        self.stamp = stamp
        self._store, self._keyring = store, keyring
        self._kept: set[Reference] = set()  # texts known to be in the database; they never leave it
        self._closed = False
        self._lock = threading.Lock()
        self._group: GroupCommit[_Job] = GroupCommit(self._write, (EntryRefused,), seconds=seconds)

    def append(self, entry: Recordable, documents: Iterable[Document] = (), known: bool = False) -> Receipt:
        """Writes `entry` and returns once it is on the disk.

        The texts that it refers to (see `audit.entry.documents`) are kept with the first entry that does: each must be
        among `documents` unless it is kept already. From then on a policy version counts as used.

        `known` asks for a subject who has a key already, and raises UnknownSubject otherwise.

        Raises NotRecorded when the entry is not in the ledger, and PolicyChanged when it refers to a used policy
        version under another digest. Then nothing was written, with one exception that no database can rule out:
        when the disk or the connection fails, or this process is interrupted, during the commit itself, the entry
        may still be found in the ledger later, whole.
        """
        for _ in range(LIMITS.sealings):
            ready = self.prepare(entry)
            if known and ready.data_key.wrapped is not None:
                raise UnknownSubject(f"the ledger has nothing about `{entry.subject}`", "it may just have been erased")
            try:
                self._group.submit(_Job([ready], documents))
            except KeyMoved:  # the subject was erased meanwhile, or another process made its key
                self._keyring.forget(ready.data_key.tag)
                continue
            except TooManyWaiting:
                raise NotRecorded(
                    f"The ledger `{self._store.name}` is overloaded. Nothing was recorded; try again",
                    "send fewer requests at once",
                ) from None
            except OutcomeUnknown:
                raise _outcome_unknown(self._store) from None
            return ready.receipt
        raise NotRecorded("Another process is changing this customer's record; try again", "nothing was recorded")

    def append_all(self, entries: Iterable[Recordable], documents: Iterable[Document] = ()) -> list[Receipt]:
        """Writes several entries in one commit; like `append` for each of them, all or none.

        Only where one of them cannot be written at first is each written by itself: then those before it stay.
        """
        wanted = list(entries)
        new: dict[str | None, DataKey] = {}
        ready = []
        for entry in wanted:
            ready.append(made := self.prepare(entry, new.get(entry.subject)))
            if made.data_key.wrapped is not None:
                new[entry.subject] = made.data_key
        try:
            self._group.submit(_Job(ready, documents))
        except (EntryRefused, KeyMoved, TooManyWaiting):
            for made in ready:
                self._keyring.forget(made.data_key.tag)
            return [self.append(entry, documents) for entry in wanted]
        except OutcomeUnknown:
            raise _outcome_unknown(self._store) from None
        return [made.receipt for made in ready]

    def prepare(self, entry: Recordable, data_key: DataKey | None = None) -> Prepared:
        """The entry, sealed under its subject's key, which may be given. Raises NotRecorded."""
        try:
            data_key = data_key or self._keyring.for_subject(entry.subject, self._store.engine)
        except self._store.failures as error:
            raise NotRecorded(self._store.explain(error)) from error
        except LedgerUnavailable as error:
            raise NotRecorded(error.issues) from error
        return prepared(entry, data_key, self.stamp)

    def check_unchanged(self, documents: Iterable[Document]) -> None:
        """Raises PolicyChanged, naming all of them, when used policy versions have been edited."""
        with self._store.reading() as connection:
            issues = [changed(connection, document.reference) for document in documents]
        if edited := [issue for issue in issues if issue]:
            raise PolicyChanged(edited)

    def close(self) -> None:
        """Appends nothing from here on. The store stays open; whoever opened it closes it."""
        with self._lock:
            self._closed = True

    def _write(self, jobs: list[_Job]) -> None:
        """One commit: called by one thread at a time."""
        if self._closed:
            raise NotRecorded("the ledger is closed", "the service is stopping: try again once it is back")
        if missing := self._store.missing():
            raise NotRecorded(missing)
        entries = [entry for job in jobs for entry in job.entries]
        named = {reference for entry in entries for reference in entry.references}
        # Sorted: two writers that insert the same texts in different orders would wait for each other.
        unkept = sorted(reference for reference in named if reference not in self._kept)
        documents = {id(job.documents): job.documents for job in jobs} if unkept else {}
        try:
            self._store.write(entries, unkept, [text for texts in documents.values() for text in texts])
        except (EntryRefused, KeyMoved):
            raise
        except BaseException as error:  # an interrupt too may leave the connection inside a transaction
            self._store.drop_writer()
            if isinstance(error, PolicyChanged | NotRecorded) and len(entries) > 1:
                raise EntryRefused from error
            if isinstance(error, self._store.failures):
                raise NotRecorded(self._store.explain(error)) from error
            raise
        self._kept.update(unkept)
        for entry in entries:
            if entry.data_key.wrapped is not None:
                self._keyring.stored(entry.data_key)


def _outcome_unknown(store: Store) -> NotRecorded:
    return NotRecorded(
        f"It is unknown whether the entry was saved in the ledger `{store.name}`. Retrying may create a second one",
        "the first one may be found in the ledger later",
    )
