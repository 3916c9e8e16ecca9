"""Erases rows of a run in a process that kills itself at a step: python row_eraser.py URL OUTPUT KEY STEP"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ledgers import opened

from ordain.audit.rows import without_rows
from ordain.audit.rows.row_erasure import erase_rows
from ordain.audit.rows.run_files import RunFiles

WRITTEN = "written"
"""The step between a file's new bytes and its new name."""


def die_at(step: str, wanted: str) -> None:
    if step.startswith(wanted):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    url, output, key, wanted = sys.argv[1:]
    if wanted == WRITTEN:
        without_rows.os.fsync = lambda handle: die_at(WRITTEN, wanted)  # type: ignore[attr-defined]
    with opened(url) as use:
        erase_rows(use, RunFiles(Path(output)), key, private={}, step=lambda step: die_at(step, wanted))
