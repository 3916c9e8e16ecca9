"""The privacy officer's story and the reviewer's, in a real browser: by clicks, and by keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import ADVICE, QUOTE, RETENTION, body
from playwright.sync_api import Browser
from served import Server
from stories import seen_by, tab_to

NIGHT = "2026-06-01T23:30:00+05:30"
"""When nobody may be called."""
MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Decisions about four people, one of whose names is markup."""
    with Server(tmp_path_factory.mktemp("people"), ORDAIN_CHECKPOINT_SECONDS="0.2") as server:
        for subject in ("C-1", "C-2", "C-3", MARKUP):
            for service, facts in (("plan-advice", ADVICE), ("retention", RETENTION), ("price-quote", QUOTE)):
                told = server.ask("POST", f"/v1/decisions/{service}", body(facts, subject=subject))
                assert told.status == 200, told.body
        for number in range(3):
            told = server.ask("POST", "/v1/decisions/retention", body(RETENTION, subject=f"D-{number}", at=NIGHT))
            assert told.json()["verdict"] == "deny", told.body
        yield server


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_a_privacy_officer_holds_releases_and_erases_a_person(browser: Browser, served: Server) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/people")
        page.get_by_label("Customer or account").fill("C-1")
        page.get_by_role("button", name="Look up").click()
        page.wait_for_url("**/console/people/C-1")
        assert page.locator("tbody tr").count() >= 3
        page.locator("#hold-reason").fill("a court asks for it")
        page.get_by_role("button", name="Put under a hold").click()
        page.get_by_text("The customer is under a legal hold.").wait_for()
        page.get_by_role("button", name="Take the hold back").click()
        page.get_by_text("No hold stands.").wait_for()
        page.get_by_role("button", name="Put the hold back").click()
        page.get_by_text("A hold stands, since").wait_for()
        page.locator("#erase-reason").fill("request 4711")
        page.get_by_role("button", name="Erase for good").click()
        page.get_by_text("A legal hold stands").wait_for()
        page.locator("#release-reason").fill("the court is done")
        page.get_by_role("button", name="End the hold").click()
        page.get_by_text("The hold has ended.").wait_for()
        assert "525.00" not in page.inner_text("main")  # what is restricted is not shown


def test_a_person_is_erased_by_keys_alone_and_the_log_still_verifies(browser: Browser, served: Server) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/people")
        tab_to(page, page.get_by_label("Customer or account"))
        page.keyboard.type("C-2")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/people/C-2")
        tab_to(page, page.locator("#erase-reason"))
        page.keyboard.type("request 4712")
        tab_to(page, page.get_by_role("button", name="Erase for good"))
        page.keyboard.press("Enter")
        page.get_by_text("The customer is erased.").wait_for()
        page = seen.at("/console/evidence")
        assert page.get_by_role("heading", name="Erasures").is_visible()
        tab_to(page, page.get_by_role("button", name="Verify the whole log"))
        page.keyboard.press("Enter")
        page.get_by_text("It holds:").wait_for()
        page = seen.at("/console/people/C-2")
        assert "Nothing is on record" in page.inner_text("main")


def test_a_reviewer_finds_all_denials_opens_one_and_takes_its_letter_proof_and_replay(
    browser: Browser, served: Server
) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/decisions")
        page.get_by_label("Verdict").select_option("deny")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url("**verdict=deny**")
        rows = page.locator("tbody tr")
        assert rows.count() >= 3
        assert set(page.locator("tbody tr td:nth-child(3)").all_inner_texts()) == {"deny"}
        rows.last.get_by_role("link").first.click()
        page.get_by_role("heading", name="Rules that made it").wait_for()
        page.get_by_role("button", name="Rules that did not fire").click()
        page.get_by_text("rules did not fire").wait_for()
        page.get_by_role("button", name="Decide again from the record").click()
        page.get_by_text("it agrees in every part").wait_for()
        page.get_by_role("button", name="Proof for outsiders").click()
        page.get_by_role("link", name="Save the file").wait_for()
        page.get_by_text("Read it").click()
        assert "Whether a person took part" in page.locator(".letter").inner_text()
        page = seen.at("/console/evidence")
        page.get_by_label("Random entries").fill("5")
        page.get_by_role("button", name="Verify this sample").click()
        page.get_by_text("5 entries were checked").wait_for()


def test_a_reviewer_finds_a_decision_by_keys_alone(browser: Browser, served: Server) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.at("/console/decisions")
        page.keyboard.press("/")  # to the field that searches
        page.keyboard.type("C-3")
        page.keyboard.press("Enter")
        page.wait_for_url("**subject=C-3**")
        tab_to(page, page.locator("tbody tr").first.get_by_role("link"))
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Evidence").wait_for()
        tab_to(page, page.get_by_role("button", name="Decide again from the record"))
        page.keyboard.press("Enter")
        page.get_by_text("it agrees in every part").wait_for()


def test_markup_in_what_somebody_can_set_is_shown_as_text(browser: Browser, served: Server, tmp_path: Path) -> None:
    with seen_by(browser, address(served)) as seen:
        page = seen.page
        shown = []
        page.on("dialog", lambda dialog: shown.append(dialog.message))
        page.goto(f"{address(served)}/console/people")
        page.get_by_label("Customer or account").fill(MARKUP)
        page.keyboard.press("Enter")
        page.locator("tbody tr").first.wait_for()
        assert page.get_by_role("heading", level=1).inner_text() == MARKUP
        page.locator("tbody tr").first.get_by_role("link").click()
        page.get_by_role("heading", name="Evidence").wait_for()
        assert MARKUP in page.inner_text("main")
        page.goto(f"{address(served)}/console/people")
        for field in ("subject", "rule", "policy", "outcome"):
            page = seen.page
            page.goto(f"{address(served)}/console/decisions")
            page.evaluate("document.querySelector('details').open = true")
            page.locator(f"[name={field}]").fill(MARKUP)
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{field}=**")
            assert page.locator("img[src=x]").count() == 0
        assert shown == []


def test_a_condition_that_is_refused_is_told_beside_the_form_with_what_was_typed(served: Server) -> None:
    told = served.ask("GET", "/console/decisions?rule=no-such-rule&since=yesterday", None, {"Accept": "text/html"})
    html = told.body.decode()
    assert (told.status, 'value="yesterday"' in html, 'value="no-such-rule"' in html) == (200, True, True)
    assert "is not a date or moment" in html


def test_a_form_of_another_page_without_the_header_is_refused(served: Server) -> None:
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    told = served.ask("POST", "/console/erase/C-3", b"reason=evil", sent)
    assert told.status == 415
    with_origin = {**sent, "X-CSRF-Token": "none", "Origin": "https://evil.example"}
    told = served.ask("POST", "/console/erase/C-3", b"reason=evil", with_origin)
    assert told.status == 403
