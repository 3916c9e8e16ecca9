"""The writer's side: takes groups of entries from several processes, and writes those that wait in one commit."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress

from ordain.audit.ledger.group_commit import GroupCommit
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.shared_writer.framing import BadFrame, receive, send
from ordain.audit.shared_writer.messages import Group, Word, WriterFailed, answer, group_of, state_body
from ordain.audit.store.store import AskedBefore, EntryRefused, KeyMoved
from ordain.engine.errors import NotRecorded, PolicyChanged

_LOG = logging.getLogger("ordain")
_ONE_IS_AT_FAULT = (AskedBefore, EntryRefused, KeyMoved, NotRecorded, PolicyChanged)


class WriterService:
    """Serves who connects to `listening`, each in a thread of its own. `seconds` is how long a group may wait."""

    def __init__(self, opened: OpenLedger, listening: socket.socket, seconds: float) -> None:
        self._opened, self._store, self._listening = opened, opened.store, listening
        self._group: GroupCommit[Group] = GroupCommit(self._write, _ONE_IS_AT_FAULT, seconds=seconds)
        self._talking: set[threading.Thread] = set()
        self._finished = threading.Event()

    def start(self) -> None:
        """Begins to serve, in threads that do not keep the process alive."""
        threading.Thread(target=self._welcome, name="writer welcome", daemon=True).start()

    def finish(self) -> None:
        """Takes nobody new, and waits a moment for those who talk: they end by themselves when their process does."""
        self._finished.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # ends the wait for the next one
        until = time.monotonic() + LIMITS.last_words
        for thread in list(self._talking):
            thread.join(max(0.0, until - time.monotonic()))

    def _welcome(self) -> None:
        while not self._finished.is_set():
            try:
                line, _ = self._listening.accept()
            except OSError as error:
                if self._finished.is_set():
                    return
                _LOG.error("the writer cannot take a connection: %s", error)
                time.sleep(LIMITS.writer_pause)
                continue
            thread = threading.Thread(target=self._talk, args=(line,), name="writer line", daemon=True)
            self._talking.add(thread)
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        try:
            with line, suppress(OSError):  # who asked is gone, which is how every line ends
                send(line, Word.READY)
                while True:
                    send(line, *self._said(*receive(line)))
        except BadFrame as error:
            _LOG.error("a connection to the writer was closed: %s", error)
        finally:
            self._talking.discard(threading.current_thread())

    def _said(self, word: int, body: bytes) -> tuple[Word, bytes]:
        if word == Word.STATE:
            signing = self._opened.checkpointer
            return Word.STATE, state_body(signing.fault, dict(signing.unanchored))
        if word not in (Word.WRITE, Word.WRITE_AGAIN):
            raise BadFrame(f"{word} asks for nothing")
        group = group_of(body, word == Word.WRITE_AGAIN)
        try:
            self._group.submit(group)
        except Exception as error:  # whatever it is, it is told to who asked
            return answer(error)
        return answer(None)

    def _write(self, groups: list[Group]) -> None:
        """One commit: called by one thread at a time."""
        if missing := self._store.missing():
            raise WriterFailed(missing)
        new = [group for group in groups if not (group.again and self._is_written(group))]
        if not new:
            return
        entries = [entry for group in new for entry in group.entries]
        unkept = sorted({reference for group in new for reference in group.unkept})
        try:
            self._store.write(entries, unkept, [text for group in new for text in group.documents])
        except (AskedBefore, EntryRefused, KeyMoved):
            raise
        except BaseException as error:
            self._store.drop_writer()
            if isinstance(error, self._store.failures):
                raise WriterFailed(self._store.explain(error)) from error
            raise

    def _is_written(self, group: Group) -> bool:
        """A group is written whole or not at all; what is there under its ids has to be the same bytes."""
        with self._store.reading() as connection:
            stored = [self._store.envelope(connection, entry.id) for entry in group.entries]
        same = [row is not None and row[1] == entry.envelope for row, entry in zip(stored, group.entries, strict=True)]
        return all(same)
