"""Errors as problem details (RFC 9457), for who asks for `application/problem+json`: the same content in that shape."""

from __future__ import annotations

import orjson

from ordain.api.contract.error_meanings import place_of, title_of
from ordain.api.http.refusals import JSON

PROBLEM = "application/problem+json"
Headers = list[tuple[str, str]]


def as_problem(status: int, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """An answer in that shape if it is an error in ours; as it was if it is anything else.

    `type` leads to the paragraph of /docs about the code. `code`, `details`, `timestamp`, `requestId` and `severity`
    are members of ours, as in the other shape.
    """
    if status < 400 or not any(name.lower() == "content-type" and value == JSON for name, value in headers):
        return headers, body
    error = orjson.loads(body).get("error") if body else None
    if not isinstance(error, dict):
        return headers, body
    code = str(error["code"])
    told = {"type": place_of(code), "title": title_of(code), "status": status, "detail": error["message"]}
    told |= {name: value for name, value in error.items() if name != "message"}
    answer = orjson.dumps(told)
    lengths = {"content-type": PROBLEM, "content-length": str(len(answer))}
    return [(name, lengths.get(name.lower(), value)) for name, value in headers], answer
