"""The first page: where it leads, and that it says nothing that its reader cannot know."""

from __future__ import annotations

from answers import ADVICE, body
from console_served import Console
from looked_at import Looked
from playwright.sync_api import expect
from stories import Office

expect.set_options(timeout=20_000)


def test_what_it_says_leads_where_it_points(looked: Looked, console: Console) -> None:
    page = looked.at("/console")
    for name, at in (("In force", "policies"), ("Decisions in 24 hours", "decisions"), ("Ledger", "evidence")):
        assert page.get_by_role("link", name=name, exact=True).get_attribute("href") == f"/console/{at}"
    expect(page.get_by_text("version 1 is live")).to_be_visible()
    page.get_by_role("link", name="Go on with the draft retention-offer@2").click()
    page.wait_for_url("**/retention-offer?v=2")
    page = looked.at("/console")
    page.locator("#newest a").first.click()
    page.wait_for_url("**/console/decisions/*")


def test_a_decision_that_comes_while_it_is_looked_at_can_be_opened(looked: Looked, console: Console) -> None:
    page = looked.at("/console")
    before = page.locator("#newest a").first.get_attribute("href")
    page.wait_for_timeout(500)  # until it listens
    told = console.server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE, subject="C-1")).json()
    newest = page.locator(f"#newest a[href$='{told['decision_id']}']")
    expect(newest).to_be_visible()
    assert before is not None
    newest.click()
    page.wait_for_url(f"**/{told['decision_id']}")


def test_the_hours_are_drawn_one_verdict_upon_the_other_and_the_legend_says_each_alone(looked: Looked) -> None:
    page = looked.at("/console")
    plot = page.locator("[data-plot]").first
    data = page.evaluate("JSON.parse(document.querySelector('[data-plot]').dataset.plot)")
    own = {each["label"]: each["values"][-1] for each in data["series"]}
    box = plot.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 5)
    names, values = (plot.locator(f".u-legend .{name}").all_text_contents() for name in ("u-label", "u-value"))
    legend = dict(zip(names, values, strict=True))
    for label, value in own.items():
        assert legend[label].strip() == str(value)


def test_who_may_not_search_is_told_so_and_not_that_nothing_was_decided(office: Office) -> None:
    page = office.page("chen", "/console")
    assert page.get_by_text("Your roles do not have the right search").count() == 2
    assert page.get_by_text("Nothing was decided").count() == 0


def test_the_list_of_policies_says_what_a_check_finds(looked: Looked) -> None:
    page = looked.at("/console/policies")
    expect(page.locator("#found-retention-offer")).to_contain_text("note")
    expect(page.locator("#found-price-law-in")).not_to_have_text("…")
    again = looked.at("/console/policies")  # they are known now
    assert again.locator("progress").count() == 0
    again.locator("#found-retention-offer a").click()
    again.wait_for_url("**/retention-offer/text?v=2")
    expect(again.locator(".pol-found").first).to_be_visible()


def test_a_draft_is_tried_from_its_page(office: Office) -> None:
    page = office.page("asha", "/console/policies/plan-advice")
    page.get_by_role("button", name="New version 2").click()
    expect(page.get_by_text("Version 2 of plan-advice is begun as a draft")).to_be_visible()
    page.get_by_role("link", name="Try it: plan-advice").click()
    expect(page.locator("#answer").get_by_role("heading", name="plan-advice@2")).to_be_visible()
    expect(page.get_by_text("There are plan-advice@2.")).to_be_visible()
