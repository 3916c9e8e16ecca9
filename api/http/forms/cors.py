"""Pages of origins that an installation names may ask here and read the answers: CORS, as in the Fetch standard.

Without the setting `cors_origins` nothing of it is said, and browsers keep such pages out. Cookies are never asked for:
a page sends the `Authorization` that it was given itself. Whether a page may post is for the guard to say
(`api/http/guards.py`), which asks the same setting.
"""

from __future__ import annotations

from collections.abc import Iterable

from ordain.api.http.bodies import Scope
from ordain.api.limits import LIMITS

Headers = list[tuple[str, str]]

_MAY_SEND = (
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, prefer, traceparent,"
    " x-request-id"
)
_MAY_READ = (
    "ETag, Idempotency-Replayed, Location, Ordain-Receipt, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate,"
    " X-Request-ID"
)
_VARIES = ("vary", "Origin")
_PREFLIGHT: Headers = [
    ("access-control-allow-methods", "GET, HEAD, POST, PUT"),
    ("access-control-allow-headers", _MAY_SEND),
    ("access-control-max-age", str(LIMITS.preflight_seconds)),
]


class CrossOrigin:
    """`origins` are written as browsers send them: `https://console.example`."""

    def __init__(self, origins: Iterable[str]) -> None:
        self.origins = frozenset(origins)

    def headers(self, scope: Scope) -> Headers:
        """What an answer to the request says beside. To others than such pages, too, that it differs by `Origin`:

        else a cache would give a page the answer that somebody else got, and the browser keep it from the page.
        """
        origin = scope.headers.get("origin")
        if origin not in self.origins:
            return [_VARIES]
        return [("access-control-allow-origin", str(origin)), ("access-control-expose-headers", _MAY_READ), _VARIES]

    def preflight(self, scope: Scope) -> Headers | None:
        """The answer to a browser that asks before it sends what such a page wants; None for any other request."""
        if scope.method != "OPTIONS" or scope.headers.get("origin") not in self.origins:
            return None
        return _PREFLIGHT if scope.headers.get("access-control-request-method") else None
