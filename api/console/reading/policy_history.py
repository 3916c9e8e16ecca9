"""What was done to a policy, and by whom; and a month of days, each with the version that decides on it."""

from __future__ import annotations

import calendar
import datetime as dt

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy

_COLOURS = 4
_LAST_YEAR = 9998


def policy_history(asked: Asked, names: Names, query: Query) -> Json:
    """`steps` are the newest first; None where versions decide by their dates and nothing is on record. `weeks` are of
    the `month` asked for, as 2026-01, or of this one; of a day the version is that of noon, by what is known now."""
    told = of_policy(asked, names, query)
    at = f"/v1/policies/{names['policy']}/history"
    steps = asked.get(at)["steps"][::-1] if told["approvals"] != "none" else None
    use = asked.use()
    first = _month(query.get("month", ""), use.now().astimezone(use.settings.zone).date())
    weeks = [
        [_day(asked, at, day, use.settings.zone) if day.month == first.month else None for day in week]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    return {
        **told,
        "steps": steps,
        "weeks": weeks,
        "month": first.strftime("%Y-%m"),
        "month_before": (first - dt.timedelta(days=1)).strftime("%Y-%m"),
        "month_after": (first + dt.timedelta(days=31)).strftime("%Y-%m"),
        "today": use.now().astimezone(use.settings.zone).date().isoformat(),
    }


def _month(said: str, today: dt.date) -> dt.date:
    """Its first day. Raises Refused."""
    if not said:
        return today.replace(day=1)
    try:
        first = dt.datetime.strptime(said, "%Y-%m").date()
    except ValueError:
        first = dt.date.min
    if not 1 < first.year < _LAST_YEAR:
        hint = [{"hint": "such as 2026-01"}]
        raise Refused(400, {"code": "MalformedRequest", "message": f"`{said[:20]}` is no month", "details": hint})
    return first


def _day(asked: Asked, at: str, day: dt.date, zone: dt.tzinfo) -> Json:
    """`share` is per cent of what is rolled out then, "" for nothing."""
    noon = dt.datetime.combine(day, dt.time(12), zone)
    told = asked.get(at, at=noon.isoformat())
    rollout = told["rollout"]
    return {
        "day": day.isoformat(),
        "number": day.day,
        "version": told["version"],
        "colour": (told["version"] or 0) % _COLOURS,
        "rolled": rollout["version"] if rollout else None,
        "share": rollout["percent"] if rollout else "",
    }
