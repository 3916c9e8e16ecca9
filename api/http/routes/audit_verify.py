"""`POST /v1/audit/verify`: the whole log recomputed from its stored bytes, or a part of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import ServiceUnavailable

from ordain.api.apart import ServerEnds
from ordain.api.http.routes.reading import fields_sent, in_use, shown_json
from ordain.api.http.told_to_end import ENDING
from ordain.api.limits import LIMITS
from ordain.api.verification import VerifiesAlready, verified
from ordain.audit.tlog.checkpoint import LARGEST_SIZE
from ordain.engine.errors import MalformedRequest
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("audit_verify", __name__, url_prefix="/v1/audit")

_LEAST = {"from": 0, "to": 1, "sample": 1, "seed": 0}


@ROUTES.post("/verify")
def verify_log() -> Response:
    """The evidence; 200 also when the log does not hold: `holds` says it, and `findings` what is wrong."""
    data = fields_sent(*_LEAST, "key")
    asked = {name: _number(data, name, least) for name, least in _LEAST.items()} | {"key": _key(data)}
    if asked["sample"] is not None and (asked["from"] is not None or asked["to"] is not None):
        raise MalformedRequest("a sample has no range", "give `sample`, or `from` and `to`")
    if asked["seed"] is not None and asked["sample"] is None:
        raise MalformedRequest("`seed` is that of a sample", "give `sample`, too")
    try:
        return shown_json(verified(in_use().settings, asked, ENDING.wait))
    except VerifiesAlready:
        message = "this ledger is being verified already; one is done at a time"
        raise ServiceUnavailable(message, retry_after=LIMITS.listen_seconds) from None
    except ServerEnds:
        raise ServiceUnavailable("the server is stopping; ask again", retry_after=LIMITS.retry_seconds) from None


def _number(data: dict[str, Any], name: str, least: int) -> int | None:
    given = data.get(name)
    if given is None:
        return None
    if not isinstance(given, Decimal) or not least <= given <= LARGEST_SIZE or given != int(given):
        raise MalformedRequest(f"`{name}` is {format_raw(given)}", f"it is a whole number, {least} or more")
    return int(given)


def _key(data: dict[str, Any]) -> str | None:
    given = data.get("key")
    if given is not None and not (isinstance(given, str) and 0 < len(given) <= LIMITS.reason_characters):
        raise MalformedRequest(
            f"`key` is {format_raw(given)}", "it is the ledger's public key, as /v1/audit/checkpoint has it"
        )
    return given
