"""What is known of one request when it has been answered: for the log and for the metrics."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import Any

from ordain.api.http.bodies import Scope
from ordain.api.http.refusals import request_id_for
from ordain.engine.policy.model import Verdict

GONE = 499
"""The status that stands in the log for a client who hung up; nginx began it."""
NO_ROUTE = "none"
"""Stands for the route of a path that there is not."""
DECIDE, BATCH, READY, METRICS = "/v1/decisions/<service>", "/v1/decisions/<service>/batch", "/readyz", "/metrics"
VERDICTS: dict[Verdict | None, str] = {None: "none", **{verdict: str(verdict) for verdict in Verdict}}
"""How a decision's verdict is called there."""
CODE, ROUTE, SERVICE, VERDICT = "ordain.code", "ordain.route", "ordain.service", "ordain.verdict"
"""Where Flask's routes leave what they know of a request: keys of WSGI's environ."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


_NO_LINES: Counter[tuple[str, str]] = Counter()


class Account:
    """Nothing in it is of the caller's making but the id, which is a plain one.

    `service` is the name of one that there is; `verdict` is set when a decision is on record, `code` when the answer
    is an error; `lines` are those of a batch, by verdict and code, and `window` those of its present window.
    """

    __slots__ = (
        "begun",
        "bytes_in",
        "bytes_out",
        "code",
        "id",
        "lines",
        "method",
        "route",
        "service",
        "verdict",
        "window",
    )

    def __init__(self, scope: Scope) -> None:
        self.begun = perf_counter()
        self.id = request_id_for(scope.headers.get("x-request-id") or "")
        self.method = scope.method if scope.method in _METHODS else "OTHER"
        self.route, self.service, self.verdict, self.code = NO_ROUTE, "", "", ""
        self.bytes_in = self.bytes_out = 0
        self.lines = self.window = _NO_LINES

    def learn(self, environ: dict[str, Any]) -> None:
        """Takes over what Flask's routes left."""
        self.route = environ.get(ROUTE, NO_ROUTE)
        self.service, self.verdict = environ.get(SERVICE, ""), environ.get(VERDICT, "")
        self.code = environ.get(CODE, "")
