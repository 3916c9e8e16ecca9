"""The alerts that are there now: what the entries of the kind `alert` come to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from ordain.api.alerts.measured import Cause
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.operations import Operations
from ordain.audit.ledger.reader import Record
from ordain.engine.errors import UnknownDecision

Json = dict[str, Any]
RAISED, ESCALATED, ACKNOWLEDGED, ENDED = "raised", "escalated", "acknowledged", "ended"
"""`about.action` of an entry."""
SEVERITIES, CHANNELS = ("none", "warning", "critical"), ("none", "ticket", "page")
"""From the least to the loudest."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`id` is that of the entry that raised it; `severity`, `channel` and `step` are the loudest that were told.

    `entries` are those that it is news of, as `Measured` has them.
    """

    id: str
    raised: str
    signal: str
    service: str | None
    severity: str
    channel: str
    step: int
    value: str
    acknowledged_by: str | None = None
    entries: tuple[str, ...] = ()

    @property
    def cause(self) -> Cause:
        """What it is about."""
        return self.signal, self.service

    @property
    def since(self) -> dt.datetime:
        """When it was raised."""
        return dt.datetime.fromisoformat(self.raised)

    def as_json(self) -> Json:
        """What `ordain alerts list --json` and `GET /v1/alerts` give."""
        return {name: getattr(self, name) for name in self.__slots__}


class Alerts:
    """Reads and writes alerts. For one thread at a time."""

    def __init__(self, opened: OpenLedger) -> None:
        self._opened, self._operations = opened, Operations(opened)
        self.open: dict[str, Alert] = {}
        """By their ids, in the order in which they were raised."""
        self.heard: frozenset[str] = frozenset()
        """The entries that an acknowledged alert was news of."""

    def look(self) -> None:
        """Takes up what was recorded meanwhile, here or elsewhere. Raises LedgerUnavailable."""
        records = [record for record in self._operations.new() if record.envelope["kind"] == Kind.ALERT]
        # What was recorded within a moment may come in any order, but what is about an alert follows its beginning.
        for record in sorted(records, key=lambda each: each.envelope["about"]["action"] != RAISED):
            self._take(record)

    def of(self, cause: Cause) -> Alert | None:
        """The alert about a cause, if there is one."""
        return next((alert for alert in self.open.values() if alert.cause == cause), None)

    def record(self, action: str, service: str | None, about: Json, actor: str) -> str:
        """Records what becomes of an alert, and gives the entry's id. Raises NotRecorded, LedgerUnavailable."""
        receipt = self._opened.operate(Kind.ALERT, service, {"action": action, **about}, {"actor": actor})
        self.look()
        return receipt.entry_id

    def acknowledge(self, alert_id: str, actor: str) -> Alert:
        """Somebody is on it. Raises UnknownDecision for what is no open alert, NotRecorded, LedgerUnavailable."""
        self.look()
        found = [alert for alert in self.open.values() if alert.id.startswith(alert_id) and len(alert_id) >= 8]
        if len(found) != 1:
            raise UnknownDecision(
                f"there is no open alert `{alert_id[:64]}`", "`ordain alerts list` and /v1/alerts have their ids"
            )
        (alert,) = found
        if alert.acknowledged_by is None:
            self.record(ACKNOWLEDGED, alert.service, {"alert": alert.id, "signal": alert.signal}, actor)
            alert = self.open.get(alert.id, alert)
        return alert

    def _take(self, record: Record) -> None:
        envelope, about = record.envelope, record.envelope["about"]
        action = about["action"]
        if action == RAISED:
            told = (about["severity"], about["channel"], about["step"], about["value"], None, _entries(about))
            alert = Alert(envelope["id"], envelope["time"], about["signal"], envelope["service"], *told)
            self.open[alert.id] = alert
            return
        known = self.open.get(about["alert"])
        if known is None:  # it has ended already
            return
        if action == ENDED:
            del self.open[known.id]
        elif action == ACKNOWLEDGED:
            actor = (record.private or {}).get("actor", "")
            self.open[known.id] = replace(known, acknowledged_by=known.acknowledged_by or actor)
            self.heard |= set(known.entries)
        elif action == ESCALATED:
            self.open[known.id] = replace(
                known,
                severity=louder(SEVERITIES, known.severity, about["severity"]),
                channel=louder(CHANNELS, known.channel, about["channel"]),
                step=max(known.step, about["step"]),
                value=about["value"],
                entries=_entries(about),
            )


def _entries(about: Json) -> tuple[str, ...]:
    return tuple(about.get("entries", ()))


def louder(names: tuple[str, ...], one: str, other: str) -> str:
    """The one of two that stands later among `names`."""
    return max(one, other, key=names.index)
