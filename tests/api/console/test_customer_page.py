"""A link for the person whom a decision is about: opened without log-in or script, and worth nothing once changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from answers import ADVICE, body
from callers import bearer, keeper
from console_served import Console
from hypothesis import given
from hypothesis import strategies as st
from looked_at import Looked, barriers, looked_at
from playwright.sync_api import Browser
from served import Server, settings_in

from ordain.api.access.link_tokens import opened, token_of
from ordain.api.console.customer_page import told_page
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire

if TYPE_CHECKING:
    from conftest import Console  # at run time the name may be another folder's

MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.fixture(scope="module")
def use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = wire(settings_in(tmp_path_factory.mktemp("links")))
    yield made
    made.close()


def decided(use: Services, subject: str) -> str:
    told = app_for(use).test_client().post("/v1/decisions/plan-advice", data=body(ADVICE, subject=subject))
    assert told.status_code == 200, told.data
    return str(told.get_json()["decision_id"])


def link_to(console: Console, service: str) -> str:
    told = console.server.ask("POST", f"/v1/decisions/{console.decisions[service]}/link", b"{}")
    assert told.status == 200, told.body
    return str(told.json()["url"])


def test_a_link_opens_without_a_script_at_the_width_of_a_phone(browser: Browser, console: Console) -> None:
    address = link_to(console, "price-quote").removeprefix(console.address)
    context = browser.new_context(viewport={"width": 375, "height": 800}, java_script_enabled=False)
    seen = looked_at(context, console.address)
    page = seen.at(address)
    text = page.inner_text("main")
    assert "525" in text
    assert "Your rights" in text
    assert "contest it" in text
    assert page.locator("script").count() == 0
    context.close()
    assert seen.unexpected() == []


def test_everybody_can_read_it_in_both_themes_and_it_loads_nothing(looked: Looked, console: Console) -> None:
    from_axe = {}
    asked: list[str] = []
    looked.page.on("request", lambda each: asked.append(each.url))
    page = looked.at(link_to(console, "price-quote").removeprefix(console.address))
    assert len(asked) == 1
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0
    html = page.content()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        from_axe[theme] = barriers_of(html, page, width=375)
    assert from_axe == {"light": [], "dark": []}


def barriers_of(html: str, page: object, width: int) -> list[str]:
    """axe-core is a script, which the page's own policy keeps out: it looks at the same page without that."""
    copy = page.context.new_page()  # type: ignore[attr-defined]
    copy.set_viewport_size({"width": width, "height": 800})
    copy.set_content(html)
    found = barriers(copy)
    copy.close()
    return found


def test_a_link_is_made_on_the_page_of_the_decision_and_each_opening_is_on_record(
    looked: Looked, console: Console
) -> None:
    page = looked.at(f"/console/decisions/{console.decisions['plan-advice']}")
    page.get_by_label("Days for which it opens").fill("7")
    page.get_by_role("button", name="Make a link").click()
    made = page.locator("#link a")
    made.wait_for()
    before = len(by_link(console))
    told = console.server.get(str(made.get_attribute("href")).removeprefix(console.address))
    assert told.status == 200
    assert len(by_link(console)) == before + 1


def by_link(console: Console) -> list[object]:
    found = console.server.get("/v1/audit/search?kind=read&limit=1000").json()["entries"]
    return [each for each in found if each["about"]["action"] == "link opened"]


def test_a_link_is_kept_by_nobody_and_found_by_nobody(console: Console) -> None:
    for path in (link_to(console, "retention").removeprefix(console.address), "/price/nothing"):
        headers = console.server.get(path).headers
        assert headers["cache-control"] == "private, no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("days", [0, -1, 366, 1.5, 1e300, "30", True, None, [30]])
def test_a_time_that_is_none_is_refused(use: Services, days: object) -> None:
    told = app_for(use).test_client().post(f"/v1/decisions/{decided(use, 'C-1')}/link", json={"days": days})
    assert (told.status_code, "`days` is" in told.get_json()["error"]["message"]) == (400, True)


@pytest.mark.parametrize(("sent", "days"), [({}, 30), ({"days": 1}, 1), ({"days": 365}, 365)])
def test_a_link_opens_for_the_days_that_are_said(use: Services, sent: dict[str, int], days: int) -> None:
    told = app_for(use).test_client().post(f"/v1/decisions/{decided(use, 'C-1')}/link", json=sent).get_json()
    ends = datetime.fromisoformat(told["expires"]) - use.now()
    assert timedelta(days=days - 1, hours=23) < ends <= timedelta(days=days)
    made = opened(use.ledger.keyring, told["url"].rsplit("/", 1)[1])
    assert made is not None
    assert made.expires == datetime.fromisoformat(told["expires"])


def test_a_token_says_what_was_put_in(use: Services) -> None:
    decision, expires = uuid4(), datetime(2026, 12, 31, tzinfo=UTC)
    token = token_of(use.ledger.keyring, decision, expires)
    assert opened(use.ledger.keyring, token) == (decision, expires)


@given(st.integers(0, 74), st.characters(codec="ascii"))
def test_a_token_of_which_any_letter_is_another_opens_nothing_else(use: Services, place: int, other: str) -> None:
    decision, expires = UUID(int=7), datetime(2026, 12, 31, tzinfo=UTC)
    token = token_of(use.ledger.keyring, decision, expires)
    changed = token[:place] + other + token[place + 1 :]
    assert opened(use.ledger.keyring, changed) in (None, (decision, expires))
    if place < 74 and other != token[place]:  # of the last letter two bits stand for nothing
        assert opened(use.ledger.keyring, changed) is None


@given(st.text(max_size=100))
def test_no_text_that_was_not_made_here_opens_anything(use: Services, text: str) -> None:
    assert opened(use.ledger.keyring, text) is None


def test_a_link_of_another_ledger_opens_nothing(use: Services, tmp_path: Path) -> None:
    other = wire(settings_in(tmp_path))
    token = token_of(other.ledger.keyring, uuid4(), datetime(2099, 1, 1, tzinfo=UTC))
    other.close()
    assert opened(use.ledger.keyring, token) is None


def test_what_has_expired_or_was_erased_or_is_restricted_says_the_same_and_names_nothing(use: Services) -> None:
    client, soon = app_for(use).test_client(), use.now() + timedelta(days=1)
    late = token_of(use.ledger.keyring, UUID(decided(use, "C-late")), use.now() - timedelta(seconds=1))
    erased = decided(use, "C-erased")
    held = decided(use, "C-held")
    assert client.get(f"/price/{token_of(use.ledger.keyring, UUID(held), soon)}").status_code == 200
    client.post("/v1/audit/subjects/C-held/hold", json={"reason": "a court asks"})
    for subject in ("C-erased", "C-held"):
        told = client.post(f"/v1/audit/subjects/{subject}/erase", json={"reason": "test"})
        assert told.status_code == 200, told.data
    never = uuid4()
    pages = [client.get(f"/price/{late}")]
    pages += [
        client.get(f"/price/{token_of(use.ledger.keyring, UUID(str(each)), soon)}") for each in (erased, held, never)
    ]
    assert {each.status_code for each in pages} == {410}
    assert len({each.data for each in pages}) == 1
    assert b"C-held" not in pages[0].data
    refused = client.post(f"/v1/decisions/{erased}/link", json={})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (404, "UnknownDecision")


def test_where_callers_are_known_a_link_needs_none_and_making_one_needs_the_right(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    app, reviewer = (bearer(made.make(role, [role]).text) for role in ("app", "reviewer"))
    with Server(tmp_path) as server:
        told = server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE, subject="C-1"), app)
        at = f"/v1/decisions/{json.loads(told.body)['decision_id']}/link"
        assert server.ask("POST", at, b"{}").status == 401
        assert server.ask("POST", at, b"{}", app).status == 403
        link = server.ask("POST", at, b"{}", reviewer).json()["url"]
        path = link[link.index("/price/") :]
        assert server.get(path).status == 200
        assert server.get(path[:-2]).status == 404
        assert server.ask("HEAD", path, None).body == b""


def test_who_opens_links_too_often_gets_a_page_that_says_to_come_back(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_RATE_PER_ADDRESS="3 per hour") as server:
        told = [server.get("/price/nothing") for _ in range(5)]
        assert [each.status for each in told][-1] == 429
        assert told[-1].headers["content-type"].startswith("text/html")
        assert b"try again in some minutes" in told[-1].body
        assert told[-1].headers["referrer-policy"] == "no-referrer"
        assert told[-1].headers["retry-after"]
        assert "script-src" not in told[-1].headers["content-security-policy"]


def test_markup_in_a_letter_is_shown_as_text() -> None:
    links = "[here](javascript:alert(1)) ![x](https://a.example/x) <https://a.example>"
    text = f"# {MARKUP}\n\n{links}\n\n| a | b |\n|---|---:|\n| {MARKUP} | 1 |\n"
    html = told_page(text, datetime(2026, 12, 31, tzinfo=UTC), UTC)
    body_of = html[html.index("<main>") :]
    assert "<script" not in body_of
    assert "<img" not in body_of
    assert "<a " not in body_of
    assert "style=" not in body_of
    assert 'class="number"' in body_of
