"""One customer or account: what was decided, what is known, and whether the records may go."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.limits import LIMITS


def people(asked: Asked, names: Names, query: Query) -> Json:
    """Where a customer is looked up: nothing is listed, since a list of customers would be one."""
    return {"asked": query.get("subject", "").strip()}


def person(asked: Asked, names: Names, query: Query) -> Json:
    """What is on record about one. Each part is None for who may not ask for it; that it was read is on record."""
    subject, purpose = names["subject"], query.get("purpose")
    decided = asked.get(
        f"/v1/subjects/{subject}/decisions", limit=LIMITS.console_rows, after=query.get("after", ""), purpose=purpose
    )
    return {
        "subject": subject,
        **decided,
        "facts": asked.get_if(f"/v1/facts/{subject}"),
        "may": {"erase": asked.may(Right.ERASE), "hold": asked.may(Right.HOLD), "record": asked.may(Right.READ_RECORD)},
    }
