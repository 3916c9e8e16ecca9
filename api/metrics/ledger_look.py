"""How far the ledger is signed, looked at with every beat, so that `/metrics` waits for no database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from ordain.api.metrics.catalogue import CATALOGUE
from ordain.api.metrics.cells import Cells
from ordain.audit.ledger.open_ledger import OpenLedger

_COMMITTED = "ordain_commit_entries"


class _Seen(NamedTuple):
    entries: int
    signed: int
    signed_at: float | None
    recorded: float
    at: float


@dataclass(slots=True)
class LedgerLook:
    """What was seen last, and what the processes have recorded since."""

    opened: OpenLedger
    cells: Cells
    _seen: _Seen | None = None

    def look(self) -> None:
        """Reads the database: called by the thread that also signs. Raises what reading raises."""
        recorded = self._recorded()  # before the entries are counted: one that comes meanwhile counts twice, not never
        newest = self.opened.checkpointer.newest()
        entries = self.opened.reader.size() + len(self.opened.store.waiting())
        signed_at = None
        if newest is not None and newest.time:
            signed_at = dt.datetime.fromisoformat(newest.time).timestamp()
        self._seen = _Seen(entries, newest.size if newest else 0, signed_at, recorded, self._now())

    def numbers(self) -> dict[str, float]:
        """The gauges of the ledger; those that are not known yet are left out."""
        signing = self.opened.checkpointer
        told: dict[str, float] = {
            "ordain_signing_faulty": bool(signing.fault),
            "ordain_unanchored_places": len(signing.unanchored),
        }
        if self._seen is not None:
            seen, now = self._seen, self._now()
            since = max(0.0, self._recorded() - seen.recorded)
            told["ordain_checkpoint_entries"] = seen.signed
            told["ordain_ledger_unsigned_entries"] = max(0.0, seen.entries - seen.signed + since)
            told["ordain_ledger_looked_seconds"] = max(0.0, now - seen.at)
            if seen.signed_at is not None:
                told["ordain_checkpoint_age_seconds"] = max(0.0, now - seen.signed_at)
        return told

    def _recorded(self) -> float:
        return self.cells.total((_COMMITTED,), len(CATALOGUE[_COMMITTED].bounds) + 1)

    def _now(self) -> float:
        return self.opened.now().timestamp()
