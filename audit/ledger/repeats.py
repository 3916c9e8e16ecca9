"""Requests that come again under a key of the caller's: found, answered from the record, forgotten after a day.

What is kept of a request is in `audit.store.rows.REQUEST_KEY`, written in the transaction of its entry. The codes are
made with the ledger's own key (`Keyring.code_of_request`), since a key of a caller may hold a name, and what was asked
can be guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from ordain.audit.entry.entry import VERIFY, Receipt, first_id
from ordain.audit.entry.keys import Keyring
from ordain.audit.entry.once import LASTING, Once, is_over
from ordain.audit.ledger.reader import Reader, Record, Status
from ordain.audit.ledger.restoring import NOT_RESTORED, answer_of
from ordain.audit.limits import LIMITS
from ordain.audit.store.store import Store
from ordain.engine.errors import AnswerGone, LedgerUnavailable, reason_of

Json = dict[str, Any]


class Found(NamedTuple):
    """The entry of a request that was made under this key before; `same` says that it asked for the same."""

    entry_id: UUID
    same: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered before: `answer` byte for byte, or, where its service `refused` it, the reasons for that."""

    receipt: Receipt
    answer: bytes
    refused: bool
    reasons: list[Json]


class Repeats:
    """Those of one ledger. Safe to use from several threads; `now` is the clock."""

    def __init__(self, store: Store, keyring: Keyring, reader: Reader, now: Callable[[], dt.datetime]) -> None:
        self._store, self._keyring, self._reader, self._now = store, keyring, reader, now
        self._flushed = False
        self._done = b""

    @property
    def wait(self) -> bool:
        """Whether `find` may wait for long: an event loop calls it in a thread then."""
        return self._store.reads_wait

    def once(self, caller: str, key: str, service: str, asked: bytes, line: int = 0) -> Once:
        """What stands for `asked` of that service under a caller's key; with `line`, for that line of several.

        Neither key nor service holds a NUL. No caller knows, or meets, the keys of another.
        """
        told = f"{key}\0{line}\0{caller}".encode("utf-8", "surrogatepass")
        code = self._keyring.code_of_request
        return Once(code(b"key " + told), code(b"asked " + service.encode() + b"\0" + asked))

    def lasting(self, caller: str, key: str) -> Once:
        """What stands for a caller's key whatever is asked under it, for `LIMITS.lasting_kept` seconds."""
        return Once(self.once(caller, key, "", b"").digest, LASTING)

    def find(self, onces: Collection[Once]) -> dict[Once, Found]:
        """Those of the requests that came before, as long as they count. Raises LedgerUnavailable."""
        try:
            known = self._store.find_asked([once.digest for once in onces])
        except self._store.failures as error:
            raise LedgerUnavailable(self._store.explain(error)) from error
        if not known:
            return {}
        now = first_id(self._now())
        found = {}
        for once in onces:
            request, entry_id = known.get(once.digest, (b"", b""))
            if entry_id and not is_over(entry_id, request, now):
                same = request in (once.bound(entry_id).request, once.request)  # the latter: of a version before
                found[once] = Found(UUID(bytes=entry_id), same)
        return found

    def told(self, entry_id: UUID) -> Told:
        """What was answered when that entry was made. It reads the record and may compile its policies: in a thread.

        Raises AnswerGone when it cannot be told any more, LedgerUnavailable.
        """
        record = self._reader.record(entry_id)
        if record is None:
            raise LedgerUnavailable(f"the entry `{entry_id}`, which answers an earlier request, is not there", VERIFY)
        whole = record.private
        if whole is None or NOT_RESTORED in whole:
            raise AnswerGone(
                f"this request was decided before, and its answer {_why(record)}; nothing was decided now",
                f"on record as decision {entry_id}; to have it decided anew send another `Idempotency-Key`",
            )
        self._flush()
        refuses = self._reader.past.plan(record.envelope).service.refuses
        receipt = Receipt(str(entry_id), record.entry.leaf_hash.hex())
        answer = answer_of(record.envelope, whole, receipt.leaf_hash)
        return Told(receipt, answer, refuses and whole["verdict"] == "deny", whole["reasons"])

    def _flush(self) -> None:
        """Once for all: what is written later can be read only after it was flushed."""
        if self._flushed:
            return
        try:
            self._store.flush()
        except OSError as error:
            raise LedgerUnavailable(f"the ledger `{self._store.name}` cannot be flushed: {reason_of(error)}") from error
        self._flushed = True

    def forget_old(self) -> int:
        """Removes, in steps, what no longer counts, and says how much. Raises LedgerUnavailable.

        What lasts is not looked through each time: below `_done` nothing else is left.
        """
        now = self._now()
        long_ago = first_id(now, dt.timedelta(seconds=-LIMITS.lasting_kept))
        before = first_id(now, dt.timedelta(seconds=-LIMITS.repeats_kept))
        removed = 0
        for since, until, lasting in ((b"", long_ago, True), (max(self._done, long_ago), before, False)):
            for _ in range(LIMITS.repeats_steps):
                step = self._store.forget_asked(since, until, LIMITS.repeats_removed, lasting=lasting)
                removed += step
                if step < LIMITS.repeats_removed:
                    break
            if not lasting and step < LIMITS.repeats_removed:
                self._done = until
        return removed


def _why(record: Record) -> str:
    if record.private is not None:
        return f"cannot be made again: {record.private[NOT_RESTORED]}"
    return {
        Status.ERASED: "was erased with the person whom it is about",
        Status.EXPIRED: "was removed by age",
        Status.RESTRICTED: "is restricted: the person whom it is about has asked to be erased",
    }[record.status]
