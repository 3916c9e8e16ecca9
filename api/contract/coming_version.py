"""The version of a policy that comes after the one in force, and when: by the dates of files, or by activations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from ordain.engine.catalog import Catalog
from ordain.engine.errors import NotInForce

_DAY = dt.timedelta(days=1)


class Coming(NamedTuple):
    """From `starts` on the version decides; None: from then on the policy has no version in force."""

    starts: dt.datetime
    version: int | None


def coming_version(catalog: Catalog, name: str, at: dt.datetime, zone: dt.tzinfo) -> Coming | None:
    """What decides next for a policy after a moment, by the calendar of `zone`; None where nothing is to change."""
    now = _deciding(catalog, name, at)
    for moment in sorted(set(_changes(catalog, name, zone))):
        if moment > at and (then := _deciding(catalog, name, moment)) != now:
            return Coming(moment, then)
    return None


def _deciding(catalog: Catalog, name: str, at: dt.datetime) -> int | None:
    try:
        return catalog.version(name, at).policy.version
    except NotInForce:
        return None


def _changes(catalog: Catalog, name: str, zone: dt.tzinfo) -> Iterator[dt.datetime]:
    """The moments at which it may be another one: when versions, or their turns, begin, and the days after they end."""
    days = set()
    for compiled in catalog.versions[name]:
        effective = compiled.policy.effective
        if catalog.turns is None or effective.season:
            days.add(effective.start)
        if effective.end is not None and effective.end < dt.date.max:
            days.add(effective.end + _DAY)
    for day in days:
        yield dt.datetime.combine(day, dt.time(), zone)
    for turn in catalog.turns.of.get(name, ()) if catalog.turns is not None else ():
        yield turn.starts.astimezone(zone)
