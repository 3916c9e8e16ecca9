"""A page and a button are about the customer that they name, whatever a browser or a proxy makes of an address."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from answers import ADVICE, body
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser
from served import Server
from stories import seen_by

from ordain.api.console.every_page import address, button_at, page_at

ODD = [
    "..",
    ".",
    "x/../C-1",
    "./C-1",
    "C-1/",
    "/C-1",
    "C-1//x",
    "C-1/..",
    "~C-1",
    "~",
    "%2e%2e/C-1",
    "a\\..\\C-1",
    "C-1/.",
]

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@given(st.one_of(st.sampled_from(ODD), st.text(st.sampled_from("./~aC1 %?#\\"), min_size=1, max_size=12)))
def test_an_address_leads_to_the_one_whom_it_was_made_for_also_after_a_browser_has_read_it(subject: str) -> None:
    for name, find in (("person", page_at), ("erase", button_at), ("hold", button_at), ("person_risk", page_at)):
        made = address(name, subject=subject)
        read = urlsplit(urljoin("http://ordain.example/", made)).path
        assert read == urlsplit(made).path
        assert "//" not in read
        found = find(unquote(read).removeprefix("/console/"))
        assert found is not None, made
        assert (found[0].name, found[1]) == (name, {"subject": subject})


@pytest.mark.parametrize("wrong", ["~%%%", "~a", "~_w", "~/x", "~Qy0x"])
def test_what_was_not_made_so_is_no_page(wrong: str) -> None:
    assert page_at(f"people/{wrong}") is None


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("odd")) as server:
        for subject in ("C-1", "x/../C-1", "W" * 200):
            told = server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE, subject=subject))
            assert told.status == 200, told.body
        yield server


def test_who_erases_a_customer_with_an_odd_name_erases_nobody_else(browser: Browser, served: Server) -> None:
    with seen_by(browser, f"http://127.0.0.1:{served.port}") as seen:
        page = seen.at("/console/people")
        page.get_by_label("Customer or account").fill("x/../C-1")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="To x/../C-1").click()
        assert page.get_by_role("heading", level=1).inner_text() == "x/../C-1"
        assert page.locator("tbody tr").count() == 1
        page.locator("#erase-reason").fill("request 4713")
        page.get_by_role("button", name="Erase for good").click()
        page.get_by_text("The customer is erased.").wait_for()
    assert served.get("/v1/subjects/C-1/decisions").json()["decisions"] != []
    assert served.get("/v1/audit/search?kind=erasure").json()["entries"] != []


def test_a_name_of_any_length_scrolls_no_page_sideways(browser: Browser, served: Server) -> None:
    with seen_by(browser, f"http://127.0.0.1:{served.port}") as seen:
        seen.page.set_viewport_size({"width": 375, "height": 800})
        page = seen.at(address("person", subject="W" * 200))
        assert page.evaluate(BEYOND) <= 0
        page.locator("tbody tr a").first.click()
        page.get_by_role("heading", name="Rules that made it").wait_for()
        assert page.evaluate(BEYOND) <= 0
