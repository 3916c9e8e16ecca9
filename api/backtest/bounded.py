"""A backtest for who asks over HTTP: of the newest decisions, one at a time in a process, and bounded in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ordain.api.apart import ServerEnds
from ordain.api.backtest.over_record import OverRecord, Wanted
from ordain.api.backtest.tried_versions import chosen_versions
from ordain.api.limits import LIMITS
from ordain.api.names import names_in
from ordain.api.services import Services
from ordain.audit.records.known_names import check_names
from ordain.audit.records.query import Query
from ordain.audit.records.readings import Access, check_purpose
from ordain.engine.catalog import Catalog
from ordain.engine.errors import MalformedRequest

_ONE = threading.Lock()
"""It takes the processor from those who decide."""


class TriesAlready(Exception):
    """This process makes a backtest for somebody else."""


def tried(
    use: Services,
    catalog: Catalog,
    labels: Sequence[str],
    query: Query,
    wanted: Wanted,
    by: Access,
    most: int,
    ends: Callable[[], bool],
) -> dict[str, Any]:
    """What `ordain backtest --json` tells, of the first `most` decisions that the query finds.

    `ends` says whether the server is to end. Raises TriesAlready, ServerEnds, MalformedRequest for what takes too long,
    LedgerUnavailable, NotRecorded.
    """
    check_purpose(by)
    trial = OverRecord(use.ledger, catalog.vocabulary, chosen_versions(catalog, labels), by, wanted, "http backtest")
    until = time.monotonic() + LIMITS.tried_seconds

    def look(*_: object) -> None:
        if ends():
            raise ServerEnds
        if time.monotonic() > until:
            raise MalformedRequest(
                f"the backtest takes longer than {LIMITS.tried_seconds:g} seconds",
                "ask for less (`last`, `since`, `service`), or run `ordain backtest`",
            )

    def check_found(found: int, asked: Query) -> None:
        if not found:
            check_names(use.ledger.reader, asked, names_in(catalog, use.settings.jurisdiction_fact))

    if not _ONE.acquire(blocking=False):
        raise TriesAlready
    try:
        return trial.run(query, check_found, most, added=look, progress=look)
    finally:
        _ONE.release()
