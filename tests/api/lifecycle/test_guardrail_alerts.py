"""A roll-out that was stopped by itself is an alert, until somebody has acknowledged it or done something about it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fees import ASHA, BELA, CHEN, Clock, settings_of, steps_in
from guarded import FACTS, PLAN, ROOT, SERVICES, ask, guard_of, write
from served import ordain_here

from ordain.api.alerts.guardrail_signal import stopped_rollouts
from ordain.api.alerts.measured import FROM_LEDGER, Measured, Signal
from ordain.api.alerts.server_signals import Servers
from ordain.api.alerts.watch import Watch
from ordain.api.cli.alerts.alert_watch import Watcher
from ordain.api.lifecycle.guarding import PERSON
from ordain.api.lifecycle.recorded import lifecycle_of
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import Services, wire
from ordain.api.stopped import Stopped
from ordain.audit.entry.entry import Kind
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.versions import Kept

ALERTS = """\
  alerts:
    purpose: Who hears of what.
    policies: [alerts]
    gives: [severity, step, channel, stop_service]
    tells: [alert_events]
"""
ALERT_FACTS = (ROOT / "policies/facts.yaml").read_text().partition("  alert_signal:")[2].partition("\n  # ---")[0]


class Site:
    """A roll-out of `fees@2` within guardrails, and the watch of alerts."""

    def __init__(self, use: Services, clock: Clock) -> None:
        self.use, self.clock = use, clock
        self.watch = Watch(use, self.measured)

    def measured(self) -> tuple[list[Measured], frozenset[Signal]]:
        assert self.use.lifecycle is not None
        self.use.lifecycle.look()
        return list(stopped_rollouts(self.use.lifecycle.turns, self.watch.alerts.heard)), FROM_LEDGER

    def look(self) -> list[str]:
        return [each.action for each in self.watch.look()]

    def stopped(self) -> str:
        """The id of the entry of a pause, as the guard of roll-outs records one."""
        with steps_in(self.use.settings, self.clock) as steps:
            figures = {"decision": "01a2", "split": {"customers": 120}}
            return Rolling(steps).pause("fees", PERSON, "it is worse", figures).id

    def rolling(self, then: str, *arguments: object) -> None:
        with steps_in(self.use.settings, self.clock) as steps:
            getattr(Rolling(steps), then)("fees", *arguments)

    def entries(self) -> list[tuple[str, ...]]:
        """What the open alerts are news of."""
        return [alert.entries for alert in self.watch.alerts.open.values()]

    def acknowledge(self) -> None:
        (alert,) = self.watch.alerts.open.values()
        self.watch.alerts.acknowledge(alert.id, "ana")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new version decides for half of the customers, within guardrails."""
    folder, clock = tmp_path_factory.mktemp("begun"), Clock("2026-03-01")
    settings, policies = settings_of(folder), folder / "policies"
    for number, adds in ((1, 0), (2, 10)):
        write(folder, number, adds)
        shutil.copytree(ROOT / "policies/alerts", policies / "alerts", dirs_exist_ok=True)
        (policies / "facts.yaml").write_text(f"{FACTS}  alert_signal:{ALERT_FACTS}")
        (policies / "services.yaml").write_text(f"{SERVICES}{ALERTS}")
        with steps_in(settings, clock) as steps:
            if number == 1:
                steps.adopt(CHEN, "it begins")
            else:
                steps.submit("fees@2", ASHA)
                steps.approve("fees@2", BELA)
                Rolling(steps).start("fees@2", CHEN, Asked((5_000,), guards=plan_of(PLAN)))
    return folder


@pytest.fixture
def site(begun: Path, tmp_path: Path) -> Iterator[Site]:
    folder, clock = Path(shutil.copytree(begun, tmp_path / "site")), Clock("2026-03-02")
    use = wire(settings_of(folder))
    ledger = replace(use.ledger, now=clock)
    lifecycle = lifecycle_of(use.settings, ledger)
    yield Site(replace(use, now=clock, ledger=ledger, lifecycle=lifecycle, stopped=Stopped(ledger)), clock)
    use.close()


def test_a_pause_is_told_once_until_a_person_goes_on(site: Site) -> None:
    assert site.use.lifecycle is not None
    site.use.lifecycle.look()
    ask(activated(site.use, site.use.lifecycle, Kept()), 0, 120)
    assert site.look() == []
    (looked,) = guard_of(site.use).look()
    assert looked.done is not None
    paused = looked.done.id
    assert site.look() == ["raised"]
    assert (site.look(), site.entries()) == ([], [(paused,)])
    site.use.ledger.settle()
    reader = site.use.ledger.reader
    (raised,) = (each for entry in reader.entries() if (each := reader.envelope(entry))["kind"] == Kind.ALERT)
    told = {name: raised["about"][name] for name in ("signal", "value", "count", "severity", "channel", "entries")}
    assert told == {
        **{"signal": "guardrail", "value": "1", "count": 120, "entries": [paused]},
        **{"severity": "warning", "channel": "ticket"},
    }
    site.rolling("resume", CHEN, "it is worth it")
    assert site.look() == ["ended"]
    assert site.look() == []


@pytest.mark.parametrize("then", ["revert", "activate", "acknowledge"])
def test_it_ends_once_somebody_has_done_something_or_said_that_they_know(site: Site, then: str) -> None:
    site.stopped()
    assert site.look() == ["raised"]
    if then == "revert":
        site.rolling("revert", CHEN, "no more of it")
    elif then == "activate":
        with steps_in(site.use.settings, site.clock) as steps:
            steps.activate("fees@2", CHEN, None, "for all")
    else:
        site.acknowledge()
    assert site.look() == ["ended"]
    assert site.look() == []
    again = Watch(site.use, site.measured)
    assert again.look() == [], "a watch that is started anew knows it from the ledger"


@pytest.mark.parametrize("acknowledged", [True, False])
def test_what_is_stopped_again_is_another_alert(site: Site, acknowledged: bool) -> None:
    site.stopped()
    assert site.look() == ["raised"]
    if acknowledged:
        site.acknowledge()
    site.rolling("resume", CHEN, "it is worth it")
    second = site.stopped()
    assert site.look() == ["ended", "raised"]
    assert site.entries() == [(second,)]
    assert site.look() == []


def test_what_a_person_stops_is_no_alert(site: Site) -> None:
    site.rolling("pause", CHEN, "a look at the numbers")
    assert site.look() == []
    site.rolling("revert", CHEN, "no more of it")
    assert site.look() == []


def test_the_command_raises_it(site: Site) -> None:
    paused = site.stopped()
    more = {"ORDAIN_POLICIES": str(site.use.settings.policies), "ORDAIN_APPROVALS": "named"}
    done = ordain_here(site.use.settings.policies.parent, "alerts", "watch", "--once", "--json", **more)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["action"] for each in told if each["signal"] == "guardrail"] == ["raised"]
    site.watch.alerts.look()
    assert (paused,) in site.entries()


def test_a_policy_of_alerts_that_is_activated_is_asked_from_the_next_look_on(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher = Watcher(site.use, Servers([]), as_json=True)
    first = site.use.settings.policies / "alerts/v1.yaml"
    text = first.read_text().partition("  - given:\n      alert_signal: guardrail")[0]
    for old, new in (("version: 1", "version: 2"), ('guardrail, alert_value: "> 0"', 'guardrail, alert_value: "> 9"')):
        text = text.replace(old, new)
    (first.parent / "v2.yaml").write_text(text)
    watcher.look()
    with steps_in(site.use.settings, site.clock) as steps:
        steps.submit("alerts@2", ASHA)
        steps.approve("alerts@2", BELA)
        steps.activate("alerts@2", CHEN)
    site.stopped()
    watcher.look()
    assert capsys.readouterr().out == ""
    with steps_in(site.use.settings, site.clock) as steps:
        steps.roll_back("alerts", 1, CHEN, "nobody heard of it")
    watcher.look()
    assert json.loads(capsys.readouterr().out)["signal"] == "guardrail"
