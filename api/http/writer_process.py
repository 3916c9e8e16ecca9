"""The process that writes the ledger for several workers.

`api/http/writer_keeper.py` starts it as `python -m ordain.api.http.writer_process SOCKET PIPE FOLDER [TENANT]`, a
listening socket and a pipe by their numbers, the folder of the socket, and whose ledger it is, where there are several.
It also signs the log, which the workers do not. It ends when nobody holds the pipe's other end any more, and not by a
signal: that of a Ctrl-C, or of a terminal that closes, goes to the workers too, and what they decide last is still to
be written.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import socket
import sys

from ordain.api.http.writer_keeper import IGNORED
from ordain.api.ledger import open_for
from ordain.api.logs.begin import begin_logs
from ordain.api.logs.records import TENANT
from ordain.api.settings import load_settings
from ordain.audit.ledger.checkpointer import Beat
from ordain.audit.shared_writer.service import WriterService
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


def main(listening: int, pipe: int, folder: str, tenant: str = "") -> None:
    """Writes until the last worker is gone, then signs, and removes the socket's folder."""
    TENANT.set(tenant)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    settings = load_settings()
    begin_logs(settings)
    opened = open_for(settings, make=False)
    opened.store.flush()  # what the writer before it was killed with counts as written from here on
    beat = Beat(opened.settle, settings.checkpoint_seconds, "checkpoints")
    service = WriterService(opened, socket.socket(fileno=listening), max(1.0, settings.busy_seconds))
    gc.freeze()
    beat.start()
    service.start()
    while os.read(pipe, 1):
        pass
    service.finish()
    opened.finish()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
    except OrdainError as error:
        _LOG.error("the ledger cannot be opened: %s", error.message)
        sys.exit(1)
