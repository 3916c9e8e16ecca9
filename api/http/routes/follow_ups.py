"""What follows on a decision, a person settles a review, an app confirms what it showed and did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from ordain.api.access.admission import caller
from ordain.api.asked_once import IDEMPOTENCY_KEY, earlier, once_of
from ordain.api.http.routes.decisions import decision_of
from ordain.api.http.routes.reading import fields_sent, in_use, reason_in, shown_json
from ordain.api.limits import LIMITS
from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind
from ordain.audit.entry.once import Once
from ordain.audit.ledger.reader import Record
from ordain.audit.records.asked import moment
from ordain.audit.records.follow_ups import confirm, follow_ups, settle, settlement_in, status_after
from ordain.audit.records.readings import Access, note_reading
from ordain.audit.records.shown import as_text
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import LedgerUnavailable, MalformedRequest, NotRecorded, NotThatType, did_you_mean
from ordain.engine.policy.model import Status, Verdict
from ordain.engine.values.from_json import from_json
from ordain.engine.values.types import format_raw, plain

Json = dict[str, Any]
ROUTES = Blueprint("follow_ups", __name__, url_prefix="/v1/decisions")
_SETTLES = (Verdict.PERMIT, Verdict.DENY)


@ROUTES.post("/<decision_id>/settle")
def settle_review(decision_id: str) -> Response:
    """A person permits or denies what was for a person to look at."""
    record, data = decision_of(decision_id), fields_sent("verdict", "reason")
    said = data.get("verdict")
    if said not in _SETTLES:
        raise MalformedRequest(
            f"`verdict` is {format_raw(said)}", did_you_mean(str(said), _SETTLES) or "permit or deny"
        )
    made = settle(in_use().ledger, record, Verdict(said), reason_in(data), caller().as_actor)
    told = {"decision_id": str(record.entry.id), "status": str(status_after(record, [made])), "settled": made.shown()}
    return shown_json(told)


@ROUTES.get("/<decision_id>/status")
def status(decision_id: str) -> Response:
    """What has become of a decision, for the app that asked: with the outcome, once a person has permitted it."""
    record = decision_of(decision_id)
    followed = follow_ups(in_use().ledger.reader, record)
    settled, now = settlement_in(followed), status_after(record, followed)
    told: Json = {"decision_id": str(record.entry.id), "status": as_text(now), "private_part": str(record.status)}
    if settled is not None and record.private is not None:
        told["settled"] = {"verdict": settled.said["verdict"], "recorded_at": settled.recorded_at}
        if now is Status.DECIDED:
            who, ids = caller(), [told["decision_id"]]
            by = Access(who.name, "the outcome, once permitted", key=who.key_id)
            subject = record.private.get("subject")
            note_reading(in_use().ledger, "http status", by, ids, query={"id": ids[0]}, subject=subject)
            told["outcome"] = record.private.get("outcome")
    return shown_json(told)


@ROUTES.post("/<decision_id>/shown")
def shown(decision_id: str) -> Response:
    """What had to be shown was shown: the given `texts`, or all of them."""
    return _confirmed(decision_id, Kind.SHOWN, "texts", _texts)


@ROUTES.post("/<decision_id>/performed")
def performed(decision_id: str) -> Response:
    """What was decided was done: `outcome` is what was really charged or sent."""
    return _confirmed(decision_id, Kind.PERFORMED, "outcome", _outcome)


def _confirmed(decision_id: str, kind: str, field: str, read: Callable[[Any], Any]) -> Response:
    record, data = decision_of(decision_id), fields_sent("at", field)
    use = in_use()
    said = {"at": _at(data), field: read(data.get(field)), **caller().as_actor}
    keys, once = request.headers.getlist(IDEMPOTENCY_KEY), None
    if keys:
        asked = canonical({"asked": plain(from_json(data))})
        once = once_of(keys, use.ledger.repeats, f"{decision_id}/{kind}", asked, caller().known_as)
    if once is not None and (before := earlier(use.ledger.repeats, once)) is not None:
        return _again(record, kind, before)
    try:
        receipt = confirm(use.ledger, record, kind, said, once)
    except AskedBefore:
        return _asked_again(record, kind, once)
    return _told(record, kind, receipt.entry_id, receipt.leaf_hash)


def _asked_again(record: Record, kind: str, once: Once | None) -> Response:
    """The same request was being recorded at the same time."""
    before = None if once is None else earlier(in_use().ledger.repeats, once)
    if before is None:
        raise NotRecorded("the same request was being recorded at the same time; try again")
    return _again(record, kind, before)


def _again(record: Record, kind: str, before: UUID) -> Response:
    """What was answered to the same request before."""
    g.replayed = True
    entry = in_use().ledger.reader.entry(before)
    if entry is None:
        raise LedgerUnavailable(f"the entry `{before}`, which answers an earlier request, cannot be read")
    return _told(record, kind, str(before), entry.leaf_hash.hex())


def _told(record: Record, kind: str, entry_id: str, leaf_hash: str) -> Response:
    receipt = {"entry_id": entry_id, "leaf_hash": leaf_hash}
    return shown_json({"decision_id": str(record.entry.id), "kind": kind, "receipt": receipt})


def _at(data: Json) -> str:
    """When it was; now, if nothing is said. Nobody confirms what is still to come."""
    use, given = in_use(), data.get("at")
    now = use.ledger.now()
    if given is None:
        return now.astimezone(dt.UTC).isoformat()
    if not isinstance(given, str):
        raise MalformedRequest(f"`at` is {format_raw(given)}", "write it as 2026-01-31T08:00:00+05:30")
    at = moment(given, "at", use.settings.zone)
    if at is None or at > now + dt.timedelta(seconds=LIMITS.confirmed_ahead):
        raise MalformedRequest(f"`at` is {format_raw(given)}, which is still to come", "confirm it once it is done")
    return at.isoformat()


def _texts(given: Any) -> list[str]:
    if given is None:
        return []
    if isinstance(given, list) and all(isinstance(each, str) and each.strip() for each in given):
        return list(map(str, plain(_value("texts", given))))
    raise MalformedRequest(f"`texts` is {format_raw(given)}", 'a list of what was shown: ["Your price was set by ..."]')


def _outcome(given: Any) -> Json:
    if given is None:
        return {}
    if not isinstance(given, dict):
        hint = 'such as {"price": {"amount": "530.00", "currency": "INR"}}'
        raise MalformedRequest(f"`outcome` is {format_raw(given)}", hint)
    told: Json = plain(_value("outcome", given))
    return told


def _value(name: str, given: Any) -> Any:
    try:
        return from_json(given)
    except NotThatType as error:
        raise MalformedRequest(f"`{name}`: {error}") from None
