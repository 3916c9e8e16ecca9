"""`GET /v1/facts/<subject>`: what the feature store knows of one person."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, request

from ordain.api.facts.told_facts import facts_of
from ordain.api.http.routes.all_services import refuse_some_services
from ordain.api.http.routes.reading import in_use, reader, shown_json
from ordain.audit.records.asked import moment

ROUTES = Blueprint("facts", __name__, url_prefix="/v1/facts")


@ROUTES.get("/<path:subject>")
def facts_about(subject: str) -> Response:
    """Every feature, as of now or `at`. That it was read is on record, under the subject's key.

    Who is not known and who was erased have the same empty list.
    """
    refuse_some_services("what is known of a customer is read by all of them")
    use, by = in_use(), reader()
    asked = request.args.get("at")
    at = moment(None if asked is None else asked.replace(" ", "+"), "at", use.settings.zone) or dt.datetime.now(dt.UTC)
    facts = facts_of(use.features, use.ledger, subject, at, by, "http facts")
    known = use.catalog.vocabulary
    told = [{**each, "protected": each["name"] in known and known[each["name"]].protected} for each in facts]
    return shown_json({"subject": subject, "at": at.isoformat(), "facts": told})
