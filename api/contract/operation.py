"""What a route is for, answers and refuses, and the right that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ordain.api.access.rights import OPEN, SIGNED, Right
from ordain.api.problems import status_of
from ordain.engine.errors import (
    InternalError,
    MalformedRequest,
    NotPermitted,
    OrdainError,
    TooManyRequests,
    Unauthenticated,
)

Json = dict[str, Any]
Errors = tuple[type[OrdainError], ...]

YAML = "application/yaml"
"""The type of a policy's text (RFC 9512)."""
AT = "at"
"""The parameter of a query that chooses the time, where a route takes it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`answer` is the schema of a 200 in `media`; `errors` may be raised, `by_http` are the codes and statuses of HTTP.

    `right` is what one of the caller's roles must have, OPEN for what anybody may ask, SIGNED where the request itself
    is signed. `others` are answers of other statuses that are no errors; `is_once` takes an `Idempotency-Key`; `query`
    is what a query may have: a name, what it means, its schema. `is_read` where the ledger is read, which HEAD does
    without; `asks` is the schema of a body, which may be the text in it alone where `takes_yaml`, and
    one a line where `takes_lines`. `is_page` for what people look at, whose queries are its own.
    """

    summary: str
    answer: Json
    right: str
    errors: Errors = ()
    media: str = "application/json"
    by_http: tuple[tuple[str, int], ...] = ()
    others: tuple[tuple[int, str, Json | None], ...] = ()
    takes_at: bool = False
    is_once: bool = False
    query: tuple[tuple[str, str, Json], ...] = ()
    is_read: bool = False
    asks: Json | None = None
    takes_yaml: bool = False
    takes_lines: bool = False
    is_page: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether a query that it does not know, or an `Accept` without its type, is refused.

        Scrapers, load balancers and senders of events send what they like; a stream is asked for in many ways.
        """
        is_contract = not self.is_page and self.media != "text/event-stream"
        return is_contract and self.right not in (OPEN, SIGNED, Right.METRICS)

    def codes(self) -> dict[int, list[str]]:
        """The codes of errors by their status."""
        codes: dict[int, list[str]] = {}
        for error in (*self.errors, InternalError):
            codes.setdefault(status_of(error("x")), []).append(error.__name__)
        if self.right != OPEN:
            known = (Unauthenticated, NotPermitted) if self.right != SIGNED else ()
            for refusal in (*known, TooManyRequests):
                codes.setdefault(status_of(refusal("x")), []).append(refusal.__name__)
        if self.is_strict:
            codes.setdefault(406, []).append("NotAcceptable")
            codes.setdefault(status_of(MalformedRequest("x")), []).append(MalformedRequest.__name__)
        for code, status in (*self.by_http, ("ServiceUnavailable", 503), ("MisdirectedRequest", 421)):
            codes.setdefault(status, []).append(code)
        return {status: sorted(set(codes[status])) for status in sorted(codes)}


def ref(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(*required: str, **properties: Json) -> Json:
    """A JSON object that has `required`, and may have more."""
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT: Json = {"type": "string"}
NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
"""The pattern of a text that is not blank: Python takes these for blanks, too, and ECMA 262 does not."""
FILLED: Json = {"type": "string", "minLength": 1}
"""Of a parameter in a query: an empty one is refused."""
FLAG: Json = {"type": "boolean"}
PRIVATE_PART: Json = {"enum": ["readable", "restricted", "erased", "expired"]}
