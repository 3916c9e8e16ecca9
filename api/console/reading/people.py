"""One customer or account: what was decided, what is known, and whether the records may go."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.at_risk import RISK_MODEL, at_risk
from ordain.api.console.reading.readings_told import of_search
from ordain.api.limits import LIMITS


def people(asked: Asked, names: Names, query: Query) -> Json:
    """Where a customer is looked up: nothing is listed, since a list of customers would be one."""
    return {"asked": query.get("subject", "").strip()}


def person(asked: Asked, names: Names, query: Query) -> Json:
    """What is on record about one. Each part is None for who may not ask for it, and where it cannot be told now; then
    `unwell` says why. That it was read is on record.
    """
    subject, purpose = names["subject"], query.get("purpose")
    decided = asked.get(
        f"/v1/subjects/{subject}/decisions", limit=LIMITS.console_rows, after=query.get("after", ""), purpose=purpose
    )
    unwell: list[str] = []
    facts = asked.part(f"/v1/facts/{subject}", unwell, purpose=purpose)
    return {
        "subject": subject,
        **decided,
        "facts": facts,
        "consents": _consents(facts),
        "standing": asked.part(f"/v1/audit/subjects/{subject}/standing", unwell, purpose=purpose),
        "unwell": unwell,
        "asked": {"purpose": purpose} if purpose else {},
        "may": {
            "erase": asked.may(Right.ERASE),
            "hold": asked.may(Right.HOLD),
            "record": asked.may(Right.READ_RECORD),
            "readers": asked.may(Right.SEARCH) and asked.may(Right.READ_RECORD),
            "risk": asked.may(Right.READ_FACTS),
        },
    }


def _consents(facts: Json | None) -> list[Json]:
    """What is on file that no price may be made from, such as an objection to marketing, as far as it is known."""
    rows = [] if facts is None else facts["facts"]
    return [each for each in rows if each["protected"] and each["value"] is not None]


def person_risk(asked: Asked, names: Names, query: Query) -> Json:
    """The customer's row in the list of who may leave, None without one: `missing` says what there is not yet, and
    `left_out` (`objected`, `gone`, `not_scored`) why this customer is not scored.
    """
    found = at_risk(asked, {"model": RISK_MODEL}, query, subject=names["subject"])
    row = found["rows"][0] if found.get("rows") else None
    left = [name for name, count in found.get("left_out", {}).items() if count]
    told = {name: found.get(name) for name in ("model", "version", "days", "missing")}
    return {**told, "row": row, "left_out": left}


def person_readers(asked: Asked, names: Names, query: Query) -> Json:
    """Who read what is on record about one, and the letters that were made: the newest first."""
    asks = {"kind": "read", "order": "newest", "limit": LIMITS.console_rows}
    return of_search(asked.get("/v1/audit/search", subject=names["subject"], purpose=query.get("purpose"), **asks))
