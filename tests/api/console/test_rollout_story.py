"""A roll-out begun in the console and seen to its end: by clicks, and by keys alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from stories import Office, reach

expect.set_options(timeout=20_000)


def approved(office: Office, policy: str) -> None:
    """Version 2 of a policy, a copy of the first, approved by somebody else than who submitted it."""
    at = f"/v1/policies/{policy}"
    text = office.ask("asha", "GET", f"{at}/next")
    office.ask("asha", "POST", f"{at}/versions", text, "application/yaml")
    office.ask("asha", "POST", f"{at}/versions/2/submit", b"{}")
    office.ask("bela", "POST", f"{at}/versions/2/approve", b"{}")


def pressed(page: Page, how: str, name: str, text: str | None = None) -> None:
    """A button pressed, or a field filled, with the mouse or with keys."""
    if how == "keys":
        if text is None:
            reach(page, name)
            page.keyboard.press("Enter")
            return
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.get_by_label(name, exact=True).first.evaluate("each => each === document.activeElement"):
                page.keyboard.press("Control+a")
                page.keyboard.type(text) if text else page.keyboard.press("Delete")
                return
        raise AssertionError(f"no key reaches {name!r}")
    if text is None:
        page.get_by_role("button", name=name).first.click()
    else:
        page.get_by_label(name, exact=True).first.fill(text)


@pytest.mark.parametrize(("how", "policy"), [("clicks", "price-bounds"), ("keys", "plan-advice")])
def test_a_roll_out_is_begun_watched_paused_and_seen_to_its_end(office: Office, how: str, policy: str) -> None:
    approved(office, policy)
    page = office.page("chen", "/console")
    expect(page.get_by_role("link", name=f"Activate {policy}@2, or roll it out")).to_be_visible()
    reach(page, f"Activate {policy}@2") if how == "keys" else None
    page.keyboard.press("Enter") if how == "keys" else page.get_by_role("link", name=f"Activate {policy}@2").click()
    page.wait_for_url(f"**/{policy}?v=2")
    pressed(page, how, "Shares, in per cent", "10")
    pressed(page, how, "How long each lasts", "")
    pressed(page, how, "Roll version 2 out")
    expect(page.get_by_text(f"The roll-out of version 2 of {policy} has begun.")).to_be_visible()
    expect(page.get_by_text("10 %").first).to_be_visible()
    expect(page.get_by_text("for its next steps below")).to_be_visible()

    page.goto(f"{office.address}/console/rollouts")
    panel = page.locator("section", has=page.get_by_role("link", name=policy, exact=True))
    expect(panel).to_contain_text("10 % of the customers")
    reach(page, "Take the next step") if how == "keys" else None
    page.keyboard.press("Enter") if how == "keys" else panel.get_by_role("link", name="Take the next step").click()
    page.wait_for_url(f"**/{policy}?v=2")
    pause = page.locator("form", has=page.get_by_role("button", name="Pause"))
    pause.get_by_placeholder("Why, for the record").fill("we look at it")
    pressed(page, how, "Pause")
    expect(page.get_by_text(f"The roll-out of {policy} is paused.")).to_be_visible()
    pressed(page, how, "Go on")  # the button of the line that says so
    expect(page.get_by_text(f"The roll-out of {policy} goes on.")).to_be_visible()
    expect(page.get_by_text("decides for every customer now")).to_have_count(0)
    pressed(page, how, "Share of customers, in per cent", "100")
    pressed(page, how, "Raise the share")
    expect(
        page.get_by_text("Version 2 decides for every customer now. Activate it to end the roll-out")
    ).to_be_visible()
    pressed(page, how, "Activate version 2")
    expect(page.get_by_text(f"Version 2 of {policy} is activated.")).to_be_visible()
    expect(page.get_by_text("Nothing waits: every version is in force")).to_be_visible()

    told: Any = office.data("chen", f"/v1/policies/{policy}")
    assert told["in_force"]["version"] == 2
    assert [each["state"] for each in told["versions"]] == ["replaced", "active"]
    page.goto(f"{office.address}/console/rollouts")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(panel).to_have_count(0)
    page.goto(f"{office.address}/console/policies/{policy}/history")
    steps = page.locator(".timeline li")
    expect(steps.first).to_contain_text("Activated")
    for said in ("has its share raised", "goes on", "is paused", "begins in steps of"):
        expect(steps.filter(has_text=said).first).to_be_visible()
