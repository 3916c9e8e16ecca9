"""Lines of events, which may be more than other requests: `POST /v1/events` as NDJSON."""

from __future__ import annotations

from ordain.api.http.bodies import Scope

INGEST = "/v1/events"
NDJSON = "application/x-ndjson"


def is_ingested(scope: Scope) -> bool:
    """Whether a request brings events, one a line; a path that is written otherwise brings as much as any other."""
    kind = (scope.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return scope.method == "POST" and scope.path == INGEST and kind == NDJSON
