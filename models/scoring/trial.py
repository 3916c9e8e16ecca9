"""A stored version tried in a process of its own first: files that are damaged, though their sums fit, can end the
process that a library reads them in."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ordain.engine.errors import reason_of
from ordain.models.limits import LIMITS

if TYPE_CHECKING:
    from ordain.models.registry.stored import Stored

_TRIAL = (sys.executable, "-m", "ordain.models.scoring.trial_run")
_TRIED: set[str] = set()
"""Digests of files that were read without harm since this process began."""


def fault_of(stored: Stored) -> str:
    """Why its files cannot be loaded here, in words; "" where they can be.

    Takes a second, the time to load a library, but once for the same files.
    """
    files = {"card": stored.card.to_bytes(), **stored.files}
    digest = hashlib.sha256(b"".join(hashlib.sha256(files[name]).digest() for name in sorted(stored.files))).hexdigest()
    if digest in _TRIED:
        return ""
    try:
        with tempfile.TemporaryDirectory(prefix="ordain-model-") as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            done = _run(folder)
    except subprocess.TimeoutExpired:
        return f"its files were not read within {LIMITS.trial_seconds:.0f} seconds, in a trial"
    except OSError as error:
        return f"no process could be begun to try its files: {reason_of(error)}"
    if done.returncode == 0:
        _TRIED.add(digest)
        return ""
    said = done.stdout.decode(errors="replace").strip()[:200]
    return said if done.returncode == 1 and said else "its files end the process that reads them: they are damaged"


def _run(folder: str) -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join(each or os.curdir for each in sys.path)
    return subprocess.run(  # noqa: S603 - this Python, this module
        [*_TRIAL, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        timeout=LIMITS.trial_seconds,
        check=False,
    )
