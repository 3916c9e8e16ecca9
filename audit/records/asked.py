"""A query as it is asked for: the same words as options of a command and as parameters of a request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ordain.audit.entry.entry import Kind
from ordain.audit.records.query import MOMENTS, NAMES, OPEN, SETTLED, Condition, Query
from ordain.audit.records.where import Where
from ordain.engine.errors import MalformedRequest
from ordain.engine.policy.model import Status

KINDS = [value for name, value in vars(Kind).items() if not name.startswith("_")]
VERDICTS = ["permit", "deny", "review", "decided"]
STATUSES = [str(status) for status in Status]
REVIEWS = [OPEN, SETTLED]
YEARS = range(1970, 9001)
"""Of which something can be asked for; so no time zone and no last day leads beyond what dates can be."""
YES = ["true"]
"""Of what is asked for or is not."""
ANY = "any"
"""In the place of a kind: of whichever."""

SEVERAL = ("outcome", "where")
CONDITIONS = (*NAMES, *MOMENTS, *SEVERAL)
"""What may be asked for, those of `SEVERAL` several times."""
CHOICES: Mapping[str, Sequence[str]] = {
    "kind": [*KINDS, ANY],
    "verdict": VERDICTS,
    "status": STATUSES,
    "review": REVIEWS,
    "as_of_differs": YES,
    "fell_back": YES,
}
"""The words of those that have some."""


def query_of(
    given: Mapping[str, Any], zone: ZoneInfo, limit: int | None = None, before: str = "", **more: Any
) -> Query:
    """The query of what is `given` by the names of `CONDITIONS`; times without an offset are of the tenant's `zone`.

    `before` stands before a name in errors, such as `--`; `more` are further fields of the query.
    Raises MalformedRequest, also for times of which the later comes first.
    """
    for name in CONDITIONS:
        if isinstance(text := given.get(name), str) and not text.strip():
            raise MalformedRequest(f"`{before}{name}` is empty", "leave it out, or say which is meant")
    kind = given.get("kind") or Kind.DECISION
    moments: dict[str, Any] = {
        name: moment(given.get(name), f"{before}{spelt(name, before)}", zone, end=name.endswith("until"))
        for name in MOMENTS
    }
    for since, until in (MOMENTS[:2], MOMENTS[2:]):
        first, last = moments[since], moments[until]
        if first is not None and last is not None and first >= last:
            raise MalformedRequest(
                f"`{before}{spelt(since, before)}` is not before `{before}{spelt(until, before)}`",
                "write the earlier time first; a day given as the last one is whole",
            )
    for text in given.get("where") or ():
        Where(text)
    named: dict[str, Any] = {name: given.get(name) for name in NAMES if name != "kind"}
    return Query(
        **named,
        kind=None if kind == ANY else kind,
        **moments,
        outcome=tuple(map(Condition.parse, given.get("outcome") or ())),
        where=tuple(given.get("where") or ()),
        limit=limit,
        **more,
    )


def spelt(name: str, before: str) -> str:
    """A condition as options spell it, after `--`, and parameters."""
    return name.replace("_", "-") if before else name


def moment(text: str | None, name: str, zone: dt.tzinfo, *, end: bool = False) -> dt.datetime | None:
    """A day begins at its first moment, and with `end` ends at the next day's. Raises MalformedRequest."""
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text.upper())  # with small t and z, too
    except ValueError:
        raise MalformedRequest(
            f"{name}: `{text[:60]}` is not a date or moment", "write 2026-01-31 or 2026-01-31T08:00:00+05:30"
        ) from None
    if time.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        raise MalformedRequest(
            f"{name}: `{text[:60]}` is not within the years {first} to {last}",
            "write the year that is meant, or leave it out for no bound",
        )
    if end and _is_day(text):
        time += dt.timedelta(days=1)
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(dt.UTC)


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text.upper())
    except ValueError:
        return False
    return True
