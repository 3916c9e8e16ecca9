"""A SQLite ledger whose entries another process writes: this one reads, seals, and sends what is sealed.

Reading, and writing that is no appending (an erasure), is done on the file as ever. A group of entries goes over a
socket, and its answer is what `Store.write` says. If the writer dies meanwhile, the group is sent to the next one as
one that may have been written; entries that are in the ledger byte for byte count as written then.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import Prepared
from ordain.audit.ledger.group_commit import OutcomeUnknown
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.shared_writer.framing import BadFrame, receive, send
from ordain.audit.shared_writer.messages import Word, WriterFailed, error_of, group_body, state_of
from ordain.audit.store.failures import SQLITE_FAILURES
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.store.store import EntryRefused
from ordain.engine.errors import Issue, NotRecorded

AWAY = "the process that writes the ledger does not answer"


class RemoteStore(SqliteStore):
    """`writer` is the path of the writer's socket; `seconds` is how long a group waits to reach it."""

    failures = (*SQLITE_FAILURES, WriterFailed)

    def __init__(self, url: str, busy_seconds: float, writer: Path, seconds: float) -> None:
        self._line: socket.socket | None = None
        self._socket, self._seconds = str(writer), seconds
        super().__init__(url, busy_seconds)

    def write(self, entries: Sequence[Prepared], unkept: list[Reference], documents: Iterable[Document]) -> None:
        body = group_body(entries, unkept, documents)
        if len(body) > LIMITS.frame:
            if len(entries) > 1:
                raise EntryRefused
            raise NotRecorded(f"the entry has {len(body):,} bytes; the writer takes {LIMITS.frame:,}")
        if error := self._answer(body):
            raise error

    def explain(self, error: Exception) -> Issue:
        return error.issue if isinstance(error, WriterFailed) else super().explain(error)

    def drop_writer(self) -> None:
        self._hang_up()
        super().drop_writer()

    def writer_state(self) -> tuple[str, dict[str, str]]:
        """Why the writer cannot sign the log, if so, and which places did not take the newest checkpoint, and why."""
        try:
            with self._connected(time.monotonic() + self._seconds) as line:
                send(line, Word.STATE)
                return state_of(receive(line)[1])
        except (OSError, BadFrame):
            return AWAY, {}

    def _answer(self, body: bytes) -> Exception | None:
        """What the writer says of a group. Raises WriterFailed when it cannot have got it, else OutcomeUnknown."""
        sent = False
        last = time.monotonic() + LIMITS.patience * self._seconds  # nobody waits longer: see `GroupCommit`
        until = time.monotonic() + self._seconds
        while True:
            try:
                line = self._line = self._line or self._connected(until)
                line.settimeout(max(0.001, last - time.monotonic()))
                word, sent = (Word.WRITE_AGAIN if sent else Word.WRITE), True
                send(line, word, body)
                return error_of(*receive(line))
            except (OSError, BadFrame):
                if self._line is not None:  # the next writer gets as long as the first
                    until = min(last, time.monotonic() + self._seconds)
                self._hang_up()
            if time.monotonic() >= until:
                if sent:
                    raise OutcomeUnknown
                raise WriterFailed(Issue(f"{AWAY}; nothing was recorded", "try again: it is being started again"))
            time.sleep(LIMITS.writer_pause)

    def _connected(self, until: float) -> socket.socket:
        """A line to a writer that is there: one that has spoken. Raises OSError, BadFrame."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(max(0.001, until - time.monotonic()))
            line.connect(self._socket)
            if receive(line)[0] != Word.READY:
                raise BadFrame("it is no writer")
        except BaseException:
            line.close()
            raise
        return line

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def follow(opened: OpenLedger, store: RemoteStore) -> None:
    """What a process that does not sign does with every beat: takes over what the writer says of its signing.

    Keys in memory are forgotten in time, since another process may have destroyed some.
    """
    opened.keyring.forget_in_time()
    opened.checkpointer.fault, unanchored = store.writer_state()
    opened.checkpointer.unanchored = unanchored
