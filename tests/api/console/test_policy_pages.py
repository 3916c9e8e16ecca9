"""Pages of policies: what is searched, what is underlined, two editors at once, and texts with markup in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from any_time import at_any_time
from console_served import Console
from looked_at import looked_at
from playwright.sync_api import Browser, expect
from served import Reply, Server, edit, ordain_here

MARKUP = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": "none"}


def page(server: Server, path: str) -> dict[str, Any]:
    told = server.ask("GET", f"/console/{path}", None, {"Accept": "application/json"})
    assert told.status == 200, told.body
    shown: dict[str, Any] = json.loads(told.body)
    return shown


def press(server: Server, path: str, **fields: str) -> Reply:
    return server.ask("POST", f"/console/{path}", urlencode(fields).encode(), FORM)


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Version 2 of `retention-offer` is a draft with markup in every text; so is the purpose of `plan-advice`."""
    folder = tmp_path_factory.mktemp("drafts")
    policies = Path(shutil.copytree(at_any_time(), folder / "policies"))
    chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_APPROVALS": "named"}
    begun = ordain_here(folder, "policy", "adopt", "--reason", MARKUP, "--as", "chen", **chosen)
    assert begun.returncode == 0, begun.stderr
    draft = Path(shutil.copy(policies / "retention-offer/v1.yaml", policies / "retention-offer/v2.yaml"))
    quoted = MARKUP.replace("'", "''")
    edit(draft, "version: 1", "version: 2")
    edit(draft, "effective: 2026-01-01", "effective: 2026-12-31")
    edit(draft, "owner: retention", f"owner: '{quoted}'")
    edit(draft, "purpose: What we offer", f"purpose: '{quoted}' # What we offer")
    edit(draft, "because: Very likely to leave, of low value.", f"because: '{quoted}'")
    edit(draft, "      - id: loyal-high-value", f"      # {MARKUP}\n      - id: loyal-high-value")
    with Server(folder, **chosen) as server:
        yield server


def test_policies_are_found_by_words_and_by_state(console: Console) -> None:
    found = page(console.server, "policies?q=legal+contact+india")["policies"]
    assert [each["policy"] for each in found] == ["contact-law-in"]
    assert [each["policy"] for each in page(console.server, "policies?state=draft")["policies"]] == ["retention-offer"]
    assert page(console.server, "policies?q=nothing-like-it")["policies"] == []


def test_what_a_check_finds_is_underlined_where_it_stands(drafts: Server) -> None:
    text = page(drafts, "policies/retention-offer/edit?v=2")["text"].replace(
        "discount_percent: 20", "discount_percent: twenty"
    )
    told = press(drafts, "policies/retention-offer/versions/2/check", text=text)
    html = told.body.decode()
    assert '<span class="wrong ">twenty</span>' in html
    assert "unknown fact `twenty`" in html


def test_a_version_that_there_is_not_is_said_and_which_there_are(drafts: Server) -> None:
    told = drafts.ask("GET", "/console/policies/retention-offer?v=9", None, {"Accept": "application/json"})
    assert (told.status, told.json()["error"]["details"]) == (404, [{"hint": "there are: 1, 2"}])


def test_two_editors_at_once_are_told_of_each_other_and_neither_loses_a_word(drafts: Server) -> None:
    read = page(drafts, "policies/retention-offer/edit?v=2")
    at = "policies/retention-offer/versions/2"
    theirs = read["text"].replace("of medium value.", "of some value.")
    assert press(drafts, f"{at}/text", text=theirs.replace("\n", "\r\n"), digest=read["digest"]).headers["hx-redirect"]
    mine = read["text"].replace("leave, of medium value.", "go, of medium value.")
    assert (
        "Somebody else has saved this draft"
        in press(drafts, f"{at}/check", text=mine, digest=read["digest"]).body.decode()
    )
    refused = press(drafts, f"{at}/text", text=mine, digest=read["digest"]).body.decode()
    assert "<del>-        because: Very likely to leave, of some value.</del>" in refused
    assert "<ins>+        because: Very likely to go, of medium value.</ins>" in refused
    now = page(drafts, "policies/retention-offer/edit?v=2")
    assert now["text"] == theirs
    assert f'data-text-take="{now["digest"]}"' in refused


@pytest.mark.parametrize("where", ["", "/text", "/findings", "/table", "/edit", "/tests", "/diff", "/history"])
def test_markup_in_texts_is_shown_and_does_nothing(drafts: Server, where: str) -> None:
    told = drafts.ask("GET", f"/console/policies/retention-offer{where}?v=2", None, {"Accept": "text/html"})
    html = told.body.decode()
    assert told.status == 200
    assert "<img src=x" not in html
    assert "<script>alert" not in html


def test_markup_that_is_searched_for_or_typed_is_shown_and_does_nothing(drafts: Server, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    seen = looked_at(context, f"http://127.0.0.1:{drafts.port}")
    said: list[str] = []
    seen.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    shown = seen.at("/console/policies?" + urlencode({"q": MARKUP}))
    assert shown.locator("#q").input_value() == MARKUP
    shown = seen.at("/console/policies/retention-offer/table?v=2")
    shown.locator("[data-rule=not-scored] > div").nth(4).click()
    shown.keyboard.press("Enter")
    shown.keyboard.insert_text(MARKUP)
    shown.keyboard.press("Enter")
    shown.locator("[data-rule=not-scored] > div").nth(4).click()
    expect(shown.locator("[data-grid-bar] .fixed")).to_have_text(MARKUP)
    shown.reload()  # what was not saved is back
    expect(shown.locator("[data-rule=not-scored] > div").nth(4)).to_have_text(MARKUP)
    assert shown.locator("main img").count() == 0
    context.close()
    assert (said, seen.unexpected()) == ([], [])


def test_rows_of_a_spreadsheet_are_pasted_and_taken_back_at_once(drafts: Server, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    seen = looked_at(context, f"http://127.0.0.1:{drafts.port}")
    shown = seen.at("/console/policies/retention-offer/table?v=2")
    rows = shown.locator("[data-grid] .r")
    last = rows.last.locator("div").first
    last.click()
    rows_before = rows.count()
    text = 'loyal-high-value\t< 0.40\r\nloyal\t"< 0.30\nand less"\tlow\r\n'
    shown.evaluate(
        """text => { const data = new DataTransfer(); data.setData("text/plain", text);
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true})); }""",
        text,
    )
    assert rows.count() == rows_before + 1
    assert rows.last.locator("div").all_text_contents()[:3] == ["loyal", "< 0.30\nand less", "low"]
    edits = json.loads(shown.locator("[data-grid-edits]").input_value())
    assert [(each.get("rule"), each.get("after")) for each in edits] == [
        ("loyal-high-value", None),
        (None, "loyal-high-value"),
    ]
    shown.keyboard.press("Control+z")
    assert rows.count() == rows_before
    assert json.loads(shown.locator("[data-grid-edits]").input_value()) == []
    context.close()
    assert seen.unexpected() == []


def test_the_calendar_says_which_version_decides_on_each_day(drafts: Server) -> None:
    told = page(drafts, "policies/retention-offer/history?month=2031-02")
    days = [day for week in told["weeks"] for day in week if day]
    assert (len(days), {day["version"] for day in days}) == (28, {1})
    long_ago = page(drafts, "policies/retention-offer/history?month=2001-02")
    assert {day["version"] for week in long_ago["weeks"] for day in week if day} == {None}
    refused = drafts.ask("GET", "/console/policies/retention-offer/history?month=May", None, {"Accept": "text/html"})
    assert (refused.status, b"is no month" in refused.body) == (400, True)
