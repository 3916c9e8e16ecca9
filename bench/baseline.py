"""The bare service that the HTTP benchmark compares with: the same framework, server and JSON reader, no decision.

It reads the request's body as Ordain does and answers with one fixed object: no rules, no trace, no ledger.
`python -m bench.baseline HOST PORT` serves it as `api.http.server` serves Ordain.
"""

from __future__ import annotations

import json
import sys

from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ordain.engine.values.json_text import read_json

_ANSWER = {
    "decision_id": "00000000-0000-7000-8000-000000000000",
    "outcome": {"price": {"amount": "525", "currency": "INR"}},
    "verdict": "permit",
    "reasons": [{"policy": "price-proposal@1", "decision": "proposed_price", "because": "Fixed."}] * 5,
    "obligations": [],
}


def create_app() -> Flask:
    app = Flask("baseline", static_folder=None)

    @app.post("/v1/decisions/<service>")
    def answer(service: str) -> Response:
        read_json(request.get_data(cache=False), service)
        return Response(json.dumps(_ANSWER, ensure_ascii=False), mimetype="application/json")

    @app.get("/healthz")
    def healthy() -> Response:
        return Response("{}", mimetype="application/json")

    return app


if __name__ == "__main__":
    Granian(
        "bench.baseline:create_app",
        address=sys.argv[1],
        port=int(sys.argv[2]),
        interface=Interfaces.WSGI,
        factory=True,
        websockets=False,
        workers=1,
        blocking_threads=1,
        log_level=LogLevels.warning,
    ).serve()
