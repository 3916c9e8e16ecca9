"""`POST /v1/decisions/<service>` decides, `GET /v1/decisions/<id>` reads the record."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, abort, current_app, g, request

from ordain.api.access.admission import caller, may, refuse_other_services
from ordain.api.access.asking import read_ask_of
from ordain.api.access.rights import Right
from ordain.api.ask import Ask
from ordain.api.asked_once import IDEMPOTENCY_KEY, answer_again, earlier, once_of, told_again
from ordain.api.decide import decide, make_decision
from ordain.api.http.account import VERDICT, VERDICTS
from ordain.api.http.refusals import RECORD
from ordain.api.http.routes.reading import reader
from ordain.api.http.signed_receipts import PREFER, is_wanted, receipt_headers
from ordain.api.letters import sender_of
from ordain.api.lifecycle.versions_to_try import submitted
from ordain.api.lifecycle.workbench import texts_of
from ordain.api.services import Services
from ordain.api.side_by_side import named_sets, side_by_side
from ordain.audit.entry.entry import Kind, Receipt
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.ledger.proving import proof_file
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.repeats import Told
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.follow_ups import follow_ups, status_after
from ordain.audit.records.readings import note_reading
from ordain.audit.records.replay import Replayer
from ordain.audit.records.shown import as_text, decision_shown
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import UnknownDecision, quoted
from ordain.engine.evaluate import by_name

Json = dict[str, Any]
ROUTES = Blueprint("decisions", __name__, url_prefix="/v1/decisions")


def _use() -> Services:
    use: Services = current_app.extensions["ordain"]
    return use


def _json(data: Any) -> Response:
    return Response(orjson.dumps(data), mimetype="application/json")


def _asked(service: str, on_trial: bool = False) -> tuple[Ask, bytes]:
    """What the request asks of a service, and its body. Raises UnknownService, MalformedRequest."""
    body = request.get_data(cache=False)
    request.stream.read(1)  # Werkzeug ends a chunked body silently at the limit; one byte more makes it complain
    _use().catalog.service(service)
    return read_ask_of(caller(), may(Right.DECIDE_AT), service, body, on_trial), body


@ROUTES.post("/<service>")
def ask(service: str) -> Response:
    use = _use()
    (asked, body), repeats = _asked(service), use.ledger.repeats
    keys = request.headers.getlist(IDEMPOTENCY_KEY)
    once = once_of(keys, repeats, service, body, caller().known_as) if keys else None
    if once is not None and (entry_id := earlier(repeats, once)) is not None:
        return _again(repeats.told(entry_id))
    try:
        answer = decide(asked, use, once)
    except AskedBefore:
        if once is None:
            raise
        return _again(told_again(repeats, once))
    request.environ[VERDICT] = VERDICTS[answer.entry.outcome.verdict]
    headers = {"Location": RECORD + answer.receipt.entry_id, **_receipt(answer.receipt)}
    return Response(answer.as_bytes(), mimetype="application/json", headers=headers)


def _again(told: Told) -> Response:
    """What was answered to the same request before."""
    g.replayed = True
    headers = {"Location": RECORD + told.receipt.entry_id, **_receipt(told.receipt)}
    return Response(answer_again(told), mimetype="application/json", headers=headers)


def _receipt(receipt: Receipt) -> dict[str, str]:
    """The header with the signed receipt, if the request asks for it."""
    if not is_wanted(request.headers.getlist(PREFER)):
        return {}
    return dict(receipt_headers(_use(), receipt))


@ROUTES.post("/<service>/dry-run")
def dry_run(service: str) -> Response:
    """Decides, and records nothing: the answer names no record."""
    asked, _ = _asked(service, on_trial=True)
    return Response(make_decision(asked, _use()).on_trial(), mimetype="application/json")


@ROUTES.post("/<service>/dry-run/versions")
def versions(service: str) -> Response:
    """Decides by several versions side by side, and records nothing. Drafts are for who may edit them."""
    asked, _ = _asked(service, on_trial=True)
    use, sets = _use(), named_sets(request.args.getlist("try"))
    files = partial(texts_of, use) if may(Right.EDIT_POLICIES) else None
    drafts = submitted(use.lifecycle, use.settings.policies.name, current_app.extensions["tried"], files)
    return _json(side_by_side(asked, use, sets, drafts))


@ROUTES.post("/<service>/batch")
def batch(service: str) -> Response:
    """Only an event loop answers line by line: see `api/http/batches.py`, which has these requests where it serves."""
    _use().catalog.service(service)
    abort(501, "a batch is answered by `ordain serve` alone")


@ROUTES.get("/<decision_id>")
def record(decision_id: str) -> Response:
    """The decision as the ledger has it, facts and trace included. The ledger notes that it was read."""
    record = _read(decision_id, "record")
    followed = follow_ups(_use().ledger.reader, record)
    shown = {**decision_shown(record), "status": as_text(status_after(record, followed))}
    return _json(shown | {"followed_by": [{"kind": each.kind, **each.shown()} for each in followed]})


@ROUTES.get("/<decision_id>/explanation")
def explanation(decision_id: str) -> Response:
    """What was decided and why, for the person it is about: data, and the same as plain sentences (Markdown)."""
    record = _read(decision_id, "explanation")
    explained = explain(record, _use().ledger.reader)
    return _json({**explained.data, "text": letter(explained, sender_of(_use().settings))})


@ROUTES.get("/<decision_id>/replay")
def replay(decision_id: str) -> Response:
    """The decision made again from the record alone: whether it agrees, and what differs if it does not."""
    again = Replayer(_use().ledger.reader).replay(decision_of(decision_id))
    differs = [{"part": part, "message": message} for part, message in again.differs]
    return _json({"agrees": bool(again), "replayed": again.replayed, "private_part": again.status, "differs": differs})


@ROUTES.get("/<decision_id>/why-not")
def why_not(decision_id: str) -> Response:
    """For each rule that did not fire, the first of its conditions that did not hold, and the value it met."""
    record = _read(decision_id, "why-not")
    rules = [{**rule, **by_name(rule["policy"])} for rule in Replayer(_use().ledger.reader).why_not(record)]
    untold = {name: why for name, why in (record.private or {}).items() if name == NOT_RESTORED}
    return _json({"private_part": record.status, "rules": rules, **untold})


@ROUTES.get("/<decision_id>/proof")
def proof(decision_id: str) -> Response:
    """A proof file: with the ledger's public key it shows, offline, that the decision is in the signed log."""
    ledger = _use().ledger
    if caller().services is not None:
        decision_of(decision_id)  # of another service it is as if there were none
    text = proof_file(ledger.store, ledger.reader, entry_id(decision_id), ledger.published)
    return Response(text, mimetype="text/plain")


@ROUTES.get("/<decision_id>/receipt")
def receipt(decision_id: str) -> Response:
    """A signed receipt: with the ledger's public key it shows, offline, that the decision was said to be on record."""
    envelope_of(decision_id)
    entry = _use().ledger.reader.entry(entry_id(decision_id))
    if entry is None:
        raise unknown(decision_id)
    signed = _use().ledger.receipts.signed(Receipt(str(entry.id), entry.leaf_hash.hex()))
    return Response(signed, mimetype="text/plain")


def _read(decision_id: str, action: str) -> Record:
    """The record; that it was read is on record, too, under the key of whom it is about."""
    record = decision_of(decision_id)
    if record.private is not None:
        ids, subject = [str(record.entry.id)], record.private.get("subject")
        note_reading(_use().ledger, f"http {action}", reader(), ids, query={"id": ids[0]}, subject=subject)
    return record


def envelope_of(decision_id: str) -> Json:
    """The envelope of a decision: nothing private is opened. Raises UnknownDecision."""
    kept = _use().ledger.reader
    entry = kept.entry(entry_id(decision_id))
    envelope = None if entry is None else kept.envelope(entry)
    if envelope is None or envelope["kind"] != Kind.DECISION:
        raise unknown(decision_id)
    refuse_other_services(envelope["service"], decision_id)
    return envelope


def decision_of(decision_id: str) -> Record:
    """Raises UnknownDecision for one that there is not, or of a service that the caller may not ask."""
    record = _use().ledger.reader.record(entry_id(decision_id))
    if record is None or record.envelope["kind"] != Kind.DECISION:
        raise unknown(decision_id)
    refuse_other_services(record.envelope["service"], decision_id)
    return record


def entry_id(text: str) -> UUID:
    """Raises UnknownDecision for what cannot be an id."""
    try:
        return UUID(text)
    except ValueError:
        raise unknown(text) from None


def unknown(decision_id: str) -> UnknownDecision:
    hint = "its id is `decision_id` of the answer"
    if decision_id in _use().catalog.services.by_name and caller().may_ask(decision_id):
        hint = f"{quoted(decision_id)} is a service, which is asked by POST; {hint}"
    return UnknownDecision(f"there is no decision {quoted(decision_id)}", hint)
