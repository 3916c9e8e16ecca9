"""`GET /v1/subjects/<subject>/decisions`: the decisions about one customer, the newest first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from ordain.api.access.admission import caller, may
from ordain.api.access.rights import Right
from ordain.api.http.routes.reading import in_use, limit_asked, reader, shown_json
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.pages import page_of
from ordain.audit.records.query import Query
from ordain.audit.records.readings import note_search
from ordain.audit.records.shown import decision_shown, verdict_of
from ordain.engine.errors import UnknownSubject

ROUTES = Blueprint("subjects", __name__, url_prefix="/v1/subjects")

_PUBLIC = ("decision_id", "recorded_at", "service", "status", "policies")
_PRIVATE = ("at", "outcome", "reasons", "obligations", "disclosures", "missing", "not_known", NOT_RESTORED)


@ROUTES.get("/<path:subject>/decisions")
def decisions_about(subject: str) -> Response:
    """A page of those of services that the caller may ask. That it was read is on record, under the subject's key.

    Who is not known and who was erased have the same empty page.
    """
    query = Query(subject=subject, kind=Kind.DECISION, limit=limit_asked(), services=caller().services)
    ledger, by = in_use().ledger, reader()
    page = page_of(ledger.reader, query, request.args.get("after"))
    try:
        note_search(ledger, "http decisions", by, query, [str(record.entry.id) for record in page.records])
    except UnknownSubject:  # erased this moment
        return shown_json({"decisions": [], "after": None, "more": False})
    with_private = may(Right.READ_RECORD)
    rows = [_row(record, with_private) for record in page.records]
    return shown_json({"decisions": rows, "after": page.after, "more": page.after is not None})


def _row(record: Record, with_private: bool) -> dict[str, Any]:
    """One decision; without its private part it is what the envelope says."""
    shown = decision_shown(record)
    row = {name: shown[name] for name in _PUBLIC}
    row["verdict"] = verdict_of(record.envelope)
    if with_private:
        row["private_part"] = shown["private_part"]
        row |= {name: shown[name] for name in _PRIVATE if name in shown}
    return row
