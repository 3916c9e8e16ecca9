"""What a worker tells of itself, put together: its log of requests, its counters, the page of metrics."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from ordain.api.http.desk import Desk
from ordain.api.late_model import LateModel
from ordain.api.limits import LIMITS
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Cells
from ordain.api.metrics.ledger_look import LedgerLook
from ordain.api.metrics.meter import Meter
from ordain.api.metrics.page import Page
from ordain.api.rates.limiter import Limiter
from ordain.api.services import Services
from ordain.api.traces.traces import Traces
from ordain.audit.ledger.checkpointer import Beat
from ordain.engine.errors import OrdainError
from ordain.engine.late import late


class Telling(NamedTuple):
    """`look` is to follow whatever signs the ledger, in the same thread."""

    desk: Desk
    page: Page
    look: LedgerLook

    def take(self, use: Services) -> None:
        """From now on `use` is what decides."""
        self.page.use = use
        use.fallen_back.watch = self.desk.meter.fell_back
        for model in (*use.models.values(), *(each.model for each in use.partly.values())):
            if isinstance(model, LateModel):
                model.watch = self.desk.scored

    def watch(self, limiter: Limiter) -> None:
        """From now on the page tells whether limits are shared, when several servers are to share them."""

        def tick() -> None:
            self.desk.meter.set({"ordain_limits_unshared": bool(limiter.faults)})

        if limiter.shared is not None:
            tick()
            Beat(tick, LIMITS.gauge_seconds, "limits").start()

    def look_again(self) -> None:
        """Looks at the ledger. What is wrong with it is told by what signs it; the page tells how old the look is."""
        with suppress(OrdainError, *self.look.opened.store.failures):
            self.look.look()


def tell_of(use: Services, log: LogWriter, cells: Cells) -> Telling:
    """From here on this process counts what it does."""
    meter = Meter(cells.lease())
    look = LedgerLook(use.ledger, cells)
    page = Page(use, cells, look)
    traces = None
    if use.settings.traces is not None:
        send = late("ordain.api.traces.otlp:Otlp")(use.settings.traces, use.settings.tenant)
        traces = Traces(send, use.settings.trace_ratio)
    desk = Desk(use.settings, log, meter, page, traces)
    use.ledger.ledger.watch = meter.committed
    dropped = untraced = 0

    def tick() -> None:
        nonlocal dropped, untraced
        waiting = {"ordain_requests_in_flight": desk.under_way, "ordain_entries_waiting": use.ledger.ledger.waiting}
        meter.set(waiting)
        meter.add("ordain_log_lines_dropped_total", log.dropped - dropped)
        dropped = log.dropped
        if traces is not None:
            meter.add("ordain_traces_dropped_total", traces.dropped - untraced)
            untraced = traces.dropped

    tick()
    Beat(tick, LIMITS.gauge_seconds, "gauges").start()
    telling = Telling(desk, page, look)
    telling.take(use)
    return telling
