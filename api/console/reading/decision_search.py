"""Decisions looked for: a page of those that fit, newest first, by the words of `GET /v1/audit/search`."""

from __future__ import annotations

from urllib.parse import urlencode

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.limits import LIMITS
from ordain.audit.records.asked import CHOICES, KINDS, STATUSES, VERDICTS

FIELDS = (
    *("service", "verdict", "status", "policy", "rule", "denied_by", "subject", "since", "until", "review"),
    *("model", "jurisdiction", "at_since", "at_until", "as_of_differs", "fell_back", "kind", "purpose"),
)
"""Conditions of one value; `outcome` and `where` may be there several times."""
SEVERAL = ("outcome", "where")
BAD_REQUEST = 400


def decisions(asked: Asked, names: Names, query: Query) -> Json:
    """The rows, the conditions as they were asked, and what may be chosen from.

    A condition that is refused is told beside the form, so that it can be mended there.
    """
    said = {name: query[name].strip() for name in FIELDS if query.get(name, "").strip()}
    several = {name: [each.strip() for each in query.getlist(name) if each.strip()] for name in SEVERAL}
    order = "oldest" if query.get("order") == "oldest" else "newest"
    refused: Json | None = None
    try:
        after = query.get("after", "").strip()
        limit = LIMITS.console_rows
        found = asked.get("/v1/audit/search", **said, **several, order=order, limit=limit, after=after)
    except Refused as refusal:
        if refusal.status != BAD_REQUEST:
            raise
        refused, found = refusal.error, {"entries": [], "after": None, "more": False, "unreadable": 0}
    services = asked.get_if("/v1/services")
    with_private = asked.may(Right.READ_RECORD)
    exports = urlencode({**said, **several, "role": "reviewer" if with_private else "public"}, doseq=True)
    return {
        **found,
        "exports": {"csv": f"/v1/audit/export.csv?{exports}", "jsonl": f"/v1/audit/export?{exports}"},
        "may": {"export": asked.may(Right.EXPORT), "record": with_private},
        "refused": refused,
        "asked": {**said, **{name: values for name, values in several.items() if values}},
        "order": order,
        "choices": {
            "service": [each["service"] for each in services["services"]] if services else [],
            "verdict": list(VERDICTS),
            "status": list(STATUSES),
            "review": list(CHOICES["review"]),
            "kind": list(KINDS),
        },
    }
