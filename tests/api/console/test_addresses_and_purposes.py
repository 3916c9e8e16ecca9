"""Addresses say what was asked, whatever it is; where a purpose is required, a page asks for it and goes on."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from answers import ADVICE, body
from console_served import Console
from flask.testing import FlaskClient
from looked_at import Looked, barriers
from served import settings_in

from ordain.api.http.app import app_for
from ordain.api.services import wire

PAGE = {"Accept": "text/html"}
ODD = ["a&b=c", "a#b", "a?b", "100%", "a b+c", "<b>", "ä/😀", "x;y", '"']


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Nothing personal is read without a purpose."""
    use = wire(settings_in(tmp_path_factory.mktemp("purpose"), purpose="required"))
    yield app_for(use).test_client()
    use.close()


def json_link(page: str) -> str:
    found = re.search(r'<footer class="foot"><a href="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("odd", ODD)
def test_the_link_to_a_page_as_json_asks_the_same(console: Console, odd: str) -> None:
    where = f"/console/decisions?service=plan-advice&outcome={quote(odd + '=1', safe='')}"
    page = console.server.ask("GET", where, None, PAGE).body.decode()
    told = console.server.get(json_link(page)).json()
    assert told["asked"]["outcome"] == [f"{odd}=1"]
    page = console.server.ask("GET", f"/console/people/{quote(odd)}", None, PAGE).body.decode()
    assert console.server.get(json_link(page)).json()["subject"] == odd


def test_a_page_that_needs_a_purpose_asks_for_it_and_goes_on(client: FlaskClient) -> None:
    told = client.post("/v1/decisions/plan-advice", data=body(ADVICE, subject="C-1"))
    decision_id = told.get_json()["decision_id"]
    for at in (f"/console/decisions/{decision_id}", "/console/people/C-1"):
        refused = client.get(f"{at}?x=%22%3E%3Cb%3E", headers=PAGE)
        assert refused.status_code == 400
        asks = refused.data.decode()
        assert "<h1>Why do you read it?</h1>" in asks
        assert 'name="purpose"' in asks
        assert f'action="{at}"' in asks
        assert 'name="x" value="&#34;&gt;&lt;b&gt;"' in asks
        assert client.get(f"{at}?purpose=complaint", headers=PAGE).status_code == 200
    page = client.get(f"/console/decisions/{decision_id}?purpose=complaint%20%26%20more", headers=PAGE).data.decode()
    parts = [html.unescape(each) for each in re.findall(r'hx-get="([^"]+)"', page)]
    assert parts
    for part in parts:
        assert client.get(part, headers=PAGE).status_code in (200, 409), part
    assert 'name="purpose" value="complaint &amp; more"' in page
    at, form = f"/console/decisions/{decision_id}/link", {"days": "3", "purpose": "complaint"}
    made = client.post(at, data=form, headers={**PAGE, "X-CSRF-Token": "none", "HX-Request": "true"})
    assert (made.status_code, b"/price/" in made.data) == (200, True)
    person = client.get("/console/people/C-1?purpose=complaint", headers=PAGE).data.decode()
    assert f"/console/decisions/{decision_id}?purpose=complaint" in person


def test_after_a_step_the_purpose_that_was_said_goes_on(client: FlaskClient) -> None:
    client.post("/v1/decisions/plan-advice", data=body(ADVICE, subject="C-2"))
    form = {"reason": "a court asks", "purpose": "complaint & more"}
    told = client.post("/console/hold/C-2", data=form, headers={"X-CSRF-Token": "none", "HX-Request": "true"})
    led = client.get(told.headers["HX-Redirect"], headers=PAGE)
    assert (led.status_code, b"The customer is under a legal hold." in led.data) == (200, True)


def test_home_is_there_without_a_purpose_and_says_where_reviews_are_looked_for(client: FlaskClient) -> None:
    assert client.get("/console", headers=PAGE).status_code == 200
    part = client.get("/console/reviews", headers=PAGE)
    assert (part.status_code, b"All open reviews" in part.data, b"Nothing waits" in part.data) == (200, True, False)


def test_what_else_is_refused_asks_for_no_purpose(client: FlaskClient) -> None:
    told = client.get("/console/people/C-1?purpose=x&after=nothing", headers=PAGE)
    assert (told.status_code, b'name="purpose"' in told.data) == (400, False)
    assert b'name="purpose"' not in client.get("/console/decisions/nothing?purpose=x", headers=PAGE).data


def test_searches_are_saved_by_a_name_in_this_browser_and_dropping_one_is_taken_back(
    looked: Looked, console: Console, tmp_path: Path
) -> None:
    odd = "</script><img src=x onerror=alert(1)> $& {}"
    page = looked.at("/console/decisions?verdict=deny&service=retention&after=1-2")
    assert page.get_by_text("None is saved here").is_visible()
    for name in ("All denials", odd):
        page.get_by_label("Save this search as").fill(name)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("It is saved.").wait_for()
    assert barriers(page) == []
    page = looked.at("/console/decisions")
    page.get_by_role("link", name="All denials").click()
    page.wait_for_url("**verdict=deny**")
    assert page.url.endswith("?verdict=deny&service=retention")
    assert page.get_by_role("link", name=odd).is_visible()
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("button", name=f"Drop {odd}").click()
    assert page.get_by_role("link", name=odd).count() == 0
    page.get_by_role("button", name="Bring it back").click()
    assert page.get_by_role("link", name=odd).is_visible()
    page.evaluate("localStorage.setItem('saved-searches', '{broken')")
    page = looked.at("/console/decisions")
    assert page.get_by_text("None is saved here").is_visible()
