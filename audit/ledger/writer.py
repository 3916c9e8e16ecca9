"""The ledger's writing end: an entry is durable before `append` returns."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import Prepared, Receipt, Recordable, Stamp, prepared
from ordain.audit.entry.keys import DataKey, Keyring
from ordain.audit.entry.once import Once
from ordain.audit.ledger.group_commit import GroupCommit, OutcomeUnknown, TooManyWaiting
from ordain.audit.limits import LIMITS
from ordain.audit.store.store import AskedBefore, EntryRefused, KeyMoved, Store
from ordain.audit.store.texts import changed
from ordain.engine.errors import LedgerUnavailable, NotRecorded, OrdainError, PolicyChanged, UnknownSubject

_LOG = logging.getLogger("ordain")


@dataclass(slots=True)
class Begun:
    """An entry that `Ledger.begin` took. Once `done` gets it, it is durable, or `error` says why it is not.

    `token` is the caller's, to know it by.
    """

    entry: Recordable
    documents: Iterable[Document]
    done: Callable[[list[Begun]], None]
    token: Any = None
    error: Exception | None = None
    ready: Prepared | None = None
    sealings: int = 0
    once: Once | None = None

    def receipt(self) -> Receipt:
        """Raises `error`."""
        if self.error is not None or self.ready is None:
            raise self.error or RuntimeError("nothing came of it yet")
        return self.ready.receipt


class _Job(NamedTuple):
    entries: list[Prepared]
    documents: Iterable[Document]
    begun: Begun | None = None


Came = Receipt | OrdainError | AskedBefore
"""What comes of one entry of several."""


class Ledger:
    """Appends entries. Safe to call from several threads, and beside other processes that do the same.

    Entries of threads that ask at the same time share a commit. `seconds` is how long one may wait for its turn.
    """

    def __init__(self, store: Store, keyring: Keyring, stamp: Stamp, seconds: float = 5.0) -> None:
        self.stamp = stamp
        self._store, self._keyring = store, keyring
        self._kept: set[Reference] = set()  # texts known to be in the database; they never leave it
        self._coming: dict[str | None, DataKey] = {}  # new keys of entries that are on their way
        self._closed = False
        self.watch: Callable[[int, float], None] | None = None
        """Told of each commit: its entries, and the seconds that it took."""
        self.fault: str | None = None
        """Why the last commit failed; None when it did not."""
        self._lock = threading.Lock()
        self._group: GroupCommit[_Job] = GroupCommit(self._write, (EntryRefused,), seconds=seconds)

    @property
    def waiting(self) -> int:
        """How many entries, or lists of them, wait for a commit or are in one."""
        return self._group.waiting

    def append(
        self,
        entry: Recordable,
        documents: Iterable[Document] = (),
        known: bool = False,
        once: Once | None = None,
    ) -> Receipt:
        """Writes `entry` and returns once it is on the disk.

        The texts that it refers to (see `audit.entry.documents`) are kept with the first entry that does: each must be
        among `documents` unless it is kept already. From then on a policy version counts as used.

        `known` asks for a subject who has a key already, and raises UnknownSubject otherwise. `once` is the request
        that the entry answers: when an answer to one under the same key is on record already, AskedBefore is raised and
        nothing written.

        Raises NotRecorded when the entry is not in the ledger, and PolicyChanged when it refers to a used policy
        version under another digest. Then nothing was written, with one exception that no database can rule out:
        when the disk or the connection fails, or this process is interrupted, during the commit itself, the entry
        may still be found in the ledger later, whole.
        """
        for _ in range(LIMITS.sealings):
            ready = self.prepare(entry, once=once)
            if known and ready.data_key.wrapped is not None:
                raise UnknownSubject(f"the ledger has nothing about `{entry.subject}`", "it may just have been erased")
            try:
                self._group.submit(_Job([ready], documents))
            except KeyMoved:  # the subject was erased meanwhile, or another process made its key
                self._keyring.forget(ready.data_key.tag)
                continue
            except TooManyWaiting:
                raise _overloaded(self._store) from None
            except OutcomeUnknown:
                raise _outcome_unknown(self._store, once) from None
            return ready.receipt
        raise _always_moved()

    def waits_for(self, subject: str | None) -> bool:
        """Whether `begin` may wait for the key of that subject to be read: an event loop calls it in a thread then."""
        return self._store.reads_wait and subject not in self._coming and not self._keyring.remembers(subject)

    def begin(
        self,
        entry: Recordable,
        documents: Iterable[Document],
        done: Callable[[list[Begun]], None],
        token: Any = None,
        once: Once | None = None,
    ) -> None:
        """Like `append`, and does not wait: `done` is called once for it, in another thread, with all of its group.

        It is sealed here and now. A subject's key that is not in memory is read from the database first, which is a
        short read on SQLite (see `waits_for`). Raises NotRecorded when it cannot be sealed, or too many wait already;
        then `done` is not called. What `append` would raise later is the `error` of what `done` gets.
        """
        self._begin(Begun(entry, documents, done, token, once=once))

    def _begin(self, begun: Begun) -> None:
        subject = begun.entry.subject
        # Entries about one new subject share its key on the way: two keys would make the database refuse the group.
        # Only the first brings it into the database. Another that did so later might bring back one that was destroyed.
        begun.ready = ready = self.prepare(begun.entry, self._coming.get(subject), begun.once)
        begun.sealings += 1
        if ready.data_key.wrapped is not None:
            first = self._coming.setdefault(subject, replace(ready.data_key, wrapped=None))
            if first.key != ready.data_key.key:  # another thread made one meanwhile
                begun.ready = ready = self.prepare(begun.entry, first, begun.once)
        try:
            self._group.begin(_Job([ready], begun.documents, begun), self._came)
        except BaseException as error:
            self._arrived(begun)
            if isinstance(error, TooManyWaiting):
                raise _overloaded(self._store) from None
            raise

    def _arrived(self, begun: Begun) -> None:
        """Its new key, if it has one, is in the database or never will be."""
        if begun.ready is not None and begun.ready.data_key.wrapped is not None:
            self._coming.pop(begun.entry.subject, None)

    def _came(self, outcomes: list[tuple[_Job, Exception | None]]) -> None:
        """What came of entries that were begun: those whose key moved begin again, the others are done."""
        groups: dict[Callable[[list[Begun]], None], list[Begun]] = {}
        for job, error in outcomes:
            begun = job.begun
            if begun is None or begun.ready is None:
                continue
            self._arrived(begun)
            if isinstance(error, KeyMoved):
                self._keyring.forget(begun.ready.data_key.tag)
                failure = self._again(begun)
                if failure is None:  # it is on its way once more, or even done: it is not this thread's any longer
                    continue
            else:
                failure = self._told(error, begun.once)
            begun.error = failure
            groups.setdefault(begun.done, []).append(begun)
        for done, group in groups.items():
            try:
                done(group)
            except Exception:  # a fault of who is told: the others are told all the same
                _LOG.exception("what came of %d entries could not be told", len(group))

    def _again(self, begun: Begun) -> Exception | None:
        """Seals and queues it once more; why not, when that is not possible."""
        if begun.sealings >= LIMITS.sealings:
            return _always_moved()
        try:
            self._begin(begun)
        except Exception as error:  # whatever it is, it is the waiting one's to raise
            return error
        return None

    def _told(self, error: Exception | None, once: Once | None) -> Exception | None:
        if isinstance(error, TooManyWaiting):
            return _overloaded(self._store)
        return _outcome_unknown(self._store, once) if isinstance(error, OutcomeUnknown) else error

    def append_all(self, entries: Iterable[Recordable], documents: Iterable[Document] = ()) -> list[Receipt]:
        """Writes several entries in one commit; like `append` for each of them, all or none.

        Only where one of them cannot be written at first is each written by itself: then the others stay.
        """
        receipts = []
        for receipt in self.append_each(entries, documents):
            if isinstance(receipt, Exception):
                raise receipt
            receipts.append(receipt)
        return receipts

    def append_each(
        self, entries: Iterable[Recordable], documents: Iterable[Document] = (), onces: Sequence[Once | None] = ()
    ) -> list[Came]:
        """Writes several entries in one commit. For each its receipt, or what `append` would raise for it.

        `onces` are the requests that they answer, if any of them has one.
        """
        wanted = list(entries)
        onces = onces or [None] * len(wanted)
        try:
            keys = self._keys({entry.subject for entry in wanted})
            ready = [
                prepared(entry, keys[entry.subject], self.stamp, once)
                for entry, once in zip(wanted, onces, strict=True)
            ]
        except NotRecorded:  # one of them is at fault, or none can be sealed: each is told its own
            return self._append_singly(wanted, documents, onces)
        try:
            self._group.submit(_Job(ready, documents))
        except (EntryRefused, KeyMoved):
            for made in ready:
                self._keyring.forget(made.data_key.tag)
            return self._append_singly(wanted, documents, onces)
        except AskedBefore as before:
            return self._append_others(wanted, documents, onces, before)
        except TooManyWaiting:
            return [_overloaded(self._store)] * len(wanted)
        except OutcomeUnknown:
            return [_outcome_unknown(self._store, once) for once in onces]
        except OrdainError as error:  # of the database, not of one of them
            return [error] * len(wanted)
        return [made.receipt for made in ready]

    def _append_others(
        self,
        wanted: Sequence[Recordable],
        documents: Iterable[Document],
        onces: Sequence[Once | None],
        before: AskedBefore,
    ) -> list[Came]:
        """Writes those that were not asked before."""
        known = [once is not None and once.digest in before.digests for once in onces]
        if not any(known):
            return self._append_singly(wanted, documents, onces)
        others = [(entry, once) for entry, once, is_known in zip(wanted, onces, known, strict=True) if not is_known]
        came = iter(self.append_each([entry for entry, _ in others], documents, [once for _, once in others]))
        return [before if is_known else next(came) for is_known in known]

    def _append_singly(
        self, wanted: Iterable[Recordable], documents: Iterable[Document], onces: Iterable[Once | None]
    ) -> list[Came]:
        came: list[Came] = []
        for entry, once in zip(wanted, onces, strict=True):
            try:
                came.append(self.append(entry, documents, once=once))
            except (OrdainError, AskedBefore) as error:
                came.append(error)
        return came

    def prepare(self, entry: Recordable, data_key: DataKey | None = None, once: Once | None = None) -> Prepared:
        """The entry, sealed under its subject's key, which may be given. Raises NotRecorded."""
        return prepared(entry, data_key or self._keys((entry.subject,))[entry.subject], self.stamp, once)

    def _keys(self, subjects: Collection[str | None]) -> dict[str | None, DataKey]:
        try:
            return self._keyring.for_subjects(subjects, self._store.find_keys)
        except self._store.failures as error:
            raise NotRecorded(self._store.explain(error)) from error
        except LedgerUnavailable as error:
            raise NotRecorded(error.issues) from error

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

    def _write(self, jobs: list[_Job]) -> dict[int, Exception] | None:
        """One commit: called by one thread at a time. Leaves out jobs that were asked before, and says which."""
        if self._closed:
            raise NotRecorded("the ledger is closed", "the service is stopping: try again once it is back")
        if missing := self._store.missing():
            raise NotRecorded(missing)
        if not any(entry.once for job in jobs for entry in job.entries):
            self._commit(jobs)
            return None
        known: frozenset[bytes] = frozenset()
        while True:
            going, left_out = _asked_first(jobs, known)
            if not going:
                return left_out
            try:
                self._commit(going)
            except AskedBefore as before:  # each time fewer jobs are left
                if before.digests <= known:
                    raise NotRecorded("the ledger cannot tell which requests it has", "please report this") from before
                known |= before.digests
            else:
                return left_out

    def _commit(self, jobs: list[_Job]) -> None:
        entries = [entry for job in jobs for entry in job.entries]
        lists = {id(entry.references): entry.references for entry in entries}  # those of one plan are one list
        named = {reference for references in lists.values() for reference in references}
        # Sorted: two writers that insert the same texts in different orders would wait for each other.
        unkept = sorted(reference for reference in named if reference not in self._kept)
        documents = {id(job.documents): job.documents for job in jobs} if unkept else {}
        begun = time.perf_counter()
        try:
            self._store.write(entries, unkept, [text for texts in documents.values() for text in texts])
        except (AskedBefore, EntryRefused, KeyMoved):
            raise
        except BaseException as error:  # an interrupt too may leave the connection inside a transaction
            self._store.drop_writer()
            if isinstance(error, PolicyChanged | NotRecorded) and len(entries) > 1:
                raise EntryRefused from error
            if isinstance(error, self._store.failures):
                refused = NotRecorded(self._store.explain(error))
                self.fault = refused.message
                raise refused from error
            if isinstance(error, NotRecorded):
                self.fault = error.message
            raise
        self.fault = None
        if self.watch is not None:
            self.watch(len(entries), time.perf_counter() - begun)
        self._kept.update(unkept)
        for entry in entries:
            if entry.data_key.wrapped is not None:
                self._keyring.stored(entry.data_key)


def _asked_first(jobs: list[_Job], known: frozenset[bytes]) -> tuple[list[_Job], dict[int, Exception]]:
    """The jobs that may be written together, and the numbers of the others: what they answer was asked before.

    `known` are the keys that the database has; of two jobs under one key the first is written.
    """
    going: list[_Job] = []
    left_out: dict[int, Exception] = {}
    seen = set(known)
    for number, job in enumerate(jobs):
        digests = {entry.once.digest for entry in job.entries if entry.once is not None}
        if again := digests & seen:
            left_out[number] = AskedBefore(again)
        else:
            going.append(job)
            seen |= digests
    return going, left_out


def _always_moved() -> NotRecorded:
    return NotRecorded("Another process is changing this customer's record; try again", "nothing was recorded")


def _overloaded(store: Store) -> NotRecorded:
    return NotRecorded(
        f"The ledger `{store.name}` is overloaded. Nothing was recorded; try again", "send fewer requests at once"
    )


def _outcome_unknown(store: Store, once: Once | None) -> NotRecorded:
    if once is not None:
        return NotRecorded(
            f"It is unknown whether the entry was saved in the ledger `{store.name}`",
            "send the same request again under its `Idempotency-Key`: it is recorded once",
        )
    return NotRecorded(
        f"It is unknown whether the entry was saved in the ledger `{store.name}`. Retrying may create a second one",
        "the first one may be found in the ledger later",
    )
