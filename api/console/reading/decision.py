"""One decision: what was known, which rules made it, how its amounts came about, and what followed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.readings_told import readings
from ordain.api.limits import LIMITS

ACROSS = 1000
"""How wide a waterfall is drawn, in its own units."""


def decision(asked: Asked, names: Names, query: Query) -> Json:
    """What `/explanation` says, with the bars of each amount. That it was read is on record."""
    at = f"/v1/decisions/{names['decision_id']}"
    told: Json = asked.get(f"{at}/explanation", purpose=query.get("purpose"))
    told["waterfalls"] = [waterfall(each) for each in told.get("amounts", [])]
    told["may"] = {
        name: asked.may(right)
        for name, right in (
            ("settle", Right.SETTLE),
            ("replay", Right.REPLAY),
            ("prove", Right.PROVE),
            ("record", Right.READ_RECORD),
            ("person", Right.SEARCH),
            ("readers", Right.SEARCH),
            ("link", Right.EXPLAIN),
            ("whatif", Right.DRY_RUN),
        )
    }
    return told


def why_not(asked: Asked, names: Names, query: Query) -> Json:
    """The rules that did not fire, and the first condition of each that did not hold."""
    told: Json = asked.get(f"/v1/decisions/{names['decision_id']}/why-not", purpose=query.get("purpose"))
    return told


def replay(asked: Asked, names: Names, query: Query) -> Json:
    """The decision made again from the record alone."""
    told: Json = asked.get(f"/v1/decisions/{names['decision_id']}/replay")
    return told


def readers(asked: Asked, names: Names, query: Query) -> Json:
    """Who read the decision and why, the newest first. That this was asked is on record, too."""
    at = f"/v1/audit/entries/{names['decision_id']}/readers"
    return readings(asked.get(at, limit=LIMITS.console_rows, purpose=query.get("purpose")))


def proof(asked: Asked, names: Names, query: Query) -> Json:
    """The proof file, to be kept."""
    return {"text": asked.text(f"/v1/decisions/{names['decision_id']}/proof").body, "id": names["decision_id"]}


def waterfall(amount: Json) -> Json:
    """Of each step of an amount where its bar begins and how long it is, from 0 to `ACROSS`; amounts stay texts."""
    steps = [(Decimal(each["after"]) - Decimal(each["change"]), Decimal(each["after"])) for each in amount["lines"]]
    ends = [Decimal(0), *(end for step in steps for end in step)]
    low, span = min(ends), (max(ends) - min(ends)) or Decimal(1)

    def place(value: Decimal) -> int:
        return int((value - low) / span * ACROSS)

    rows: list[dict[str, Any]] = []
    for line, (before, after) in zip(amount["lines"], steps, strict=True):
        start, end = sorted((place(before), place(after)))
        kind = (
            "quiet" if line["moved"] == "start" else "good" if after < before else "bad" if after > before else "quiet"
        )
        rows.append({**line, "start": start, "length": max(end - start, 3), "kind": kind})
    last = amount["lines"][-1]["after"] if amount["lines"] else None
    return {"of": amount["of"], "currency": amount.get("currency"), "rows": rows, "result": last}
