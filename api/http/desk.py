"""Where each request is signed in and out: how many are under way, what is counted, the line of the log for each."""

from __future__ import annotations

import logging
import time

from ordain.api.http.access_lines import ACCESS, is_fault, json_line, text_line
from ordain.api.http.account import Account
from ordain.api.http.answering import OWN_ID
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import is_json
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Part
from ordain.api.metrics.meter import Meter
from ordain.api.metrics.page import Page
from ordain.api.settings import Settings
from ordain.api.traces.traces import Traces


class Desk:
    """Used by the event loop alone. `under_way` requests are not answered yet; `page` gives `/metrics`."""

    def __init__(
        self,
        settings: Settings,
        writer: LogWriter | None = None,
        meter: Meter | None = None,
        page: Page | None = None,
        traces: Traces | None = None,
    ) -> None:
        self.under_way, self.traces = 0, traces
        self.meter = meter or Meter(Part(memoryview(bytearray(LIMITS.metric_bytes))))
        self.page = page
        self._writer = writer
        self._tenant = settings.tenant if settings.tenants is not None else ""
        self._line = json_line if is_json(settings) else text_line
        self._level = logging.getLogger(ACCESS).getEffectiveLevel()

    def close(self, seen: Account, status: int) -> None:
        """Tells log and metrics of a request that has been answered, with that status."""
        self.under_way -= 1
        seconds = time.perf_counter() - seen.begun
        self.meter.answered(seen.method, seen.route, status, seconds)
        self.meter.came(seen.service, seen.verdict, seen.code)
        if seen.hooked is not None:
            self.meter.hooked(*seen.hooked)
        if self.traces is not None and seen.trace is not None:
            self.traces.put(seen.trace, seen, status)
        if seen.id == OWN_ID:
            return
        if self._writer is not None and self._level <= (logging.ERROR if is_fault(status, seen.code) else logging.INFO):
            self._writer.put(self._line(seen, status, seconds, time.time(), self._tenant))

    def scored(self, model: str, seconds: float) -> None:
        """A model has been asked, in whichever thread."""
        self.meter.scored(model, seconds)
        if self.traces is not None:
            self.traces.scored(model, seconds)

    def finish(self) -> None:
        """Waits a moment for the last traces, and lines of the log."""
        if self.traces is not None:
            self.traces.flush()
        if self._writer is not None:
            self._writer.flush()
