"""Where processes meet the one that writes the ledger for them: a Unix socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from ordain.audit.limits import LIMITS
from ordain.engine.errors import SettingsError


class MeetingPlace:
    """A new one, its owner's alone: nobody's stale one is met, and two writers on one ledger do not meet either.

    `path` is what others connect to, `listening` what the writer serves; until it does, they wait. Raises SettingsError
    where no socket fits into the folder for temporary files.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ordain-"))
        self.path = self.folder / "writer"
        if len(os.fsencode(self.path)) > LIMITS.socket_path:
            self.folder.rmdir()
            raise SettingsError(
                f"the folder for temporary files, `{self.folder.parent}`, has a name too long for a socket in it",
                "name a shorter one in the variable TMPDIR, or use one process",
            )
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(str(self.path))
        self.listening.listen()

    def remove(self) -> None:
        """Nobody meets here any more."""
        self.listening.close()
        shutil.rmtree(self.folder, ignore_errors=True)
