"""Which process delivers to an endpoint: a name for this one, and whether another one still runs."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from secrets import token_hex


def this_process() -> str:
    """A new name: machine and process, so that others of the same machine can see whether it runs, and chance."""
    return f"{_machine()}/{os.getpid()}/{token_hex(8)}"


def has_ended(owner: str) -> bool:
    """Whether that process runs no more; False when it cannot be seen from here."""
    machine, _, rest = owner.rpartition("/")[0].rpartition("/")
    if machine != _machine() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _machine() -> str:
    """The host's name and, where a container has its own numbers of processes, which ones these are."""
    numbers = 0
    with suppress(OSError):
        numbers = os.stat("/proc/self/ns/pid").st_ino
    return f"{platform.node()}:{numbers}"
