"""The alerts that are there now, for the threads that answer requests: read once, then only what came since."""

from __future__ import annotations

import threading

from ordain.api.alerts.open_alerts import Alert, Alerts
from ordain.audit.ledger.open_ledger import OpenLedger


class SharedAlerts:
    """One at a time reads or writes. The ledger is read when somebody first asks, and stays the same."""

    def __init__(self, opened: OpenLedger) -> None:
        self._alerts, self._lock = Alerts(opened), threading.Lock()

    def now(self) -> list[Alert]:
        """In the order in which they were raised. Raises LedgerUnavailable."""
        with self._lock:
            self._alerts.look()
            return list(self._alerts.open.values())

    def acknowledge(self, alert_id: str, actor: str) -> Alert:
        """As `Alerts.acknowledge`."""
        with self._lock:
            return self._alerts.acknowledge(alert_id, actor)
