"""The documentation site: built strictly and offline, every page in its navigation, nothing asked of other sites."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from doc_fragments import ROOT

from ordain.engine.version import VERSION

sys.path.append(str(ROOT / "docs/site"))
import hooks

LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
"""What a browser loads by itself."""

_MARK = re.compile(r"^ *(?:- |\d+\. |```|\| )", re.MULTILINE)


class Reader(HTMLParser):
    """What a page loads, the ids in it, and the text of its paragraphs and lists outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.text: list[str] = []
        self._code = self._article = self._flow = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if (tag, name) in LOADED and dict(attrs).get("rel") not in ("canonical", "next", "prev"):
                self.loads.append(value or "")
        self._count(tag, 1)
        if tag in ("p", "li", "td", "br", "div"):
            self.text.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        self._count(tag, -1)

    def handle_data(self, data: str) -> None:
        if self._article and self._flow and not self._code:
            self.text.append(data)

    def _count(self, tag: str, step: int) -> None:
        self._code += step * (tag in ("code", "pre", "script"))
        self._article += step * (tag == "article")
        self._flow += step * (tag in ("p", "li"))


def read(file: Path) -> Reader:
    reader = Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    return reader


def marks(page: Reader) -> list[str]:
    """What begins a list, a table or a fence in Markdown and was taken for text."""
    return _MARK.findall("".join(page.text))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all versions. The build cannot reach anything: it is given a proxy that is not there."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/site/build.py"), str(folder)],
        env={**os.environ, **nowhere, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Reader]:
    site = built / VERSION
    return {str(file.relative_to(site)): read(file) for file in sorted(site.rglob("*.html"))}


def test_every_page_of_the_repository_is_on_it(pages: dict[str, Reader]) -> None:
    docs = ROOT / "docs"
    written = [file.relative_to(docs).with_suffix("") for file in docs.rglob("*.md")]
    there = {f"{name}/index.html" for name in written}
    assert there <= pages.keys()
    assert {"index.html", "contributing/index.html", "changelog/index.html", "adr/index.html"} <= pages.keys()


def test_it_loads_nothing_from_other_sites(built: Path, pages: dict[str, Reader]) -> None:
    far = {load for page in pages.values() for load in page.loads if re.match(r"(\w+:)?//", load)}
    assert far == set()
    styles = [file.read_text(encoding="utf-8") for file in (built / VERSION).rglob("*.css")]
    assert styles
    assert [
        found for text in styles for found in re.findall(r"(?:url\(|@import\s+)['\"]?(?:https?:)?//[^)]*", text)
    ] == []


def test_lists_tables_and_fences_of_the_pages_became_such(pages: dict[str, Reader]) -> None:
    broken = Reader()
    broken.feed("<article><p>So:\n- one\n- two</p></article>")
    assert marks(broken) == ["- ", "- "], "it would be found"
    assert {name: found for name, page in pages.items() if (found := marks(page))} == {}


def test_it_can_be_searched(built: Path) -> None:
    index = json.loads((built / VERSION / "search/search_index.json").read_text(encoding="utf-8"))
    found = {each["location"] for each in index["docs"] if "pg_dump" in each["text"]}
    assert any(location.startswith("operations/backup/") for location in found)


def test_files_outside_docs_that_a_page_links_to_come_with_it(built: Path) -> None:
    for name in (
        "deploy/docker/Dockerfile",
        "deploy/prometheus/alerts.yaml",
        "deploy/kubernetes/base/kustomization.yaml",
    ):
        assert (built / VERSION / "repository" / name).read_bytes() == (ROOT / name).read_bytes()


def test_an_alert_leads_to_its_section(pages: dict[str, Reader]) -> None:
    address = re.findall(r"^site_url: (\S+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)[0]
    alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8")
    for page, section in re.findall(rf"runbook_url: {re.escape(address)}(\S+)#(\S+)", alerts):
        assert section in pages[f"{page}index.html"].ids
    assert alerts.count(f"runbook_url: {address}") == alerts.count("- alert:")


def test_versions_stand_beside_each_other_and_the_newest_is_found(built: Path) -> None:
    assert json.loads((built / "versions.json").read_text()) == [
        {"version": VERSION, "title": VERSION, "aliases": ["latest"]}
    ]
    assert (built / "latest/index.html").read_bytes() == (built / VERSION / "index.html").read_bytes()
    assert 'url=latest/"' in (built / "index.html").read_text()


def test_a_link_that_leads_nowhere_is_a_warning_which_ends_the_build(caplog: pytest.LogCaptureFixture) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="operations/x.md"))
    files = SimpleNamespace(src_uris={"index.md", "http.md", "adr/index.md", "repository/deploy/y.yaml"})

    def on_site(text: str) -> str:
        return str(hooks.on_page_markdown(text, page, None, files))

    moved = {
        "[a](../http.md#x)": "[a](../http.md#x)",
        "[a](../../README.md)": "[a](../index.md)",
        "[a](../adr)": "[a](../adr/index.md)",
        "[a](../../deploy/y.yaml)": "[a](../repository/deploy/y.yaml)",
        "[a](https://example.org) [b](#c)": "[a](https://example.org) [b](#c)",
        "So:\n- one": "So:\n\n- one",
        "```json answer\n[a](b)\n```\n": "```json\n[a](b)\n```\n",
    }
    assert {text: on_site(text) for text in moved} == moved
    assert caplog.records == []
    on_site("[a](../../deploy/none.yaml)")
    assert ["docs/operations/x.md" in record.message for record in caplog.records] == [True]
    assert caplog.records[0].name.startswith("mkdocs."), "the loggers that `strict` counts"
