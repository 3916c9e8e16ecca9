"""What routes that read the ledger have in common: who reads, what is asked for, how long a page is."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, current_app, request

from ordain.api.access.admission import caller, gate
from ordain.api.access.rights import Right
from ordain.api.ask import is_encodable
from ordain.api.http.refusals import JSON
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.records.asked import CHOICES, CONDITIONS, SEVERAL, query_of
from ordain.audit.records.query import MOMENTS, Query
from ordain.audit.records.readings import Access
from ordain.engine.errors import MalformedRequest, did_you_mean, quoted
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import format_raw

_ORDERS = ("oldest", "newest")


def in_use() -> Services:
    """What decides and records now."""
    use: Services = current_app.extensions["ordain"]
    return use


def shown_json(data: Any) -> Response:
    return Response(orjson.dumps(data), mimetype=JSON)


def reader() -> Access:
    """Who reads, and the `purpose` of the query."""
    purpose = request.args.get("purpose")
    if purpose is not None:
        _check_length("purpose", purpose)
    who = caller()
    return Access(who.name, purpose, key=who.key_id, required=in_use().settings.purpose == "required")


def by_caller(reason: str) -> dict[str, Any]:
    """Who does something that is no reading, and why, as its entry says it."""
    who = caller()
    return {**who.as_actor, "reason": reason}


def query_asked(limit: int | None) -> Query:
    """The conditions of the request's query, among the services that the caller may ask.

    Raises MalformedRequest; NotPermitted for a condition that takes reading what is private, and a caller who may not.
    """
    asked = request.args
    given: dict[str, Any] = {name: asked[name] for name in CONDITIONS if name in asked and name not in SEVERAL}
    given |= {name: asked.getlist(name) for name in SEVERAL}
    order = asked.get("order", "oldest")
    for name, words in {**CHOICES, "order": _ORDERS}.items():
        if (word := given.get(name, words[0]) if name != "order" else order) not in words:
            raise MalformedRequest(f"`{name}` is {quoted(word[:60])}", did_you_mean(word, words))
    zone = in_use().settings.zone
    for name in MOMENTS:
        if name in given:
            given[name] = given[name].replace(" ", "+")  # in a query `+` stands for a space
    query = query_of(given, zone, limit, services=caller().services, newest=order == "newest")
    if query.is_personal:
        gate().require(caller(), Right.READ_RECORD)
    return query


def limit_asked(most: int = LIMITS.found_most, name: str = "limit", default: int = LIMITS.found_page) -> int:
    """`limit` of the query, or what else has that `name`, `most` at the most. Raises MalformedRequest."""
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most):
        raise MalformedRequest(f"`{name}` is {quoted(text[:20])}", f"it is a number from 1 to {most:,}")
    return int(text)


def _check_length(name: str, text: str) -> None:
    if not text.strip() or len(text) > LIMITS.reason_characters:
        raise MalformedRequest(
            f"`{name}` must be a text of 1 to {LIMITS.reason_characters:,} characters",
            "it goes on record, sealed; name nobody in it",
        )


def fields_sent(*known: str) -> dict[str, Any]:
    """The request's body, a JSON object of `known` fields; empty for no body. Raises MalformedRequest."""
    body = request.get_data(cache=False)
    request.stream.read(1)  # Werkzeug ends a chunked body silently at the limit; one byte more makes it complain
    if not body:
        return {}
    data = read_json(body, "the request")
    if not isinstance(data, dict):
        raise MalformedRequest(f"the request must be an object, not {format_raw(data)}", f"of {', '.join(known)}")
    for key in data:
        if key not in known:
            raise MalformedRequest(f"unknown field {quoted(key)}", did_you_mean(key, known))
    return data


def reason_in(data: dict[str, Any]) -> str:
    """Why something is to be done. Raises MalformedRequest."""
    reason = data.get("reason")
    if not isinstance(reason, str):
        raise MalformedRequest("the request says no `reason`", 'for example {"reason": "request 4711 of the customer"}')
    _check_length("reason", reason)
    if not is_encodable(reason):
        raise MalformedRequest("the request contains an invalid Unicode character")
    return reason
