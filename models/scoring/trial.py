"""A stored version tried in a process of its own first: files that are damaged, though their sums fit, can end the
process that XGBoost reads them in."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from ordain.engine.errors import reason_of
from ordain.models.limits import LIMITS

if TYPE_CHECKING:
    from ordain.models.registry.registry import Stored

_TRIAL = (sys.executable, "-m", "ordain.models.scoring.trial_run")
_TRIED: set[str] = set()
"""Digests of trees that were read without harm since this process began."""


def fault_of(stored: Stored) -> str:
    """Why the trees cannot be loaded here, in words; "" where they can be, or nothing can be tried.

    Takes a second, the time to load XGBoost, but once for the same trees.
    """
    digest = hashlib.sha256(stored.trees).hexdigest()
    if digest in _TRIED or importlib.util.find_spec("xgboost") is None:
        return ""
    command = [*_TRIAL, str(stored.width), str(stored.card.trees)]
    paths = os.pathsep.join(each or os.curdir for each in sys.path)
    try:
        done = subprocess.run(  # noqa: S603 - this Python, this module
            command,
            input=stored.trees,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            timeout=LIMITS.trial_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"its trees were not read within {LIMITS.trial_seconds:.0f} seconds, in a trial"
    except OSError as error:
        return f"no process could be begun to try its trees: {reason_of(error)}"
    if done.returncode == 0:
        _TRIED.add(digest)
        return ""
    said = done.stdout.decode(errors="replace").strip()[:200]
    return said if done.returncode == 1 and said else "its trees end the process that reads them: they are damaged"
