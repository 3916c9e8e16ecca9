"""Which services are stopped now: what the entries of the kinds `stop` and `start` come to.

A service is stopped as long as the ledger has a stop of it that no start has ended. A start names the stops that it
ends, so whoever reads the same entries comes to the same, in whatever order they arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ordain.api.ask import Ask
from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.operations import Operations
from ordain.audit.ledger.reader import Record
from ordain.engine.errors import Issue, MalformedRequest, ServiceStopped
from ordain.engine.policy.service import Service

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    """`since` is the time of its entry, UTC; `alert` the id of the alert that led to it, if one did.

    `fallback` is the service that is asked in its place; empty if none is.
    """

    service: str
    entry_id: str
    since: str
    reason: str
    actor: str
    alert: str | None = None
    fallback: str = ""

    def as_json(self) -> Json:
        """What /healthz, the routes and the commands tell of it."""
        told = {"service": self.service, "since": self.since, "reason": self.reason, "entry_id": self.entry_id}
        told |= {} if self.alert is None else {"alert": self.alert}
        return told | ({"fallback": self.fallback} if self.fallback else {})


class Stopped:
    """`now` has the first stop of each service that is stopped. It is put in place whole, so reading it takes no lock.

    `started` has the time of the newest start of each service that was ever started again.
    """

    def __init__(self, opened: OpenLedger) -> None:
        self._opened, self._operations = opened, Operations(opened)
        self._stops: dict[str, Stop] = {}
        self._ended: set[str] = set()
        self._lock = threading.Lock()
        self.now: Mapping[str, Stop] = {}
        self.started: dict[str, str] = {}

    def look(self) -> None:
        """Takes up what was stopped and started meanwhile. Raises LedgerUnavailable, and then leaves all as it was."""
        with self._lock:
            if not (records := self._operations.new()):
                return
            for record in records:
                self._take(record)
            now: dict[str, Stop] = {}
            for stop in sorted(self._stops.values(), key=lambda each: each.entry_id):
                if stop.entry_id not in self._ended:  # since the first, and as the last says
                    now[stop.service] = replace(now.get(stop.service, stop), fallback=stop.fallback)
            self.now = now

    def _take(self, record: Record) -> None:
        envelope, private = record.envelope, record.private or {}
        service, kind, about = str(envelope["service"]), envelope["kind"], envelope["about"]
        if kind == Kind.STOP:
            stop = Stop(
                *(service, envelope["id"], envelope["time"], private["reason"], private["actor"]),
                about.get("alert"),
                about.get("fallback", ""),
            )
            self._stops[stop.entry_id] = stop
        elif kind == Kind.START:
            self._ended.update(about["ends"])
            self.started[service] = max(self.started.get(service, ""), envelope["time"])

    def asked(self, ask: Ask) -> Ask:
        """What is asked: of a service that is stopped, the same of its fallback. Raises ServiceStopped without one."""
        if (stop := self.now.get(ask.service)) is None:
            return ask
        if not stop.fallback:
            raise stopped(stop)
        return replace(ask, service=stop.fallback)

    def stop(self, service: str, reason: str, actor: str, alert: str | None = None, fallback: str = "") -> Stop:
        """Stops a service, and says since when it is stopped. One that is stays so, and this goes on record, too.

        With `fallback`, that service is asked in its place. Raises NotRecorded, LedgerUnavailable, MalformedRequest.
        """
        about: Json = {} if alert is None else {"alert": alert}
        if fallback:
            about["fallback"] = fallback
        private = {"actor": actor, "reason": checked_reason(reason)}
        receipt = self._opened.operate(Kind.STOP, service, about, private)
        self.look()
        return self.now.get(service) or self._stops[receipt.entry_id]  # somebody may have started it this moment

    def start(self, service: str, reason: str, actor: str) -> list[Stop]:
        """Ends all stops of a service, and gives them; for one that is not stopped nothing is recorded. As `stop`."""
        reason = checked_reason(reason)
        self.look()
        ends = [each for each in self._stops.values() if each.service == service and each.entry_id not in self._ended]
        if ends:
            about = {"ends": sorted(each.entry_id for each in ends)}
            self._opened.operate(Kind.START, service, about, {"actor": actor, "reason": reason})
            self.look()
        return ends


def stopped(stop: Stop) -> ServiceStopped:
    """What whoever asks a stopped service is told."""
    return ServiceStopped(
        Issue(
            f"the service `{stop.service}` was stopped: {stop.reason}",
            "nothing was decided; ask again once it is started",
            fields={"service": stop.service, "since": stop.since, "reason": stop.reason},
        )
    )


def checked_reason(reason: object) -> str:
    """Raises MalformedRequest for what is no sentence to be told to others."""
    most = LIMITS.stop_reason_characters
    if not isinstance(reason, str) or not reason.strip() or len(reason) > most or not reason.isprintable():
        raise MalformedRequest(
            f"`reason` must be a text of 1 to {most} characters in one line",
            "it is told to whoever asks the service: name no customer in it",
        )
    return reason.strip()


def fallback_of(service: Service) -> str:
    """Raises MalformedRequest for a service that has none."""
    if not service.fallback:
        raise MalformedRequest(
            f"the service `{service.name}` has no fallback", "services.yaml names one: `fallback: SERVICE`"
        )
    return service.fallback
