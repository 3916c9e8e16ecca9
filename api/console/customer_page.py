"""The page behind a link about a decision: a letter as HTML, and nothing that has to be loaded."""

from __future__ import annotations

import datetime as dt
import hashlib
from base64 import b64encode
from functools import cache

from markupsafe import Markup

from ordain.api.console.letter_shown import letter_html
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
    return drawn("customer", zone, letter=letter_html(letter), expires=expires.isoformat(), style=Markup(_style()))  # noqa: S704


def nothing_page(key: str, zone: dt.tzinfo) -> str:
    """Why there is nothing to be seen: `customer.<key>` of the texts."""
    return drawn("customer_nothing", zone, key=key, style=Markup(_style()))  # noqa: S704  # our own file


@cache
def _style() -> str:
    return static_files()[_STYLE].decode()
