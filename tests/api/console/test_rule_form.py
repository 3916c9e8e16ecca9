"""One rule of a table as a form, and rules put in another order: by clicks, and by keys alone."""

from __future__ import annotations

from looked_at import barriers
from playwright.sync_api import Locator, Page, expect
from stories import Office, reach

expect.set_options(timeout=20_000)


def draft(office: Office, policy: str) -> Page:
    """The tables of a new draft."""
    page = office.page("asha", f"/console/policies/{policy}")
    page.get_by_role("button", name="New version 2").click()
    expect(page.get_by_text(f"Version 2 of {policy} is begun as a draft")).to_be_visible()
    page.get_by_role("link", name="Tables", exact=True).click()
    expect(page.locator("[data-grid]").first).to_be_visible()
    return page


def rules(page: Page) -> list[str]:
    return page.locator("[data-grid] .r > :first-child").all_text_contents()


def form(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_rule_is_written_in_a_form_checked_moved_and_saved_with_no_yaml(office: Office) -> None:
    page = draft(office, "retention-offer")
    before = rules(page)
    page.locator("[data-rule=elevated-risk] > div").first.click()
    page.get_by_role("button", name="As a form").click()
    shown = form(page)
    expect(shown.get_by_role("heading")).to_have_text("Rule elevated-risk")
    expect(shown).to_contain_text("Rule 5 of 6. The first rule that fits decides, so their order matters.")
    expect(shown).to_contain_text("the probability that the customer leaves; within [0..1]; unit: probability")
    assert barriers(page) == []
    shown.get_by_label("Then discount_percent").fill("five")
    shown.get_by_label("Because").focus()
    expect(shown.get_by_label("Then discount_percent")).to_have_attribute("aria-invalid", "true")
    expect(shown).to_contain_text("unknown fact `five`")
    shown.get_by_label("Then discount_percent").fill("5")
    shown.get_by_label("Because").focus()
    expect(shown.get_by_label("Then discount_percent")).not_to_have_attribute("aria-invalid", "true")
    assert shown.get_by_label("If churn_risk").input_value() == "between"
    shown.get_by_label("Value for churn_risk").fill("0.5")
    shown.get_by_label("Because").fill("The risk is raised, and one more step is offered.")
    shown.get_by_role("button", name="Move up").click()
    expect(shown).to_contain_text("Rule 4 of 6")
    shown.get_by_role("button", name="Add a rule below").click()
    expect(shown.get_by_role("heading")).to_have_text("A new rule")
    shown.get_by_label("Name").fill("calm")
    shown.get_by_label("If churn_risk").select_option("is less than")
    shown.get_by_label("Value for churn_risk").fill("0.10")
    shown.get_by_label("If clv_tier").select_option("low")
    shown.get_by_label("Then action").select_option("none")
    shown.get_by_label("Then discount_percent").fill("0")
    shown.get_by_label("Then channel").select_option("none")
    shown.get_by_label("Because").fill("Stays anyway.")
    shown.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("Version 2 of retention-offer is saved.")).to_be_visible()
    assert rules(page) == [*before[:3], "elevated-risk", "calm", "critical-low-value", "loyal-high-value"]
    cells = page.locator("[data-rule=elevated-risk] > div").all_inner_texts()
    assert (cells[1], cells[5]) == ("[0.5..0.80]", "5")
    assert page.locator("[data-rule=calm] > div").all_inner_texts()[1:3] == ["< 0.10", "low"]


def test_a_rule_is_dropped_in_its_form_and_undo_brings_it_back(office: Office) -> None:
    page = draft(office, "contact-house-rules")
    before = rules(page)
    page.locator("[data-grid] .r > :first-child").first.click()
    page.get_by_role("button", name="As a form").click()
    form(page).get_by_role("button", name="Drop the rule").click()
    expect(form(page)).to_have_count(0)
    assert rules(page) == before[1:]
    page.get_by_role("button", name="Undo").click()
    assert rules(page) == before
    expect(page.get_by_role("button", name="Save the draft")).to_be_disabled()


def test_the_form_fits_a_phone_and_everybody_can_use_it(office: Office) -> None:
    page = draft(office, "grandfathering")
    page.set_viewport_size({"width": 375, "height": 800})
    page.get_by_role("button", name="As a form").click()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert barriers(page) == []
    assert form(page).evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def save(page: Page, policy: str) -> None:
    """Saves the draft; again where the server says that it examines as many texts as it does at once."""
    saved, busy = page.get_by_text(f"Version 2 of {policy} is saved."), page.get_by_text("texts already, as many as it")
    for _ in range(10):
        page.get_by_role("button", name="Save the draft").click()
        expect(saved.or_(busy).first).to_be_visible()
        if saved.is_visible():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError("the server stays busy")


def test_two_who_edit_the_same_table_are_told_of_each_other_and_neither_loses_a_change(office: Office) -> None:
    page = draft(office, "price-bounds")
    own = page.locator("[data-grid] .r").first.locator("div")
    own.last.dblclick()
    page.keyboard.type("mine")
    page.keyboard.press("Enter")
    theirs = office.page("asha", "/console/policies/price-bounds/table?v=2")
    theirs.locator("[data-grid] .r").nth(1).locator("div").last.dblclick()
    theirs.keyboard.type("theirs")
    theirs.keyboard.press("Enter")
    save(theirs, "price-bounds")
    expect(page.get_by_text("Somebody else has saved this draft since you read it.")).to_be_visible()
    page.get_by_role("button", name="Read it again, with what you changed put on it").click()
    expect(page.locator("[data-grid] .r").nth(1).locator("div").last).to_have_text("theirs")
    expect(own.last).to_have_text("mine")
    save(page, "price-bounds")
    office.expects("status of 412", "status of 503")  # checks of the text of before, and while the other one's was made
    assert (own.last.text_content(), page.locator("[data-grid] .r").nth(1).locator("div").last.text_content()) == (
        "mine",
        "theirs",
    )


def test_rules_are_moved_and_opened_as_forms_by_keys_alone(office: Office) -> None:
    page = draft(office, "plan-advice")
    before = rules(page)
    reach(page, before[0])
    page.keyboard.press("Alt+ArrowDown")
    assert rules(page)[:2] == [before[1], before[0]]
    expect(page.locator("[data-grid-status]")).to_contain_text(f"{before[0]} is rule 2 of {len(before)} now")
    page.keyboard.press("Control+z")
    assert rules(page) == before
    expect(page.get_by_role("button", name="Save the draft")).to_be_disabled()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+Enter")
    expect(form(page).get_by_role("heading")).to_have_text(f"Rule {before[0]}")
    page.keyboard.press("Escape")
    expect(form(page)).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == before[0]
    page.reload()  # what was not saved is kept in this browser, moves too
    assert rules(page)[:2] == [before[1], before[0]]
    reach(page, "Save the draft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 2 of plan-advice is saved.")).to_be_visible()
    assert rules(page)[:2] == [before[1], before[0]]
