"""Where each request is signed in and out: how many are under way, what is counted, the line of the log for each."""

from __future__ import annotations

import logging
import time

from ordain.api.http.access_lines import ACCESS, is_fault, json_line, text_line
from ordain.api.http.account import Account
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import is_json
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Part
from ordain.api.metrics.meter import Meter
from ordain.api.metrics.page import Page
from ordain.api.settings import Settings


class Desk:
    """Used by the event loop alone. `under_way` requests are not answered yet; `page` gives `/metrics`."""

    def __init__(
        self, settings: Settings, writer: LogWriter | None = None, meter: Meter | None = None, page: Page | None = None
    ) -> None:
        self.under_way = 0
        self.meter = meter or Meter(Part(memoryview(bytearray(LIMITS.metric_bytes))))
        self.page = page
        self._writer = writer
        self._line = json_line if is_json(settings) else text_line
        self._level = logging.getLogger(ACCESS).getEffectiveLevel()

    def close(self, seen: Account, status: int) -> None:
        """Tells log and metrics of a request that has been answered, with that status."""
        self.under_way -= 1
        seconds = time.perf_counter() - seen.begun
        self.meter.answered(seen.method, seen.route, status, seconds)
        self.meter.came(seen.service, seen.verdict, seen.code)
        if self._writer is not None and self._level <= (logging.ERROR if is_fault(status, seen.code) else logging.INFO):
            self._writer.put(self._line(seen, status, seconds, time.time()))

    def finish(self) -> None:
        """Waits a moment for the last lines of the log."""
        if self._writer is not None:
            self._writer.flush()
