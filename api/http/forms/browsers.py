"""What a browser needs that shows pages to a person: where to log in, and what it may do with a page."""

from __future__ import annotations

from urllib.parse import quote

from ordain.api.http.bodies import Scope
from ordain.api.http.forms.accepted import accepted

LOGIN, CALLBACK, LOGOUT, ME = "/login", "/login/callback", "/logout", "/v1/me"
LINKS = "/price/"
_PAGE = "text/html"

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action {}; frame-ancestors 'none'"
"""A page holds all that it needs, so a browser is told to load nothing."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # `no-referrer` would make browsers send forms of ours with `Origin: null`, as if they were another site's.
    "Referrer-Policy": "same-origin",
}


def headers_of(form: bool) -> dict[str, str]:
    """Those of a page, which has a form that is sent to this server, or none."""
    return {**HEADERS, "Content-Security-Policy": POLICY.format("'self'" if form else "'none'")}


def is_log_in(path: str) -> bool:
    """Whether somebody there is on the way to the identity provider, or back."""
    return path in (LOGIN, CALLBACK)


def is_about_callers(path: str) -> bool:
    """Whether it is asked by who is not known yet, too, and says no more to these than that."""
    return path in (LOGIN, CALLBACK, LOGOUT, ME)


def is_link(path: str) -> bool:
    """Whether it is the page behind a link for a customer: whoever has the link may open it."""
    return path.startswith(LINKS)


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for what it is to show to a person."""
    header = scope.headers.get("accept")
    return scope.method == "GET" and header is not None and _PAGE in accepted(header).types


def to_login(scope: Scope) -> str:
    """Where a browser is led whose person is not known; then it comes back."""
    wanted = quote(scope.path) + (f"?{scope.query_string}" if scope.query_string else "")
    return f"{LOGIN}?next={quote(wanted, safe='/')}"
