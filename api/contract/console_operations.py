"""The routes of the console: pages for people, which ask the other routes in the name of who looks at them."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import TEXT, Operation

_NOT_THERE = (("NotFound", 404),)
_AS = (("as", "`json` for what the page shows as data", TEXT),)

CONSOLE_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/console"): Operation(
        "The first page of the console, for people", TEXT, Right.DESCRIBE, media="text/html", query=_AS, is_page=True
    ),
    ("GET", "/console/<path:page>"): Operation(
        "A page of the console; what it shows is asked of the other routes, in the name of who looks at it",
        TEXT,
        Right.DESCRIBE,
        media="text/html",
        by_http=_NOT_THERE,
        query=_AS,
        is_read=True,
        is_page=True,
    ),
    ("POST", "/console/<path:page>"): Operation(
        "What a button of the console does: one request to another route, in the name of who pressed it",
        TEXT,
        Right.DESCRIBE,
        media="text/html",
        by_http=_NOT_THERE,
        is_page=True,
    ),
}
