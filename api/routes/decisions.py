"""`POST /v1/decisions/<service>` decides, `GET /v1/decisions/<id>` reads the record."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request

from api.ask import read_ask
from api.decide import decide
from api.services import Services
from engine.errors import UnknownDecision

ROUTES = Blueprint("decisions", __name__, url_prefix="/v1/decisions")


def _use() -> Services:
    use: Services = current_app.extensions["ordain"]
    return use


def _json(data: Any) -> Response:
    return Response(orjson.dumps(data), mimetype="application/json")


@ROUTES.post("/<service>")
def ask(service: str) -> Response:
    use = _use()
    use.catalog.service(service)
    body = request.get_data(cache=False)
    request.stream.read(1)  # Werkzeug ends a chunked body silently at the limit; one byte more makes it complain
    return _json(decide(read_ask(service, body), use).shown())


@ROUTES.get("/<decision_id>")
def record(decision_id: str) -> Response:
    """The decision as the ledger has it: canonical bytes, facts and trace included."""
    body = _use().ledger.body(decision_id)
    if body is None:
        raise UnknownDecision(f"there is no decision `{decision_id}`", "its id is `decision_id` of the answer")
    return Response(body, mimetype="application/json")
