"""`ordain alerts`, run as people run it: beside a server, on a ledger in which decisions are denied."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, NOON, RETENTION
from served import Server, environment, ordain_here

from ordain.api.alerts.ledger_signals import lag, rates
from ordain.api.alerts.measured import Signal
from ordain.api.alerts.server_signals import Servers
from ordain.api.ask import make_ask
from ordain.api.batch import decide_many, record_many
from ordain.api.services import Services
from ordain.engine.errors import SettingsError

SECONDS = 30


def decided(use: Services, service: str, facts: dict[str, object], count: int) -> list[Any]:
    return list(record_many(decide_many([make_ask(service, f"C-{n}", facts, NOON) for n in range(count)], use), use))


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The process; at the end it is told to end as a supervisor does, and has to."""
    command = [sys.executable, "-m", "ordain", "alerts", "watch", "--every", "0.2", "--json", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


def listed(folder: Path) -> list[dict[str, Any]]:
    done = ordain_here(folder, "alerts", "list", "--json")
    assert done.returncode == 0, done.stderr
    alerts: list[dict[str, Any]] = json.loads(done.stdout)["alerts"]
    return alerts


def until(folder: Path, signals: set[str]) -> list[dict[str, Any]]:
    """The alerts, once they are about these."""
    deadline = time.monotonic() + SECONDS
    while True:
        alerts = listed(folder)
        if {each["signal"] for each in alerts} == signals:
            return alerts
        assert time.monotonic() < deadline, alerts
        time.sleep(0.2)


def test_a_look_at_a_ledger_in_which_a_service_denies(use: Services, tmp_path: Path) -> None:
    decided(use, "plan-advice", ADVICE, 30)
    decided(use, "retention", {**RETENTION, "churn_risk": Decimal("0.85"), "opted_out_channels": ["phone"]}, 30)
    measured = {each.cause: each for each in rates(use.ledger, use.now(), {})}
    assert measured[Signal.DENY_RATE, "plan-advice"].value == 0
    assert (measured[Signal.DENY_RATE, "retention"].value, measured[Signal.DENY_RATE, "retention"].count) == (100, 30)
    assert list(rates(use.ledger, use.now(), {"retention": "9999", "plan-advice": "9999"})) == []
    done = ordain_here(tmp_path, "alerts", "watch", "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["signal"] for line in done.stdout.splitlines()] == ["deny rate"]
    again = ordain_here(tmp_path, "alerts", "watch", "--once", "--json")
    assert (again.returncode, again.stdout) == (0, "")
    (alert,) = listed(tmp_path)
    assert (alert["service"], alert["severity"], alert["channel"]) == ("retention", "warning", "ticket")
    ack = ordain_here(tmp_path, "alerts", "ack", alert["id"], "--as", "ana")
    assert (ack.returncode, "ana is on it" in ack.stdout) == (0, True)
    assert listed(tmp_path)[0]["acknowledged_by"] == "ana"
    unknown = ordain_here(tmp_path, "alerts", "ack", "00000000")
    assert (unknown.returncode, "there is no open alert" in unknown.stderr) == (2, True)


def test_the_lag_is_that_of_the_oldest_entry_without_a_signature(use: Services) -> None:
    use.ledger.settle()
    assert lag(use.ledger, use.now()).value == 0
    decided(use, "plan-advice", ADVICE, 3)
    assert lag(use.ledger, use.now().replace(year=2030)).value > 86_400
    use.ledger.settle()
    assert lag(use.ledger, use.now().replace(year=2030)).value == 0


def test_a_server_that_is_gone_is_told_of_and_its_return_too(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        address = f"http://127.0.0.1:{server.port}/metrics"
        server.decide("plan-advice", "C-1", ADVICE)
        with watching(tmp_path, "--metrics", address):
            server.stop()
            (alert,) = until(tmp_path, {"server down"})
            assert (alert["severity"], alert["channel"], alert["service"]) == ("critical", "page", None)
            with server:
                until(tmp_path, set())


def test_a_page_that_is_not_a_servers_numbers_is_no_healthy_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(tmp_path) as server:
        servers = Servers([f"http://127.0.0.1:{server.port}/docs"])
        assert servers.signals() == ([], frozenset({Signal.SERVER_DOWN}))
    assert "has no numbers of Ordain" in caplog.text


@pytest.mark.parametrize("seconds", ["nan", "inf", "0"])
def test_pauses_between_looks_are_a_number_of_seconds(tmp_path: Path, seconds: str) -> None:
    done = ordain_here(tmp_path, "alerts", "watch", "--once", "--every", seconds)
    assert done.returncode == 2
    assert "--every" in done.stderr


def test_errors_and_times_are_those_since_the_look_before(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        servers = Servers([f"http://127.0.0.1:{server.port}/metrics"])
        server.decide("plan-advice", "C-1", ADVICE, at="2020-01-01T00:00:00Z")
        told, known = servers.signals()
        assert (told, known) == ([], {Signal.SERVER_DOWN, Signal.MODEL_UNUSABLE})
        for year in (2020, 2020, 2026, 2026, 2026, 2026, 2026, 2026):  # no version is in force in the first
            server.decide("plan-advice", "C-1", ADVICE, at=f"{year}-06-01T12:00:00Z")
        server.decide("plan-advice", "C-1", {"usage_gb": "much"})
        told, known = servers.signals()
        errors = next(each for each in told if each.signal == Signal.ERROR_RATE)
        assert (errors.service, errors.value, errors.count) == ("plan-advice", 25, 8)
        (times,) = (each for each in told if each.signal == Signal.LATENCY)
        assert times.count == 9
        assert {Signal.ERROR_RATE, Signal.LATENCY} <= known


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="is not an address"):
        Servers([address])


def test_without_a_ledger_there_is_nothing_to_watch(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "alerts", "watch", "--once")
    assert (done.returncode, "there is no ledger" in done.stderr) == (2, True)
