"""The page behind a link about a decision: a letter as HTML, and nothing that has to be loaded."""

from __future__ import annotations

import datetime as dt
import hashlib
from base64 import b64encode
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from ordain.api.console.rendering import drawn, static_files

_STYLE = "customer.css"


def policy() -> str:
    """What the page may load and do: its one style, by its hash (CSP level 3), and nothing else."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def told_page(letter: str, expires: dt.datetime, zone: dt.tzinfo) -> str:
    """The page of a letter, which is Markdown. HTML in it is shown as the text that it is."""
    return drawn("customer", zone, letter=_html(letter), expires=expires.isoformat(), style=Markup(_style()))  # noqa: S704


def nothing_page(key: str, zone: dt.tzinfo) -> str:
    """Why there is nothing to be seen: `customer.<key>` of the texts."""
    return drawn("customer_nothing", zone, key=key, style=Markup(_style()))  # noqa: S704  # our own file


def _html(markdown: str) -> Markup:
    """CommonMark with tables. The renderer aligns by attributes of style, which the page may not have."""
    reader = _reader()
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.attrs.pop("style", None):
            token.attrs["class"] = "number"
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704  # it escapes every text


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])


@cache
def _style() -> str:
    return static_files()[_STYLE].decode()
