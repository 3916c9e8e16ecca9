"""What holds for all pages of the console, each of which has a line in `samples.py`."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from console_served import Console
from looked_at import SIZES, Looked, barriers
from samples import WHOLE, sample

from ordain.api.console.every_page import BUTTONS, PAGES
from ordain.api.console.menu import MENU
from ordain.api.console.rendering import STATIC
from ordain.api.console.sentences_said import FILE, texts

TEMPLATES = STATIC.parent / "templates"
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Nesting(HTMLParser):
    """Raises AssertionError for an element that ends where another one is open; keeps what must not be in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.inline: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.inline += [f"<{tag} {name}>" for name in said if name == "style" or name.startswith("on")]
        if tag == "script" and "src" not in said and said.get("type") != "application/json":
            self.inline.append("<script>")
        if said.get("id"):
            self.ids.append(str(said["id"]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()


@pytest.mark.parametrize("name", [each.name for each in PAGES])
def test_a_page_is_well_formed_has_no_inline_script_or_style_and_says_the_same_as_json(
    console: Console, name: str
) -> None:
    at = sample(name, console.decisions)
    told = console.server.ask("GET", at, None, {"Accept": "text/html"})
    assert told.status == 200, told.body
    assert "script-src 'self'" in told.headers["content-security-policy"]
    html = told.body.decode()
    parser = Nesting()
    parser.feed(html)
    assert (parser.open, parser.inline) == ([], [])
    assert len(parser.ids) == len(set(parser.ids))
    if name in WHOLE:
        assert re.search(r"<title>\S.* · Ordain</title>", html)
    as_json = console.server.ask("GET", at, None, {"Accept": "application/json"})
    assert as_json.status == 200
    assert isinstance(json.loads(as_json.body), dict)


@pytest.mark.parametrize("name", WHOLE)
def test_everybody_can_use_a_page_in_both_themes_and_sizes(looked: Looked, console: Console, name: str) -> None:
    page = looked.at(sample(name, console.decisions))
    found = {}
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            if faults := barriers(page):
                found[size, theme] = faults
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"at {width} px the page scrolls sideways"
    assert found == {}


def test_everybody_can_use_what_a_page_shows_when_it_is_asked_for_more(looked: Looked, console: Console) -> None:
    for name in ("decision", "person", "evidence"):
        page = looked.at(sample(name, console.decisions))
        for button in ("Show who read", "Rules that did not fire", "Decide again from the record"):
            if page.get_by_role("button", name=button).count():
                page.get_by_role("button", name=button).click()
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.wait_for_load_state("networkidle")
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert (name, size, beyond <= 0) == (name, size, True)
            assert (name, size, barriers(page)) == (name, size, [])
        assert page.get_by_role("columnheader", name="Who", exact=True).count() == 1


def test_every_entry_of_the_menu_is_a_page_with_a_name() -> None:
    assert all(f"menu.{each.page}" in texts() for each in MENU)
    assert {each.under for each in PAGES} <= {each.page for each in MENU}


def test_every_text_is_said_somewhere_and_everything_said_is_a_text() -> None:
    """Keys that are put together while a page is drawn are known by their beginning."""
    sources = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    said = {key for text in sources for key in re.findall(r"""say\(\s*["']([\w.-]+)["']""", text)}
    begun = {key for text in sources for key in re.findall(r"""(?:say|has)\(\s*["']([\w.-]+\.)["']\s*~""", text)}
    for text in sources:
        begun |= {f"{key}." for key in re.findall(r"""say\(\s*["']([\w.-]+)["'],\s*count""", text)}
    begun |= {"done.", "menu."}
    known = texts()
    missing = {key for key in said if not key.endswith(".") and key not in known and f"{key}.one" not in known}
    assert missing == set()
    unsaid = {
        key
        for key in known
        if key not in said and key.rpartition(".")[0] not in said and not any(key.startswith(each) for each in begun)
    }
    assert unsaid == set(), f"nothing says these lines of {FILE.name}"
    assert {key.removeprefix("done.") for key in known if key.startswith("done.")} <= {each.name for each in BUTTONS}


def test_a_page_that_there_is_not_says_so_and_leads_home(looked: Looked) -> None:
    looked.expected = ("404",)
    page = looked.at("/console/nothing/here")
    assert "there is no page" in page.inner_text("main")
    page.get_by_role("link", name="To the first page").click()
    page.wait_for_url("**/console")
    assert page.get_by_role("heading", level=1).inner_text() == "Home"
