"""The operator's story in a real browser, by clicks and by keys alone: a service stopped and started, alerts taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from answers import ADVICE, body
from playwright.sync_api import Browser, expect
from served import Server, settings_in
from stories import seen_by, tab_to

from ordain.api.alerts.measured import FROM_LEDGER, Measured, Signal
from ordain.api.alerts.watch import Watch
from ordain.api.console.every_page import BUTTONS, undo_of
from ordain.api.console.sentences_said import texts
from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.engine.errors import LedgerUnavailable

MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two alerts are there: each follows from a decision of the policy `alerts`."""
    folder = tmp_path_factory.mktemp("operations")
    use = wire(settings_in(folder), "alerts")
    denied = [Measured(Signal.DENY_RATE, name, Decimal(60), 500) for name in ("retention", "price-quote")]
    assert [each.action for each in Watch(use, lambda: (denied, FROM_LEDGER)).look()] == ["raised", "raised"]
    use.close()
    with Server(folder) as server:
        yield server


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def decide(server: Server) -> int:
    return server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE, subject="C-1")).status


def test_a_service_is_stopped_by_clicks_and_started_again_by_the_button_that_takes_it_back(
    browser: Browser, served: Server
) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/operations")
        page.get_by_text("Stop plan-advice").click()
        row = page.locator("li", has_text="Stop plan-advice")
        row.get_by_label("Why").fill(f"prices are wrong {MARKUP}")
        row.get_by_role("button", name="Stop it").click()
        page.get_by_text("plan-advice is stopped: whoever asks").wait_for()
        assert decide(served) == 503
        assert MARKUP in page.locator("li", has_text="Start plan-advice").inner_text()
        assert page.locator("img[src=x]").count() == 0
        page.get_by_role("status").get_by_role("button", name="Start it again").click()
        page.get_by_text("plan-advice decides again.").wait_for()
        assert decide(served) == 200
        assert page.locator("li", has_text="Stop plan-advice").get_by_text("decides", exact=True).is_visible()


def test_a_service_is_stopped_and_started_by_keys_alone(browser: Browser, served: Server) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/operations")
        tab_to(page, page.locator("summary", has_text="Stop plan-advice"))
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("prices are wrong")
        page.keyboard.press("Enter")
        page.get_by_text("plan-advice is stopped: whoever asks").wait_for()
        assert decide(served) == 503
        tab_to(page, page.locator("summary", has_text="Start plan-advice"))
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("version 4 is in force")
        page.keyboard.press("Enter")
        page.get_by_text("plan-advice decides again.").wait_for()
        assert decide(served) == 200


def test_an_alert_waits_on_the_first_page_until_somebody_is_on_it(browser: Browser, served: Server) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console")
        page.get_by_role("link", name="deny rate 60 of retention").click()
        page.wait_for_url("**/console/operations")
        page.locator("tr", has_text="retention").get_by_role("button", name="I am on it").click()
        page.get_by_text("It escalates no further.").wait_for()
        page = seen.at("/console")
        expect(page.locator("li", has_text="of retention")).to_contain_text("http is on it")
        expect(page.locator("li", has_text="of price-quote")).to_contain_text("nobody is on it yet")


def test_an_alert_that_there_is_not_is_not_found_and_one_taken_is_taken_once(served: Server) -> None:
    alerts = served.get("/v1/alerts").json()["alerts"]
    assert {each["service"] for each in alerts} == {"retention", "price-quote"}
    (quotes,) = (each["id"] for each in alerts if each["service"] == "price-quote")
    for wrong in ("nothing", quotes[:13], quotes[:-1] + "_"):
        told = served.ask("POST", f"/v1/alerts/{wrong}/acknowledge", b"{}")
        assert (told.status, told.json()["error"]["code"]) == (404, "UnknownDecision")
    assert served.ask("POST", f"/v1/alerts/{quotes}/acknowledge", b'{"as": "ana"}').status == 400
    for _ in range(2):
        told = served.ask("POST", f"/v1/alerts/{quotes}/acknowledge", b"{}")
        assert (told.status, told.json()["acknowledged_by"]) == (200, "http")
    entries = served.get("/v1/audit/search?kind=alert").json()["entries"]
    assert [each["about"]["action"] for each in entries if each["service"] == "price-quote"] == [
        "raised",
        "acknowledged",
    ]


def test_what_an_address_says_was_done_is_said_only_when_it_can_be(served: Server) -> None:
    told = served.ask("GET", "/console/operations?done=stop_service", None, {"Accept": "text/html"})
    assert (told.status, b'role="status"' in told.body) == (200, False)
    led = "/console/operations?done=stop_service&service=%3Cscript%3E&key=1&count=2"
    told = served.ask("GET", led, None, {"Accept": "text/html"})
    assert (told.status, b"&lt;script&gt; is stopped" in told.body) == (200, True)


def test_each_button_that_takes_another_back_is_there_with_a_text_and_the_same_address_parts() -> None:
    taken_back = [each for each in BUTTONS if each.undone_by]
    assert taken_back
    for each in taken_back:
        assert f"undo.{each.undone_by}" in texts()
    assert undo_of("stop_service", {"service": "a"}) == {"name": "start_service", "names": {"service": "a"}}
    assert undo_of("stop_service", {}) is None
    assert undo_of("nothing", {"service": "a"}) is None


def test_an_operator_sees_what_is_wrong_while_the_ledger_is_away(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        (tmp_path / "ordain.db").rename(tmp_path / "elsewhere.db")
        deadline = time.monotonic() + 20
        while server.get("/readyz").status != 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        told = server.ask("GET", "/console/operations", None, {"Accept": "text/html"})
        assert (told.status, b"not ready" in told.body) == (200, True)


def test_alerts_that_cannot_be_read_keep_nobody_from_the_services(tmp_path: Path) -> None:
    class Away:
        def now(self) -> None:
            raise LedgerUnavailable("the ledger is away")

    use = wire(settings_in(tmp_path))
    app = app_for(use)
    app.extensions["ordain_alerts"] = Away()
    told = app.test_client().get("/console/operations", headers={"Accept": "text/html"})
    use.close()
    assert (told.status_code, b"the ledger is away" in told.data, b"Stop plan-advice" in told.data) == (200, True, True)
