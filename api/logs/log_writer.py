"""Lines for the log, written by one thread: whoever has one to say waits for nothing.

A thread that woke for each line would take the interpreter from who decides. It wakes for the first, lets more gather
for a moment, and writes them together. When nobody takes what is written, lines are dropped and counted.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque

from ordain.api.limits import LIMITS

_LOG = logging.getLogger("ordain")
_TOGETHER = select.PIPE_BUF
"""Bytes that reach a pipe in one piece, whoever else writes to it."""


class LogWriter:
    """Writes lines to the file descriptor `number`; at most `most` wait, and `dropped` counts those that may not."""

    def __init__(self, number: int, most: int = LIMITS.log_lines) -> None:
        self.dropped = 0
        self._number, self._most = number, most
        self._lines: deque[str] = deque()
        self._called, self._writing = False, False
        self._call = threading.Event()
        self._told = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def put(self, line: str) -> None:
        """Takes a line, with its end."""
        if len(self._lines) >= self._most:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._called:
            self._called = True
            self._call.set()

    def flush(self, seconds: float = LIMITS.log_flush) -> None:
        """Waits until all lines are written, so long at the most."""
        until = time.monotonic() + seconds
        while (self._lines or self._writing) and time.monotonic() < until:
            time.sleep(0.002)

    def _run(self) -> None:
        while True:
            self._call.wait()
            time.sleep(LIMITS.log_gathers)
            self._writing = True
            self._call.clear()
            self._called = False
            self._write()
            self._writing = False
            if self.dropped > self._told:
                missing, self._told = self.dropped - self._told, self.dropped
                _LOG.warning("%d lines of the log were dropped: nobody took them in time", missing)

    def _write(self) -> None:
        waiting = self._lines
        while waiting:
            data = "".join([waiting.popleft() for _ in range(len(waiting))]).encode("utf-8", "backslashreplace")
            at = 0
            while at < len(data):
                end = data.rfind(b"\n", at, at + _TOGETHER) + 1 or data.find(b"\n", at) + 1
                self._out(data[at:end])
                at = end

    def _out(self, piece: bytes) -> None:
        at = 0
        while at < len(piece):
            try:
                at += os.write(self._number, piece[at:])
            except BlockingIOError:
                select.select([], [self._number], [], 1)
            except OSError:  # there is no log any more, and the service goes on
                self.dropped += piece.count(b"\n", at)
                return


class QueuedHandler(logging.Handler):
    """Hands each record, as a line, to a `LogWriter`."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a record that cannot be written is counted as dropped."""
        try:
            self._writer.put(self.format(record) + "\n")
        except Exception:  # whatever is wrong with a record is no reason to fail
            self._writer.dropped += 1
