"""What takes long is worked out in a process of its own, for no longer than a bound: it takes the processor from nobody
who decides, and whatever it comes upon, it is ended."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from ordain.api.limits import LIMITS
from ordain.engine.errors import InternalError

Json = dict[str, Any]


class ServerEnds(Exception):
    """It is given up because the server is to end."""


class TooLong(Exception):
    """It has not ended in the time that it was given."""


def answered(module: str, question: Json, seconds: float, ends: Callable[[float], bool]) -> Json:
    """What `python -m module` answers, as JSON, to a question on its standard input, which nobody else can read.

    `ends` waits so many seconds and says whether the server is to end. Raises ServerEnds, TooLong, InternalError.
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as given:
        given.write(json.dumps(question).encode())
        given.seek(0)
        process = subprocess.Popen([sys.executable, "-m", module], stdin=given, stdout=told)  # noqa: S603 - a module of ours
        try:
            _wait(process, seconds, ends)
        finally:
            process.kill()
            process.wait()
        told.seek(0)
        text = told.read()
    if process.returncode != 0:
        raise InternalError("what works it out broke off", "the log says why: report it")
    answer: Json = json.loads(text)
    return answer


def _wait(process: subprocess.Popen[bytes], seconds: float, ends: Callable[[float], bool]) -> None:
    until = time.monotonic() + seconds
    while process.poll() is None:
        if ends(LIMITS.apart_looks):
            raise ServerEnds
        if time.monotonic() > until:
            raise TooLong
