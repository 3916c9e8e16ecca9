"""`GET /openapi.json`: the interface for programs. `GET /docs`: the same as a page for people."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, current_app

from ordain.api.contract.docs_page import docs_page
from ordain.api.contract.openapi import Route, document
from ordain.api.http.refusals import JSON
from ordain.api.http.routes.service_sheets import now, offer, shown
from ordain.api.services import Services

ROUTES = Blueprint("reference", __name__)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page holds all that it needs, so a browser is told to load nothing."""


@ROUTES.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of what is in force now."""
    return shown(orjson.dumps(document(offer(), routes(), now())), JSON)


@ROUTES.get("/docs")
def docs() -> Response:
    """The document as one page."""
    use: Services = current_app.extensions["ordain"]
    at, offered = now(), offer()
    address = f"http://{use.settings.host}:{use.settings.port}"
    page = docs_page(offered, document(offered, routes(), at), at, address)
    return shown(page, "text/html", **{"Content-Security-Policy": _POLICY})


def routes() -> list[Route]:
    """The routes that this application has."""
    found = []
    for rule in current_app.url_map.iter_rules():
        told = current_app.view_functions[rule.endpoint].__doc__ or ""
        found += [Route(method, rule.rule, told) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found
