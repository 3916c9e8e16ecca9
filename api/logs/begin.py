"""The log of a process of the server, as the settings want it: one line for each record, on standard error."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

from ordain.api.logs.log_writer import LogWriter, QueuedHandler
from ordain.api.logs.records import JsonLines, TextLines
from ordain.api.settings import Settings

_LOG = logging.getLogger("ordain")
GRANIAN: dict[str, Any] = {
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": []}},
}
"""Granian's own lines go the way of all others."""


def begin_logs(settings: Settings, writer: LogWriter | None = None) -> None:
    """From here on records are written as `log_format` and `log_level` say, through `writer` if there is one."""
    handler: logging.Handler = logging.StreamHandler() if writer is None else QueuedHandler(writer)
    handler.setFormatter(JsonLines() if is_json(settings) else TextLines())
    root, level = logging.getLogger(), logging.getLevelNamesMapping()[settings.log_level.upper()]
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    _LOG.setLevel(level)
    logging.raiseExceptions = False  # it would print the record's arguments
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def is_json(settings: Settings) -> bool:
    """Whether lines are JSON: by default unless somebody looks at them as they come."""
    return settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Python would print what the exception says."""
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread is not None else "unknown"
        _LOG.error("the thread `%s` failed", name, exc_info=ended.exc_value)
