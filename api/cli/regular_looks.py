"""Something that is looked at again and again, by a process of its own, until a signal ends it."""

from __future__ import annotations

import datetime as dt
import logging
import signal
from collections.abc import Callable

import click
from apscheduler.schedulers.blocking import BlockingScheduler

from ordain.api.cli.finite import Finite
from ordain.api.limits import LIMITS
from ordain.engine.errors import OrdainError

ONCE = click.option("--once", is_flag=True, help="Look once, tell what it comes to, and end.")
EVERY = click.option(
    "--every",
    "seconds",
    type=Finite(min=0.1),
    default=LIMITS.alert_seconds,
    help=f"Seconds between two looks. Default: {LIMITS.alert_seconds:g}.",
)
_LOG = logging.getLogger("ordain")


def look_regularly(look: Callable[[], object], seconds: float) -> None:
    """Until a signal ends it. A look that fails is told in the log, and the next one comes all the same."""

    def look_once() -> None:
        try:
            look()
        except Exception as error:  # whatever it is: who watches does not end
            told = error.message if isinstance(error, OrdainError) else type(error).__name__
            _LOG.error("a look failed: %s", told, exc_info=None if isinstance(error, OrdainError) else error)

    scheduler = BlockingScheduler(timezone=dt.UTC)
    scheduler.add_job(
        look_once,
        "interval",
        seconds=seconds,
        next_run_time=dt.datetime.now(dt.UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.shutdown(wait=False))
    scheduler.start()
