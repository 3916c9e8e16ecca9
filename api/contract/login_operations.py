"""The routes by which people log in and out, and the one that says who asks: what each is for, answers and refuses."""

from __future__ import annotations

from ordain.api.access.rights import OPEN
from ordain.api.contract.operation import FLAG, TEXT, Json, Operation, an_object
from ordain.engine.errors import LedgerUnavailable, NotRecorded, RequestTooLarge, TooManyRequests

_TEXTS: Json = {"type": "array", "items": TEXT}
_ME: Json = an_object(
    "known",
    known=FLAG,
    name=TEXT,
    by={"enum": ["nobody is known here", "key", "token", "session"]},
    roles=_TEXTS,
    rights=_TEXTS,
    services={"type": ["array", "null"], "items": TEXT},
    session={
        "anyOf": [
            {"type": "null"},
            an_object("ends", "csrf_token", ends={"type": "string", "format": "date-time"}, csrf_token=TEXT),
        ]
    },
)
_NOT_THERE = (("NotFound", 404),)
_PROVIDER = (503, "The identity provider cannot be used now, as a page.", None)

LOGIN_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/login"): Operation(
        "Leads a browser to the identity provider; who is logged in sees as whom",
        TEXT,
        OPEN,
        (TooManyRequests,),
        "text/html",
        _NOT_THERE,
        others=((303, "The identity provider is where `Location` says.", None), _PROVIDER),
        query=(("next", "a path of this server, to be shown after that", TEXT),),
    ),
    ("GET", "/login/callback"): Operation(
        "Where the identity provider sends people back",
        TEXT,
        OPEN,
        (TooManyRequests,),
        "text/html",
        _NOT_THERE,
        others=(
            (303, "Logged in: there is a session now.", None),
            (400, "The answer does not belong to a log-in that was begun in this browser, as a page.", None),
            (403, "The identity provider did not let them in, as a page.", None),
            _PROVIDER,
        ),
        query=(
            ("code", "what the provider gave", TEXT),
            ("state", "what it was given", TEXT),
            ("iss", "who it is (RFC 9207)", TEXT),
            ("error", "why it gave no code", TEXT),
        ),
    ),
    ("POST", "/logout"): Operation(
        "Ends the session, whose token it has as `X-CSRF-Token`, or as `csrf_token` of a form",
        TEXT,
        OPEN,
        (TooManyRequests, RequestTooLarge, NotRecorded, LedgerUnavailable),
        "text/html",
        (*_NOT_THERE, ("RequestTimeout", 408), ("Forbidden", 403)),
        others=((403, "The request has not the token of the session, as a page.", None),),
    ),
    ("GET", "/v1/me"): Operation("Who asks: name, roles, rights and, in a session, its end and its token", _ME, OPEN),
}
