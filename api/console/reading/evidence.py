"""The log itself: its newest checkpoint, what keeps it, and who read, erased or held."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import UNWELL, Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.readings_told import of_search
from ordain.api.limits import LIMITS


def evidence(asked: Asked, names: Names, query: Query) -> Json:
    """Each part is None for who may not ask for it, and where it cannot be told now; then `unwell` says why."""
    unwell: list[str] = []
    return {
        "checkpoint": asked.part("/v1/audit/checkpoint", unwell),
        "note": _note(asked, unwell),
        "reads": _newest(asked, "read", unwell),
        "erasures": _newest(asked, "erasure", unwell),
        "restrictions": _newest(asked, "restriction", unwell),
        "retention": _newest(asked, "retention", unwell),
        "unwell": unwell,
        "may": {
            "search": asked.may(Right.SEARCH),
            "verify": asked.may(Right.VERIFY),
            "export": asked.may(Right.EXPORT),
            "readers": asked.may(Right.SEARCH) and asked.may(Right.READ_RECORD),
        },
    }


def who_read(asked: Asked, names: Names, query: Query) -> Json:
    """The newest readings, each with who read and why. That this was asked is on record, too."""
    asks = {"kind": "read", "opened": "true", "order": "newest", "limit": LIMITS.console_rows}
    return of_search(asked.get("/v1/audit/search", purpose=query.get("purpose"), **asks))


def _newest(asked: Asked, kind: str, unwell: list[str]) -> list[Json] | None:
    found = asked.part("/v1/audit/search", unwell, kind=kind, order="newest", limit=LIMITS.console_rows)
    return None if found is None else list(found["entries"])


def _note(asked: Asked, unwell: list[str]) -> str | None:
    """The checkpoint as a signed note (c2sp.org/tlog-checkpoint); None for who may not follow the log."""
    try:
        return asked.text("/checkpoint").body
    except Refused as refused:
        if refused.status in (403, 409) or (refused.status >= UNWELL and unwell):
            return None
        raise
