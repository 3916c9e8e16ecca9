"""What the documentation site makes of the repository's pages: `mkdocs.yml` names it as a hook.

On the repository's page a link to any file works. On the site, README, CONTRIBUTING and CHANGELOG are pages, the
records have an index, and every other file outside `docs` that a page links to is copied into the site, at
`repository/<its path>`. Lists that begin right below a line, which Python-Markdown takes for text, get an empty line.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages from outside `docs`, by their path in the repository: where they are on the site."""

RECORDS = "adr/index.md"
_ELSEWHERE = "repository/"
_VERSION = re.compile(r'^VERSION = "(?P<version>[^"]+)"', re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)(?P<path>[^)#\s]+)(?P<rest>#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^ *```.*?^ *```[^\n]*$", re.MULTILINE | re.DOTALL)
_WORDS = re.compile(r"(?P<kind>^ *```\w*)[^\n]*")
"""How a fence begins; the words after its language are the tests' own."""

_CROWDED = re.compile(r"^(?P<line>(?![-*|#>\s]|\d+\. )[^\n]*\S)\n(?=(?:- |\d+\. )\S)", re.MULTILINE)
_LOG = logging.getLogger("mkdocs.hooks.ordain")


def version() -> str:
    """Of Ordain, as `engine/version.py` has it."""
    (found,) = _VERSION.findall((ROOT / "engine/version.py").read_text(encoding="utf-8"))
    return str(found)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.site_name = f"Ordain {version()}"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages and files from outside `docs`."""
    made = [(source, target, (ROOT / source).read_text(encoding="utf-8")) for source, target in PAGES.items()]
    for _, target, text in made:
        files.append(File.generated(config, target, content=text))
    files.append(File.generated(config, RECORDS, content=_index_of_records()))
    for file in list(files.documentation_pages()):
        text = file.content_string
        for _, repository_path in _links(text, _in_repository(file.src_uri)):
            target = _on_site(repository_path)
            if target.startswith(_ELSEWHERE) and (ROOT / repository_path).is_file() and target not in files.src_uris:
                files.append(File.generated(config, target, abs_src_path=str(ROOT / repository_path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The text with links as they are on the site, and with room before lists."""
    folder, source = posixpath.dirname(page.file.src_uri), _in_repository(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        target = _on_site(_resolved(link["path"], source))
        if target not in files.src_uris:
            _LOG.warning("`%s` links to `%s`, which the site does not have", source, link["path"])
        return posixpath.relpath(target, folder or ".") + (link["rest"] or "")

    parts = []
    for text, is_code in _parts(markdown):
        parts.append(
            _WORDS.sub(r"\g<kind>", text, count=1) if is_code else _LINK.sub(moved, _CROWDED.sub(r"\g<line>\n\n", text))
        )
    return "".join(parts)


def _links(text: str, source: str) -> Iterator[tuple[str, str]]:
    """The links of a page outside of code: as written, and their path in the repository."""
    for part, is_code in _parts(text):
        if not is_code:
            yield from ((link["path"], _resolved(link["path"], source)) for link in _LINK.finditer(part))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is a fenced block."""
    begin = 0
    for fence in _FENCE.finditer(text):
        yield text[begin : fence.start()], False
        yield fence.group(), True
        begin = fence.end()
    yield text[begin:], False


def _in_repository(site_path: str) -> str:
    by_target = {target: source for source, target in PAGES.items()}
    return by_target.get(site_path, f"docs/{site_path}")


def _resolved(link: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _on_site(repository_path: str) -> str:
    if repository_path in PAGES:
        return PAGES[repository_path]
    if repository_path == "docs/adr":
        return RECORDS
    inside = repository_path.removeprefix("docs/")
    return inside if inside != repository_path else _ELSEWHERE + repository_path


def _index_of_records() -> str:
    lines = ["# Records of decisions", "", "Why things are as they are, one choice a page.", ""]
    for file in sorted((ROOT / "docs/adr").glob("[0-9]*.md")):
        title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        lines.append(f"- [{number}: {words}]({file.name})")
    return "\n".join(lines) + "\n"
