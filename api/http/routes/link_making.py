"""`POST /v1/decisions/<decision_id>/link` makes a link for the person; `GET /price/<token>` is the page behind it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from urllib.parse import urljoin

from flask import Blueprint, Response, request

from ordain.api.access.link_tokens import opened, token_of
from ordain.api.console.customer_page import nothing_page, told_page
from ordain.api.http.account import CODE
from ordain.api.http.forms.browsers import LINKS
from ordain.api.http.forms.link_pages import link_headers
from ordain.api.http.refusals import headers_for, refused, request_id_for
from ordain.api.http.routes.decisions import decision_of
from ordain.api.http.routes.reading import fields_sent, in_use, reader, shown_json
from ordain.api.letters import sender_of
from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.readings import Access, note_reading
from ordain.engine.errors import MalformedRequest, OrdainError, UnknownDecision, UnknownSubject
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("decision_links", __name__)
_DAYS = 30
"""For which a link opens where nobody says it."""
_BY = Access("link", "a link that was made for the person")
_GONE, _NOT_THERE = (410, "gone"), (404, "not_there")


@ROUTES.post("/v1/decisions/<decision_id>/link")
def make(decision_id: str) -> Response:
    """Who makes it is on record as a reader of the decision, for it shows what an explanation does."""
    record, use = decision_of(decision_id), in_use()  # of a decision that is not the caller's nothing is said
    days = _days()
    if record.private is None:
        raise UnknownDecision(
            f"what the decision {decision_id} is about is {record.status}", "a link would show nothing"
        )
    expires = use.now().astimezone(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
    query = {"id": str(record.entry.id), "until": expires.isoformat()}
    subject = record.private.get("subject")
    note_reading(use.ledger, "http link", reader(), [query["id"]], query=query, subject=subject)
    token = token_of(use.ledger.keyring, record.entry.id, expires)
    base = use.settings.login_address or request.url_root
    return shown_json({"url": urljoin(base, LINKS + token), "expires": expires.isoformat()})


@ROUTES.get(f"{LINKS}<token>")
def look(token: str) -> Response:
    """The letter, for whoever has the link. Whoever opens it is no program: every refusal is a page, too."""
    try:
        return _looked(token)
    except OrdainError as error:
        return _later(error)


def _looked(token: str) -> Response:
    """Each opening is on record before anything is shown."""
    use = in_use()
    told = opened(use.ledger.keyring, token)
    if told is None:
        return _nothing(*_NOT_THERE)
    if told.expires <= use.now():
        return _nothing(*_GONE)
    record = use.ledger.reader.record(told.decision)
    if record is None or record.private is None or record.envelope["kind"] != Kind.DECISION:
        return _nothing(*_GONE)
    id, subject = str(told.decision), record.private.get("subject")
    try:
        note_reading(use.ledger, "link opened", _BY, [id], query={"id": id}, subject=subject)
    except UnknownSubject:  # erased this moment
        return _nothing(*_GONE)
    explained = explain(record, use.ledger.reader)
    text = letter(explained, sender_of(use.settings), with_annex=False)
    return _page(told_page(text, told.expires, use.settings.zone))


def _later(error: OrdainError) -> Response:
    """What keeps the page away now, such as a ledger that cannot record the opening: nothing of it is told outside."""
    told = refused(error, request_id_for(request.headers.get("X-Request-ID", "")))
    answer = _nothing(told.status, "later", told.code)
    for name, value in headers_for(error):
        answer.headers[name] = value
    return answer


def _nothing(status: int, key: str, code: str = "") -> Response:
    """The same for every wrong token; and for what has expired, was erased or is restricted, the same again."""
    request.environ[CODE] = code or ("NotFound" if status == _NOT_THERE[0] else "Gone")
    return _page(nothing_page(key, in_use().settings.zone), status)


def _page(html: str, status: int = 200) -> Response:
    return Response(html, status, link_headers(), mimetype="text/html")


def _days() -> int:
    days = fields_sent("days").get("days", Decimal(_DAYS))
    if not isinstance(days, Decimal) or not 1 <= days <= LIMITS.link_days or days != int(days):
        raise MalformedRequest(f"`days` is {format_raw(days)}", f"it is a whole number from 1 to {LIMITS.link_days}")
    return int(days)
