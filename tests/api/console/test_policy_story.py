"""The business user's story, by clicks and by keys alone: a cell edited, mended, saved, approved, in force."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from any_time import at_any_time
from callers import bearer, keeper
from looked_at import Looked, looked_at
from playwright.sync_api import Browser, Page, expect
from served import Server, ordain_here

expect.set_options(timeout=60_000)  # a step compiles, and a check is a process of its own

PEOPLE = {"asha": "editor", "bela": "approver", "chen": "operator"}
_TABS = 120
"""So many are pressed before a control is given up."""


class Office:
    """A server on which approvals are needed; each person has a browser of their own."""

    def __init__(self, server: Server, browser: Browser, keys: dict[str, dict[str, str]]) -> None:
        self.address = f"http://127.0.0.1:{server.port}"
        self._browser, self._keys, self._open = browser, keys, ExitStack()
        self._seen: list[Looked] = []

    def page(self, who: str, path: str) -> Page:
        context = self._browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", extra_http_headers=self._keys[who]
        )
        self._open.callback(context.close)
        looked = looked_at(context, self.address)
        looked.page.set_default_timeout(30_000)
        self._seen.append(looked)
        return looked.at(path)

    def close(self) -> None:
        self._open.close()
        assert [fault for each in self._seen for fault in each.unexpected()] == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, dict[str, str]]]]:
    folder = tmp_path_factory.mktemp("office")
    policies = Path(shutil.copytree(at_any_time(), folder / "policies"))
    chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named"}
    begun = ordain_here(folder, "policy", "adopt", "--reason", "approvals begin", "--as", "chen", **chosen)
    assert begun.returncode == 0, begun.stderr
    made = keeper(folder)
    keys = {name: bearer(made.make(name, [role]).text) for name, role in PEOPLE.items()}
    with Server(folder, **chosen) as server:
        yield server, keys


@pytest.fixture
def office(served: tuple[Server, dict[str, dict[str, str]]], browser: Browser) -> Iterator[Office]:
    made = Office(served[0], browser, served[1])
    yield made
    made.close()


def cell(page: Page, rule: str, heading: str) -> object:
    """The cell of a rule in the first table."""
    headings = page.locator("[data-heading]").all_inner_texts()
    return page.locator(f"[data-rule={rule}] > div").nth(headings.index(heading))


def test_a_cell_is_edited_mended_saved_submitted_approved_and_in_force_by_clicks(office: Office) -> None:
    page = office.page("asha", "/console/policies?q=retention")
    page.get_by_role("link", name="retention-offer").click()
    page.get_by_role("button", name="New version 2").click()
    expect(page.get_by_text("Version 2 of retention-offer is begun as a draft")).to_be_visible()
    page.get_by_role("link", name="Tables", exact=True).click()
    edited = cell(page, "elevated-risk", "then: discount_percent")
    edited.dblclick()  # type: ignore[attr-defined]
    page.keyboard.type("five")
    page.keyboard.press("Enter")
    expect(edited).to_have_attribute("aria-invalid", "true")  # type: ignore[arg-type]
    edited.click()  # type: ignore[attr-defined]
    expect(page.locator("[data-grid-bar]")).to_contain_text("unknown fact `five`")
    edited.dblclick()  # type: ignore[attr-defined]
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(edited).not_to_have_attribute("aria-invalid", "true")  # type: ignore[arg-type]
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("Version 2 of retention-offer is saved.")).to_be_visible()
    assert cell(page, "elevated-risk", "then: discount_percent").inner_text() == "5"  # type: ignore[attr-defined]
    page.get_by_role("link", name="Differences", exact=True).first.click()
    expect(page.get_by_text("discount_percent: 0 → 5")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    page.get_by_text("Backtest", exact=True).first.click()
    page.get_by_role("button", name="Backtest").click()
    expect(page.get_by_text("No decision on record can be compared")).to_be_visible()
    page.get_by_role("button", name="Submit version 2").click()
    expect(page.get_by_text("Version 2 of retention-offer is submitted")).to_be_visible()
    expect(page.get_by_role("button", name="Approve version 2")).to_have_count(0)

    page = office.page("bela", "/console/policies/retention-offer?v=2")
    page.get_by_role("button", name="Approve version 2").click()
    expect(page.get_by_text("Version 2 of retention-offer is approved")).to_be_visible()
    page.get_by_role("button", name="Activate version 2").click()
    expect(page.get_by_text("Version 2 of retention-offer is activated.")).to_be_visible()
    page = office.page("chen", "/console/policies/retention-offer?v=2&done=policy_activate")
    page.get_by_role("button", name="Back to version 1").click()
    expect(page.get_by_text("is back, and decides now")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.locator(".timeline li").first).to_contain_text("Brought back")


def reach(page: Page, name: str) -> None:
    """Presses Tab until the control of that name has the focus."""
    for _ in range(_TABS):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
            " || document.activeElement.textContent"
        )
        if str(said).strip().startswith(name):
            return
    raise AssertionError(f"no key reaches {name!r}")


def test_the_same_by_keys_alone_and_the_version_is_rolled_out(office: Office) -> None:
    page = office.page("asha", "/console/policies")
    page.keyboard.press("/")
    page.keyboard.type("price-bounds")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="retention-offer")).to_have_count(0)
    reach(page, "price-bounds")
    page.keyboard.press("Enter")
    page.wait_for_url("**/price-bounds")
    reach(page, "New version 2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of price-bounds is begun as a draft")).to_be_visible()
    reach(page, "Tables")
    page.keyboard.press("Enter")
    page.wait_for_url("**/table?v=2")
    expect(page.locator("[data-grid]").first).to_be_visible()
    first = page.locator("[data-grid] .r").first.locator("div").first.inner_text()
    reach(page, first)
    headings = page.locator("[data-heading]").all_inner_texts()
    page.keyboard.press("End")
    for _ in range(len(headings) - 1 - headings.index("at least")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("plan_min_prise")
    page.keyboard.press("Tab")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-grid-bar]")).to_contain_text("did you mean `plan_min_price`?")
    page.keyboard.press("Control+z")
    expect(page.locator("[aria-invalid=true]")).to_have_count(0)
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("nobody pays less")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save the draft")).to_be_enabled()
    page.keyboard.press("Shift+Tab")
    reach(page, "Save the draft") if page.evaluate("document.activeElement.innerText") != "Save the draft" else None
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of price-bounds is saved.")).to_be_visible()
    reach(page, "Overview")
    page.keyboard.press("Enter")
    page.wait_for_url("**/price-bounds?v=2")
    reach(page, "Submit version 2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of price-bounds is submitted")).to_be_visible()

    page = office.page("bela", "/console/policies/price-bounds?v=2")
    reach(page, "Approve version 2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of price-bounds is approved")).to_be_visible()
    reach(page, "Roll version 2 out")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of price-bounds is rolled out.")).to_be_visible()
    expect(page.get_by_text("of customers now")).to_be_visible()
    reach(page, "Revert the roll-out")
    page.keyboard.press("Enter")
    expect(page.get_by_text("the version before decides for everybody.")).to_be_visible()
