"""Keeps the process that writes a SQLite ledger for several workers, from the process of the server.

The server's process listens on the socket and hands it on, so workers that come while there is no writer wait for the
next one. Both ends of its life are ends of a pipe: the server and every worker, which are forked, hold the writing end,
and when the last of them is gone, however it went, the writer reads its end, signs what came last and leaves.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

from ordain.api.limits import LIMITS
from ordain.api.logs.records import TENANT
from ordain.audit.shared_writer.meeting_place import MeetingPlace

WRITER = "ORDAIN_WRITER_SOCKET"
"""The environment variable in which workers find the writer's socket. No setting: the server sets it."""

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that do not end the writer."""

_LOG = logging.getLogger("ordain")


class WriterKeeper:
    """Starts `python -m ordain.api.http.writer_process`, and again whenever it ends, until `stop`.

    Workers find it at `place`, which `stop` removes. It finds its settings by `environment`, this process's if there is
    none; `tenant` is named in the log where there are several.
    """

    def __init__(self, place: MeetingPlace, environment: Mapping[str, str] | None = None, tenant: str = "") -> None:
        self._place, self._environment, self._tenant = place, environment, tenant
        self._ends, self._lives = os.pipe()
        for inherited in (place.listening.fileno(), self._ends):
            os.set_inheritable(inherited, True)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="writer keeper", daemon=True)
        self._pid, self._status = 0, -1

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Lets the writer end once no worker is left, by force after so many seconds. Whether it signed everything."""
        self._stopping.set()
        os.close(self._lives)
        self._thread.join(seconds)
        if self._thread.is_alive() and self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._thread.join(1)
        self._place.remove()
        return self._status == 0

    def _keep(self) -> None:
        TENANT.set(self._tenant)
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._pid = self._spawn()
                _, status = os.waitpid(self._pid, 0)
                self._pid, self._status = 0, os.waitstatus_to_exitcode(status)
            except OSError as error:
                _LOG.error("the process that writes the ledger cannot be started: %s", error)
            if self._stopping.is_set():
                return
            _LOG.error("the process that writes the ledger ended (%d) and is started again", self._status)
            if time.monotonic() - started < 2 * LIMITS.writer_rests:
                self._stopping.wait(LIMITS.writer_rests)

    def _spawn(self) -> int:
        # Not `subprocess`: it waits on a pipe that a worker forked at that moment would hold open.
        given = [str(self._place.listening.fileno()), str(self._ends), str(self._place.folder)]
        given += [self._tenant] if self._tenant else []
        command = [sys.executable, "-m", "ordain.api.http.writer_process", *given]
        # Signals are held back from the first moment on, and ignored once it runs: see `writer_process`.
        return os.posix_spawn(sys.executable, command, self._environment or os.environ, setsigmask=IGNORED)
