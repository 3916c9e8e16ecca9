"""The gate before Flask's routes: each needs the right that `api/contract/operations.py` names for it."""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from ordain.api.access.caller import Caller
from ordain.api.access.gate import Gate
from ordain.api.access.rights import OPEN, SIGNED
from ordain.api.contract.operations import OPERATIONS
from ordain.api.contract.pages import led_page
from ordain.api.http.account import CALLER, CODE
from ordain.api.http.forms.accepted import accepted
from ordain.api.http.forms.browsers import headers_of
from ordain.engine.errors import NotPermitted, SettingsError, Unauthenticated, UnknownDecision

_GATE = "ordain_gate"


def guard(app: Flask, known: Gate) -> None:
    """From here on each request is looked at before its route is called.

    Raises SettingsError when a route has no right of its own: it would be anybody's.
    """
    app.extensions[_GATE] = known
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if (method, rule.rule) not in OPERATIONS:
                raise SettingsError(
                    f"the route `{method} {rule.rule}` says of no right that it needs",
                    "give it its line in api/contract/operations.py",
                )
    app.before_request(_admit)


def gate() -> Gate:
    """That of the application that answers now."""
    known: Gate = current_app.extensions[_GATE]
    return known


def caller() -> Caller:
    """Who asks now, on a route that needs a right."""
    who: Caller = g.caller
    return who


def may(right: str) -> bool:
    """Whether who asks now has a right beside the one that the route needs; nobody has any."""
    return gate().may(g.caller, right)


def refuse_other_services(service: str | None, decision_id: str) -> None:
    """Of a decision of a service that the caller may not ask it is told what is told of one that there is not."""
    if not caller().may_ask(service):
        raise UnknownDecision(f"there is no decision `{decision_id}`", "its id is `decision_id` of the answer")


def _asking() -> Caller:
    """Who asks, where the event loop has not looked. Raises Unauthenticated, NotPermitted, LedgerUnavailable."""
    login = gate().login
    sent = None if login is None else login.sent(request.method, request.headers)
    if login is None or sent is None:
        return gate().admit(request.headers.get("Authorization"))
    return login.caller_of(sent)


def _refuse_led() -> Response | None:
    """What is put on record in somebody's name begins with that person, not with a link of another's.

    A browser that shows pages gets one with the same link, which is this server's own then. So does who comes back from
    the identity provider: that began elsewhere, too. Raises NotPermitted for others.
    """
    if request.headers.get("Sec-Fetch-Site") not in ("cross-site", "same-site"):
        return None
    if "text/html" in accepted(request.headers.get("Accept", "")).types:
        request.environ[CODE] = NotPermitted.__name__
        query = request.query_string.decode("ascii", "replace")
        shown = led_page(quote(request.path) + (f"?{query}" if query else ""))
        return Response(shown, 403, {**headers_of(form=False), "Cache-Control": "private, no-store"})
    raise NotPermitted(
        "a page of another site led here, and what is read here is put on record in your name",
        "open the address yourself, or from a page of this server (`Sec-Fetch-Site` says where a request begins)",
    )


def _admit() -> Response | None:
    """Raises Unauthenticated, NotPermitted."""
    rule = request.url_rule
    method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
    operation = None if rule is None else OPERATIONS.get((method, rule.rule))
    g.caller = request.environ.get(CALLER)
    if operation is not None and operation.right == OPEN:
        if CALLER not in request.environ:  # who tries too many keys is nobody, whatever the header says
            try:
                g.caller = _asking()
            except (Unauthenticated, NotPermitted):
                g.caller = None
        return None
    if operation is not None and operation.right == SIGNED:  # its route looks at the signature
        return None
    g.caller = g.caller or _asking()
    if operation is None:
        return None
    gate().require(g.caller, operation.right, (request.view_args or {}).get("service"))
    return _refuse_led() if operation.is_read and g.caller.session is not None else None
