"""What is known of one request when it has been answered: for the log and for the metrics."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import Any

from ordain.api.access.caller import Caller
from ordain.api.http.bodies import Scope
from ordain.api.http.refusals import request_id_for
from ordain.api.traces.trace import Trace
from ordain.engine.policy.model import Verdict

GONE = 499
"""The status that stands in the log for a client who hung up; nginx began it."""
NO_ROUTE = "none"
"""Stands for the route of a path that there is not."""
DECIDE, BATCH, DRY_RUN = (f"/v1/decisions/<service>{more}" for more in ("", "/batch", "/dry-run"))
HOOK, HOOKS = "/v1/hooks/<source>", "/v1/hooks/"
READY, METRICS, LISTEN = "/readyz", "/metrics", "/v1/events/stream"
VERDICTS: dict[Verdict | None, str] = {None: "none", **{verdict: str(verdict) for verdict in Verdict}}
"""How a decision's verdict is called there."""
CODE, ROUTE, SERVICE, VERDICT = "ordain.code", "ordain.route", "ordain.service", "ordain.verdict"
"""Where Flask's routes leave what they know of a request: keys of WSGI's environ."""
HOOKED = "ordain.hooked"
"""Where the route of hooks leaves the source of an event, and what came of it."""
CALLER = "ordain.caller"
"""Where they find who asks, if the event loop knows it already."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


_NO_LINES: Counter[tuple[str, str]] = Counter()


class Account:
    """Nothing in it is of the caller's making but the id, which is a plain one.

    `caller` is None until it is known who asks, and where anybody may.

    `hooked` is the source of an event that came to a hook, and what came of it.

    `service` is the name of one that there is; `verdict` is set when a decision is on record, `code` when the answer
    is an error; `lines` are those of a batch, by verdict and code, and `window` those of its present window. `trace`
    notes what takes how long, if the request is traced. `limits` are headers of the answer.
    """

    __slots__ = (
        "begun",
        "bytes_in",
        "bytes_out",
        "caller",
        "code",
        "hooked",
        "id",
        "limits",
        "lines",
        "method",
        "route",
        "service",
        "trace",
        "verdict",
        "window",
    )

    def __init__(self, scope: Scope) -> None:
        self.begun = perf_counter()
        self.id = request_id_for(scope.headers.get("x-request-id") or "")
        self.method = scope.method if scope.method in _METHODS else "OTHER"
        self.route, self.service, self.verdict, self.code = NO_ROUTE, "", "", ""
        self.bytes_in = self.bytes_out = 0
        self.caller: Caller | None = None
        self.lines = self.window = _NO_LINES
        self.trace: Trace | None = None
        self.hooked: tuple[str, str] | None = None
        self.limits: list[tuple[str, str]] = []

    def learn(self, environ: dict[str, Any]) -> None:
        """Takes over what Flask's routes left."""
        self.route = environ.get(ROUTE, NO_ROUTE)
        self.service, self.verdict = environ.get(SERVICE, ""), environ.get(VERDICT, "")
        self.code, self.hooked = environ.get(CODE, ""), environ.get(HOOKED)
