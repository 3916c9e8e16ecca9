"""The business user's story, by clicks and by keys alone: a cell edited, mended, saved, approved, in force."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from stories import Office, reach

expect.set_options(timeout=60_000)  # a step compiles, and a check is a process of its own


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
    expect(page.get_by_text("The roll-out of version 2 of price-bounds has begun.")).to_be_visible()
    expect(page.get_by_text("of customers now")).to_be_visible()
    reach(page, "Revert the roll-out")
    page.keyboard.press("Enter")
    expect(page.get_by_text("the version before decides for everybody.")).to_be_visible()
