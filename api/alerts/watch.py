"""Measures, asks the policy `alerts` about each signal, and does what it says: alerts raised, escalated, ended; stops.

Nothing is done without a record of the decision that it follows from. What was decided and changes nothing is not
recorded: that is nearly every look, and nobody is told anything.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from ordain.api.alerts.measured import Cause, Measured, Signal
from ordain.api.alerts.open_alerts import CHANNELS, ENDED, ESCALATED, RAISED, SEVERITIES, Alert, Alerts, louder
from ordain.api.ask import Ask
from ordain.api.decide import Decision, make_decision
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.errors import OrdainError, SettingsError

_LOG = logging.getLogger("ordain")
SERVICE, ACTOR = "alerts", "the policy of alerts"
_COPY = "copy the service `alerts`, its policy and the facts that begin with `alert_` from Ordain's own policies"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Measure = Callable[[], tuple[Iterable[Measured], frozenset[Signal]]]
"""Gives what was measured, and the signals of which that is all: what of them is not among it is not so."""


class Said(NamedTuple):
    """What the policy says of a signal."""

    severity: str
    step: int
    channel: str
    stop_service: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that a look led to: what, and of which alert; or the stop of a service."""

    action: str
    service: str | None
    signal: str
    id: str


class Watch:
    """Raises SettingsError when `use` has not the policy that it is to ask."""

    def __init__(self, use: Services, measure: Measure) -> None:
        self.use, self._measure = use, measure
        self.alerts = Alerts(use.ledger)
        check(use)

    def look(self) -> list[Happened]:
        """Measures once, and gives what that led to. Raises LedgerUnavailable, NotRecorded.

        What goes wrong with one signal is told in the log, and keeps no other from being looked at.
        """
        self.use.stopped.look()
        self.alerts.look()
        found, known = self._measure()
        measured = {each.cause: each for each in found}
        happened = [self._end(alert, {}) for alert in list(self.alerts.open.values()) if _is_old_news(alert, measured)]
        for each in measured.values():
            if each.service not in self.use.stopped.now:
                try:
                    happened += self._asked(each)
                except OrdainError as error:
                    _LOG.error("of %s of %s nobody is told: %s", each.signal, each.service or "all", error.message)
        for alert in list(self.alerts.open.values()):
            # Of a service that is stopped nothing is measured, and that is not the end of what it was stopped for.
            is_told = alert.signal in known and alert.service not in self.use.stopped.now
            if is_told and alert.cause not in measured:
                happened.append(self._end(alert, {}))
        return happened

    def _asked(self, measured: Measured) -> list[Happened]:
        """Raises what deciding and recording raise."""
        alert = self.alerts.of(measured.cause)
        decision = make_decision(ask_about(measured, alert, self.use.now()), self.use)
        said = said_by(decision)
        stops = said.stop_service and measured.service is not None
        if alert is None and said.severity == SEVERITIES[0] and not stops:
            return []
        if alert is not None and said.severity != SEVERITIES[0] and not stops and not _is_louder(said, alert):
            return []
        texts = decision.entry.form.texts
        receipt = self.use.ledger.ledger.append(decision.entry, texts)
        about = {
            **{"signal": str(measured.signal), "value": str(measured.value), "count": measured.count},
            **{"severity": said.severity, "channel": said.channel, "step": said.step, "decision": receipt.entry_id},
            **({"entries": list(measured.entries)} if measured.entries else {}),
        }
        happened = self._told(measured, alert, said, about)
        if stops and measured.service is not None:
            happened.append(self._stop(measured, decision))
        return happened

    def _told(self, measured: Measured, alert: Alert | None, said: Said, about: dict[str, Any]) -> list[Happened]:
        service, signal = measured.service, str(measured.signal)
        if said.severity == SEVERITIES[0]:
            return [] if alert is None else [self._end(alert, about)]
        if alert is None:
            return [Happened(RAISED, service, signal, self.alerts.record(RAISED, service, about, ACTOR))]
        if not _is_louder(said, alert):
            return []
        self.alerts.record(ESCALATED, service, {**about, "alert": alert.id}, ACTOR)
        return [Happened(ESCALATED, service, signal, alert.id)]

    def _end(self, alert: Alert, about: dict[str, Any]) -> Happened:
        self.alerts.record(ENDED, alert.service, {"signal": alert.signal, **about, "alert": alert.id}, ACTOR)
        return Happened(ENDED, alert.service, alert.signal, alert.id)

    def _stop(self, measured: Measured, decision: Decision) -> Happened:
        because = [each["because"] for each in decision.entry.outcome.reasons() if each["decision"] == "stop_service"]
        reason = because[0] if because and because[0] else f"its {measured.signal} is {measured.value}"
        alert = self.alerts.of(measured.cause)
        service = measured.service or ""
        stop = self.use.stopped.stop(service, reason, ACTOR, None if alert is None else alert.id)
        return Happened("stopped", service, str(measured.signal), stop.entry_id)


def ask_about(measured: Measured, alert: Alert | None, now: dt.datetime) -> Ask:
    """What the policy is asked; `now` in the tenant's time zone, whose hours are quiet or not."""
    minutes = 0 if alert is None else max(0, int((now - alert.since) / dt.timedelta(minutes=1)))
    facts: dict[str, object] = {
        "alert_signal": str(measured.signal),
        "alert_service": measured.service or "none",
        "alert_value": measured.value,
        "alert_count": measured.count,
        "alert_minutes": minutes,
        "alert_acknowledged": alert is not None and alert.acknowledged_by is not None,
        "alert_hour": now.hour,
        "alert_weekday": _DAYS[now.weekday()],
    }
    return Ask(SERVICE, f"{measured.signal} of {measured.service or 'all'}"[: LIMITS.subject_characters], facts)


def said_by(decision: Decision) -> Said:
    """Raises SettingsError when the policy says something else than who hears of it."""
    given = decision.entry.outcome.given()
    try:
        said = Said(given["severity"], int(given["step"]), given["channel"], given["stop_service"])
    except (KeyError, TypeError, ValueError):
        raise _another("it does not give `severity`, `step`, `channel` and `stop_service`") from None
    if said.severity not in SEVERITIES or said.channel not in CHANNELS or not isinstance(said.stop_service, bool):
        raise _another("it gives a `severity`, `channel` or `stop_service` that is none")
    return said


def check(use: Services) -> None:
    """Asks the policy once about each signal, for nobody. Raises SettingsError, and what deciding raises."""
    for signal in Signal:
        try:
            said_by(make_decision(ask_about(Measured(signal, None, Decimal(0), 0), None, use.now()), use))
        except SettingsError:
            raise
        except OrdainError as error:
            raise _another(f"asked about `{signal}`, it ends in {error.code}: {error.message}") from None


def _is_old_news(alert: Alert, measured: Mapping[Cause, Measured]) -> bool:
    """Whether what is measured now is news of other entries than those that the alert told: that is another alert."""
    now = measured.get(alert.cause)
    return now is not None and bool(alert.entries) and not {*alert.entries} & {*now.entries}


def _is_louder(said: Said, alert: Alert) -> bool:
    return (
        said.step > alert.step
        or louder(SEVERITIES, alert.severity, said.severity) != alert.severity
        or louder(CHANNELS, alert.channel, said.channel) != alert.channel
    )


def _another(why: str) -> SettingsError:
    return SettingsError(f"the service `alerts` is not the one that says who hears of what: {why}", _COPY)
