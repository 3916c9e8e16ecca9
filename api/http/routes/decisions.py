"""`POST /v1/decisions/<service>` decides, `GET /v1/decisions/<id>` reads the record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, abort, current_app, request

from ordain.api.ask import read_ask
from ordain.api.decide import decide
from ordain.api.http.account import VERDICT, VERDICTS
from ordain.api.services import Services
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.ledger.proving import proof_file
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.replay import Replayer
from ordain.engine.errors import UnknownDecision

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
    answer = decide(read_ask(service, body), use)
    request.environ[VERDICT] = VERDICTS[answer.entry.outcome.verdict]
    return Response(answer.as_bytes(), mimetype="application/json")


@ROUTES.post("/<service>/batch")
def batch(service: str) -> Response:
    """Only an event loop answers line by line: see `api/http/batches.py`, which has these requests where it serves."""
    _use().catalog.service(service)
    abort(501, "a batch is answered by `ordain serve` alone")


@ROUTES.get("/<decision_id>")
def record(decision_id: str) -> Response:
    """The decision as the ledger has it, facts and trace included. The ledger notes that it was read."""
    record = _read(decision_id, "record")
    return _json({**record.merged(), "status": record.status})


@ROUTES.get("/<decision_id>/explanation")
def explanation(decision_id: str) -> Response:
    """What was decided and why, for the person it is about: data, and the same as plain sentences (Markdown)."""
    record = _read(decision_id, "explanation")
    explained = explain(record, _use().ledger.reader)
    return _json({**explained.data, "text": letter(explained)})


@ROUTES.get("/<decision_id>/replay")
def replay(decision_id: str) -> Response:
    """The decision made again from the record alone: whether it agrees, and what differs if it does not."""
    reader = _use().ledger.reader
    again = Replayer(reader).replay(_decision(decision_id))
    differs = [{"part": part, "message": message} for part, message in again.differs]
    return _json({"agrees": bool(again), "replayed": again.replayed, "status": again.status, "differs": differs})


@ROUTES.get("/<decision_id>/why-not")
def why_not(decision_id: str) -> Response:
    """For each rule that did not fire, the first of its conditions that did not hold, and the value it met."""
    record = _read(decision_id, "why-not")
    rules = Replayer(_use().ledger.reader).why_not(record)
    untold = {name: why for name, why in (record.private or {}).items() if name == NOT_RESTORED}
    return _json({"status": record.status, "rules": rules, **untold})


@ROUTES.get("/<decision_id>/proof")
def proof(decision_id: str) -> Response:
    """A proof file: with the ledger's public key it shows, offline, that the decision is in the signed log."""
    ledger = _use().ledger
    text = proof_file(ledger.store, ledger.reader, entry_id(decision_id))
    return Response(text, mimetype="text/plain")


def _read(decision_id: str, action: str) -> Record:
    """The record; that it was read is on record, too, under the key of whom it is about."""
    record = _decision(decision_id)
    if record.private is not None:
        about = {"action": f"http {action}", "entries": 1}
        private = {"actor": "http", "ids": [str(record.entry.id)]}
        _use().ledger.note(Kind.READ, about, private, record.private.get("subject"))
    return record


def _decision(decision_id: str) -> Record:
    record = _use().ledger.reader.record(entry_id(decision_id))
    if record is None or record.envelope["kind"] != Kind.DECISION:
        raise unknown(decision_id)
    return record


def entry_id(text: str) -> UUID:
    """Raises UnknownDecision for what cannot be an id."""
    try:
        return UUID(text)
    except ValueError:
        raise unknown(text) from None


def unknown(decision_id: str) -> UnknownDecision:
    return UnknownDecision(f"there is no decision `{decision_id}`", "its id is `decision_id` of the answer")
