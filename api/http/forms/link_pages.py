"""What the page behind a link for a customer is sent with, and the page that stands for it while it cannot be shown."""

from __future__ import annotations

import datetime as dt

from ordain.api.console.customer_page import nothing_page, policy
from ordain.api.http.forms.browsers import HEADERS

HTML = "text/html; charset=utf-8"


def link_headers() -> dict[str, str]:
    """Kept by nobody, found by no search engine, and its address is told to no other site."""
    return {
        **HEADERS,
        "Content-Security-Policy": policy(),
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }


def later(zone: dt.tzinfo) -> tuple[list[tuple[str, str]], bytes]:
    """Its headers, the type first, and its body: where somebody asked too often, before the route was asked."""
    named = [(name.lower(), value) for name, value in link_headers().items()]
    return [("content-type", HTML), *named], nothing_page("later", zone).encode()
