"""What is measured becomes an alert as the policy says, once for each cause, louder while nobody is on it, and ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from databases import database
from served import edit, settings_in

from ordain.api.alerts.measured import FROM_LEDGER, Measured, Signal
from ordain.api.alerts.open_alerts import Alerts
from ordain.api.alerts.watch import Watch
from ordain.api.events.event import event_of
from ordain.api.services import Services, wire
from ordain.api.stopped import Stopped
from ordain.audit.entry.entry import Kind
from ordain.audit.records.replay import Replayer
from ordain.engine.errors import SettingsError, UnknownDecision

MONDAY = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
ALL = FROM_LEDGER | {Signal.SERVER_DOWN, Signal.ERROR_RATE, Signal.LATENCY, Signal.MODEL_UNUSABLE}
MANY = Measured(Signal.DENY_RATE, "price-quote", Decimal(60), 500)
ALMOST_ALL = replace(MANY, value=Decimal(99))
FEW = replace(MANY, value=Decimal(1))
REVIEW = Measured(Signal.REVIEW_RATE, "retention", Decimal(80), 500)
DOWN = Measured(Signal.SERVER_DOWN, None, Decimal(1), 1)


class Clock:
    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now


class Site:
    """A watch whose clock and measurements a test sets."""

    def __init__(self, use: Services, now: dt.datetime = MONDAY) -> None:
        self.clock = Clock(now)
        ledger = replace(use.ledger, now=self.clock)
        self.use = replace(use, now=self.clock, ledger=ledger, stopped=Stopped(ledger))
        self.measured: list[Measured] = []
        self.known = ALL
        self.watch = Watch(self.use, lambda: (self.measured, self.known))

    def look(self, *measured: Measured, after: float = 0, known: frozenset[Signal] = ALL) -> list[str]:
        """What happens so many minutes later when that is measured."""
        self.clock.now += dt.timedelta(minutes=after)
        self.measured, self.known = list(measured), known
        return [each.action for each in self.watch.look()]

    def alerts(self) -> list[dict[str, Any]]:
        """Those that are there, as another process reads them."""
        others = Alerts(self.use.ledger)
        others.look()
        return [alert.as_json() for alert in others.open.values()]

    def entries(self) -> list[dict[str, Any]]:
        reader = self.use.ledger.reader
        self.use.ledger.settle()
        return [reader.envelope(entry) for entry in reader.entries()]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if entry["kind"] == kind]


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "sqlite":
        use = wire(settings_in(tmp_path), "alerts")
        yield Site(use)
        use.close()
        return
    with database() as url:
        use = wire(settings_in(tmp_path, database_url=url), "alerts")
        yield Site(use)
        use.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    use = wire(settings_in(tmp_path, time_zone="UTC"), "alerts")
    yield Site(use)
    use.close()


def test_one_alert_for_a_cause_until_it_ends_and_that_is_told_too(any_site: Site) -> None:
    assert any_site.look(MANY, REVIEW) == ["raised", "raised"]
    for _ in range(5):
        assert any_site.look(MANY, REVIEW, after=1) == []
    assert {(each["signal"], each["service"]) for each in any_site.alerts()} == {
        ("deny rate", "price-quote"),
        ("review rate", "retention"),
    }
    assert any_site.look(FEW, REVIEW, after=1) == ["ended"]
    assert any_site.look(FEW, after=1) == ["ended"]
    assert any_site.alerts() == []
    assert any_site.look(MANY, after=1) == ["raised"]


def test_nothing_is_recorded_when_nothing_comes_of_a_look(site: Site) -> None:
    site.look(MANY)
    before = len(site.entries())
    for _ in range(5):
        site.look(MANY, FEW.__class__(Signal.LEDGER_LAG, None, Decimal(0), 1), after=1)
    assert len(site.entries()) == before


def test_each_alert_follows_from_a_decision_that_is_on_record_and_replays(site: Site) -> None:
    site.look(MANY)
    (raised,) = site.of_kind(Kind.ALERT)
    (decided,) = site.of_kind(Kind.DECISION)
    assert raised["about"]["decision"] == decided["id"]
    assert decided["service"] == "alerts"
    reader = site.use.ledger.reader
    (entry,) = (each for each in reader.entries() if str(each.id) == decided["id"])
    record = reader.record(entry.id)
    assert record is not None
    assert "alerts@1/many-denied" in record.envelope["reason_codes"]
    assert Replayer(reader).replay(record)


def test_while_nobody_is_on_it_it_gets_louder_by_steps(site: Site) -> None:
    assert site.look(REVIEW) == ["raised"]
    told = []
    for minute in range(1, 120):
        if site.look(REVIEW, after=1):
            (alert,) = site.alerts()
            told.append((minute, alert["step"], alert["channel"]))
    assert told == [(15, 2, "page"), (60, 3, "page")]


def test_who_acknowledges_it_stops_that(any_site: Site) -> None:
    any_site.look(REVIEW)
    (alert,) = any_site.alerts()
    assert Alerts(any_site.use.ledger).acknowledge(alert["id"][:13], "ana").acknowledged_by == "ana"
    assert Alerts(any_site.use.ledger).acknowledge(alert["id"], "ben").acknowledged_by == "ana"
    for _ in range(8):
        assert any_site.look(REVIEW, after=15) == []
    for wrong in ("", "0", "00000000", alert["id"] + "0"):
        with pytest.raises(UnknownDecision):
            Alerts(any_site.use.ledger).acknowledge(wrong, "ana")
    assert any_site.look(after=1) == ["ended"]
    with pytest.raises(UnknownDecision):
        Alerts(any_site.use.ledger).acknowledge(alert["id"], "ana")


def test_in_quiet_hours_a_warning_waits_and_what_is_critical_does_not(site: Site) -> None:
    site.clock.now = MONDAY.replace(hour=0)
    assert site.look(REVIEW, DOWN) == ["raised", "raised"]
    assert {each["signal"]: each["channel"] for each in site.alerts()} == {
        "review rate": "ticket",
        "server down": "page",
    }
    heard = {hour: site.look(REVIEW, DOWN, after=60) for hour in range(1, 10)}
    assert [hour for hour, happened in heard.items() if happened] == [1, 8], "the third step, and the day's first hour"
    assert {each["channel"] for each in site.alerts()} == {"page"}


def test_a_service_that_denies_everybody_is_stopped_on_record_and_stays_so(any_site: Site) -> None:
    assert any_site.look(ALMOST_ALL) == ["raised"]
    assert any_site.look(ALMOST_ALL, after=9) == []
    assert any_site.look(ALMOST_ALL, after=1) == ["stopped"]
    (alert,) = any_site.alerts()
    elsewhere = Stopped(any_site.use.ledger)
    elsewhere.look()
    stop = elsewhere.now["price-quote"]
    assert (stop.alert, stop.actor) == (alert["id"], "the policy of alerts")
    assert stop.reason.startswith("For ten minutes it has denied nearly everybody")
    assert len(any_site.of_kind(Kind.DECISION)) == 2
    for _ in range(3):
        assert any_site.look(after=1) == [], "nothing is measured of it, which is not the end of its alert"
    elsewhere.start("price-quote", "mended", "ana")
    assert any_site.look(FEW, after=1) == ["ended"]


def test_who_acknowledges_in_time_keeps_the_service_from_being_stopped(site: Site) -> None:
    site.look(ALMOST_ALL)
    Alerts(site.use.ledger).acknowledge(site.alerts()[0]["id"], "ana")
    assert site.look(ALMOST_ALL, after=30) == []
    assert site.use.stopped.now == {}


def test_ordains_own_services_are_never_stopped(site: Site) -> None:
    own = replace(ALMOST_ALL, service="access")
    site.look(own)
    assert site.look(own, after=30) == ["escalated"]
    assert site.use.stopped.now == {}


def test_what_could_not_be_measured_does_not_end(site: Site) -> None:
    slow = Measured(Signal.LATENCY, None, Decimal(1000), 500)
    site.look(slow)
    assert site.look(DOWN, known=FROM_LEDGER | {Signal.SERVER_DOWN}, after=1) == ["raised"]
    assert {each["signal"] for each in site.alerts()} == {"latency", "server down"}
    assert site.look(after=1) == ["ended", "ended"]


def test_a_watcher_that_starts_anew_goes_on_where_the_one_before_was(site: Site) -> None:
    site.look(REVIEW)
    again = Site(site.use, site.clock.now)
    assert again.look(REVIEW, after=1) == []
    assert again.look(REVIEW, after=15) == ["escalated"]


def test_alerts_are_events_of_their_own_types(site: Site) -> None:
    site.look(REVIEW)
    Alerts(site.use.ledger).acknowledge(site.alerts()[0]["id"], "ana")
    site.look(after=1)
    site.use.ledger.settle()
    reader = site.use.ledger.reader
    events = [event_of(record, "here") for record in reader.told()]
    told = [each for each in events if str(each["type"]).startswith("ordain.alert.")]
    assert [each["type"] for each in told] == [f"ordain.alert.{what}" for what in ("raised", "acknowledged", "ended")]
    assert told[0]["data"]["about"]["channel"] == "ticket"
    assert all("ana" not in str(each) for each in told), "who did it is sealed"


def test_a_policy_that_is_another_one_is_refused_with_what_to_do(tmp_path: Path, policies: Path) -> None:
    edit(policies / "services.yaml", "gives: [severity, step, channel, stop_service]", "gives: [severity, step]")
    use = wire(settings_in(tmp_path, policies=policies), "alerts")
    try:
        with pytest.raises(SettingsError, match="is not the one that says who hears of what"):
            Site(use)
    finally:
        use.close()
