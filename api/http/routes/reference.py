"""`GET /openapi.json`: the interface for programs. `GET /docs`: the same as a page for people."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, current_app

from ordain.api.access.admission import caller, gate
from ordain.api.contract.docs_page import docs_page
from ordain.api.contract.openapi import Route, document
from ordain.api.http.forms.browsers import headers_of
from ordain.api.http.refusals import JSON
from ordain.api.http.routes.service_sheets import now, offer, shown
from ordain.api.services import Services

ROUTES = Blueprint("reference", __name__)


@ROUTES.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of what is in force now."""
    return shown(orjson.dumps(document(offer(), routes(), now(), gate().configured)), JSON)


@ROUTES.get("/docs")
def docs() -> Response:
    """The document as one page."""
    use: Services = current_app.extensions["ordain"]
    at, offered = now(), offer()
    address = use.settings.login_address or f"http://{use.settings.host}:{use.settings.port}"
    page = docs_page(offered, document(offered, routes(), at, gate().configured), at, address.rstrip("/"), caller())
    headers = headers_of(form=caller().session is not None)
    if caller().session is not None:  # the page names somebody, and has the token of the session
        headers["Cache-Control"] = "private, no-store"
    return shown(page, "text/html", **headers)


def routes() -> list[Route]:
    """The routes that this application has."""
    found = []
    for rule in current_app.url_map.iter_rules():
        found += [Route(method, rule.rule) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found
