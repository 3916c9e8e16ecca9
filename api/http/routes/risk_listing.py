"""`GET /v1/models/<model>/at-risk`: who may leave, by the live version, in pages."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, request

from ordain.api.http.routes.all_services import refuse_some_services
from ordain.api.http.routes.model_reading import check_model
from ordain.api.http.routes.reading import in_use, limit_asked, reader, shown_json
from ordain.audit.records.readings import check_purpose, note_reading
from ordain.engine.errors import MalformedRequest, quoted
from ordain.engine.late import late

ROUTES = Blueprint("at_risk", __name__, url_prefix="/v1/models")


@ROUTES.get("/<model>/at-risk")
def at_risk(model: str) -> Response:
    """As `ordain models at-risk --json`, from the row `after` on. That it was read is on record before it is told."""
    refuse_some_services("a list of customers is read by all of them")
    check_model(model)
    use, by = in_use(), reader()
    check_purpose(by)
    asked, limit, after = request.args, limit_asked(), _whole("after", 0)
    made = late("ordain.api.stages.at_risk_list:Filter")(
        _whole("days", 90), asked.get("level", ""), asked.get("segment", ""), asked.get("subject", "")
    )
    people = late("ordain.api.stages.at_risk_list:AtRiskList")(
        use.settings, use.features, use.catalog, use.record.now(), model
    )
    found = people.found(made, dt.datetime.now(dt.UTC))
    rows = people.with_reasons(found, found.rows[after : after + limit])
    query = {"model": f"{found.model.name}@{found.model.version}", **made.as_json(), "after": after}
    one = made.subject if made.subject and found.rows else None  # who is asked for and not there leaves no name
    if one is not None:
        query["subject"] = one
    note_reading(use.ledger, "http at-risk", by, [], entries=len(rows), query=query, subject=one, known=False)
    further = after + limit if after + limit < len(found.rows) else None
    return shown_json({**found.told(rows), "next": further})


def _whole(name: str, usual: int) -> int:
    """A number of the query. Raises MalformedRequest."""
    text = request.args.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise MalformedRequest(f"`{name}` is {quoted(text[:20])}", "it is a whole number")
    return int(text)
