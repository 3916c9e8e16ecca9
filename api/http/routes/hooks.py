"""`POST /v1/hooks/<source>`: an event that a source has signed, which becomes one decision on record."""

from __future__ import annotations

import time

import orjson
from flask import Blueprint, Response, current_app, g, request

from ordain.api.hooks.receive import FAILED, REFUSED, receive
from ordain.api.http.account import HOOKED, SERVICE, VERDICT, VERDICTS
from ordain.api.http.refusals import JSON
from ordain.api.services import Services

ROUTES = Blueprint("hooks", __name__, url_prefix="/v1/hooks")


@ROUTES.post("/<source>")
def take(source: str) -> Response:
    """Says where the decision is on record, and not what was decided: a sender of events is not who acts on it."""
    use: Services = current_app.extensions["ordain"]
    hook, header = use.hooks.source(source), request.headers.get
    body = request.get_data(cache=False)
    request.stream.read(1)  # as in `decisions`: a chunked body that is too large is not cut silently
    request.environ[HOOKED] = hook.name, REFUSED
    if g.caller is not hook.caller:  # whom the event loop has let in has been checked
        hook.check(header, body, time.time())
    request.environ[HOOKED] = hook.name, FAILED
    came = receive(hook, header, body, use)
    request.environ[HOOKED] = hook.name, came.result
    if came.service:
        request.environ[SERVICE], request.environ[VERDICT] = came.service, VERDICTS[came.verdict]
    told = {"source": hook.name, "event": came.event.id, "type": came.event.type, "result": came.result}
    if came.decision_id:
        told["decision_id"] = came.decision_id
    return Response(orjson.dumps(told), mimetype=JSON)
