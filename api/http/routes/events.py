"""`GET /v1/events`: events after a place in the log, for who asks again and again."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, current_app, request

from ordain.api.access.admission import caller
from ordain.api.events.event_pages import Wanted, leaf_of, page_of
from ordain.api.http.refusals import JSON
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.errors import MalformedRequest, quoted

ROUTES = Blueprint("events", __name__, url_prefix="/v1/events")


@ROUTES.get("")
def events() -> Response:
    """Events after `?after=`, or from the first on, `?limit=` at the most, of `?type=` and `?service=` if given."""
    use: Services = current_app.extensions["ordain"]
    asked = request.args
    after = leaf_of(use.ledger, asked["after"], caller()) if "after" in asked else -1
    wanted = Wanted(tuple(asked.getlist("type")), tuple(asked.getlist("service")), caller())
    page = page_of(use.ledger, after, wanted, _limit(asked.get("limit")))
    told = {"events": page.events, "after": str(page.after) if page.after >= 0 else None, "more": not page.ended}
    return Response(orjson.dumps(told), mimetype=JSON)


@ROUTES.get("/stream")
def stream() -> Response:
    """Events as they come. It is answered by `api/http/front.py` and not here, where it would hold a thread."""
    raise MalformedRequest("this server cannot stream", "ask for /v1/events, with `after`")


def _limit(text: str | None) -> int:
    if text is None:
        return LIMITS.events_page
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= LIMITS.events_page):
        raise MalformedRequest(f"`limit` is {quoted(text[:20])}", f"it is a number from 1 to {LIMITS.events_page}")
    return int(text)
