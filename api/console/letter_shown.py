"""A letter, which is Markdown, as HTML: what stands in it from outside is shown as text, and no link leads away."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_DEEPEST = 6


def letter_html(markdown: str, below: int = 0) -> Markup:
    """CommonMark with tables; its headings are `below` so many levels of the page's own.

    The renderer aligns by attributes of style, which no page may have: a class stands in their place.
    """
    reader = _reader()
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.attrs.pop("style", None):
            token.attrs["class"] = "number"
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_DEEPEST, int(token.tag[1:]) + below)}"
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704  # it escapes every text


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])
