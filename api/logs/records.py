"""A log record as one line: JSON for programs, text for a terminal.

Nothing that somebody sent gets into it. What an exception says may quote a fact or a subject, so an exception is told
by its type and by where it came from; of libraries' messages only the first line is taken, and nothing is put into it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import traceback
from contextvars import ContextVar
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from ordain.api.limits import LIMITS

TENANT: ContextVar[str] = ContextVar("tenant", default="")
"""Which tenant of a server of several it is that a request, or a thread, is about; each line says so."""
_UNSEEN = re.compile(r"[^\x20-\x7e\xa0-\u1fff\u2030-\u205f\u2070-\ufdff]")
"""What a terminal may take for more than a character: control characters, marks of direction, ends of lines."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Level, time in UTC, logger, message, process, and the exception if there is one."""
        fields: dict[str, Any] = {
            "level": record.levelname.lower(),
            "time": time_text(record.created),
            "logger": record.name,
            "message": message_of(record),
            "pid": record.process,
        }
        if tenant := TENANT.get():
            fields["tenant"] = tenant
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = exception_of(record.exc_info[1])
        return json.dumps(fields, separators=(",", ":")).replace("\x7f", "\\u007f")


class TextLines(logging.Formatter):
    """A record as one line of text."""

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, logger, message, and the exception if there is one."""
        whose = f"[{tenant}] " if (tenant := TENANT.get()) else ""
        line = f"{time_text(record.created)} {record.levelname} {record.name}: {whose}{message_of(record)}"
        if record.exc_info and record.exc_info[1] is not None:
            told = exception_of(record.exc_info[1])
            line += f" [{told['type']} at {' < '.join(reversed(told['frames'])) or 'an unknown place'}]"
        return visible(line)


def time_text(at: float) -> str:
    """A time in UTC, to the millisecond."""
    whole = int(at)
    return f"{_second(whole)}.{int((at - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def visible(text: str) -> str:
    """The text in one line, in which nothing moves a terminal's cursor."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def message_of(record: logging.LogRecord) -> str:
    """The message of a record of ours; of another's what can hold nothing that was sent."""
    if record.name == "ordain" or record.name.startswith("ordain."):
        text = record.getMessage()
    elif record.name == "py.warnings":
        text = ": ".join(record.getMessage().split(": ", 2)[:2])  # place and category
    else:
        text = str(record.msg).partition("\n")[0]
    return text[: LIMITS.log_characters]


def exception_of(error: BaseException) -> dict[str, Any]:
    """The type of an exception, the frames that it came through, and what it came from; never what it says."""
    told: dict[str, Any] = {"type": type(error).__qualname__}
    number = getattr(error, "sqlite_errorname", None) or getattr(error, "errno", None)
    if isinstance(number, int | str):
        told["number"] = number
    frames = traceback.extract_tb(error.__traceback__)[-LIMITS.log_frames :]
    told["frames"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["cause"] = type(cause).__qualname__
    return told


def _short(file: str) -> str:
    """The last parts of a path: enough to know the file by."""
    return "/".join(PurePath(file).parts[-3:])
