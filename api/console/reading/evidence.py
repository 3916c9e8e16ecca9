"""The log itself: its newest checkpoint, what keeps it, and who read, erased or held."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.limits import LIMITS


def evidence(asked: Asked, names: Names, query: Query) -> Json:
    """Each part is None for who may not ask for it."""
    return {
        "checkpoint": asked.get_if("/v1/audit/checkpoint"),
        "note": _note(asked),
        "reads": _newest(asked, "read"),
        "erasures": _newest(asked, "erasure"),
        "restrictions": _newest(asked, "restriction"),
        "retention": _newest(asked, "retention"),
        "may": {
            "search": asked.may(Right.SEARCH),
            "verify": asked.may(Right.VERIFY),
            "export": asked.may(Right.EXPORT),
        },
    }


def _newest(asked: Asked, kind: str) -> list[Json] | None:
    found = asked.get_if("/v1/audit/search", kind=kind, order="newest", limit=LIMITS.console_rows)
    return None if found is None else list(found["entries"])


def _note(asked: Asked) -> str | None:
    """The checkpoint as a signed note (c2sp.org/tlog-checkpoint); None for who may not follow the log."""
    try:
        return asked.text("/checkpoint").body
    except Refused as refused:
        if refused.status in (403, 409):
            return None
        raise
