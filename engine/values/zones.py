"""Time zones by name (IANA), as DMN 1.5 section 10.3.4.1 lets a time or a date and time end: `@Europe/Paris`."""

from __future__ import annotations

import datetime as dt
import pkgutil
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from ordain.engine.errors import NotThatType, did_you_mean

SECOND = 10**9
"""Nanoseconds of a second."""
DAY = 86_400 * SECOND
"""Nanoseconds of a day."""
CYCLE = 146_097
"""Days after which the calendar repeats: 400 years, a whole number of weeks."""

_OWN_SETTING = frozenset({"localtime", "Factory"})
"""Names of the database that stand for the machine's own setting."""

_MOMENT = dt.timedelta(microseconds=1)
_PLAIN_YEAR = dt.datetime(2026, 1, 1)


class Zone(dt.tzinfo):
    """A zone by its name, with the offset that it has at the moment of the date and time that carries it.

    The offset is fixed, so Python compares and subtracts exactly; whoever moves a date and time asks for a new Zone.
    A time of day has no date: its zone counts with the standard offset, the one without daylight saving.
    """

    __slots__ = ("name", "offset")

    def __init__(self, name: str, offset: dt.timedelta) -> None:
        self.name = name
        self.offset = offset

    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta:
        return self.offset

    def dst(self, moment: dt.datetime | None) -> None:
        return None

    def tzname(self, moment: dt.datetime | None) -> str:
        return self.name

    def fromutc(self, moment: dt.datetime) -> dt.datetime:
        return moment + self.offset

    def __reduce__(self) -> tuple[type[Zone], tuple[str, dt.timedelta]]:
        return (Zone, (self.name, self.offset))

    def __repr__(self) -> str:
        return f"Zone({self.name!r}, {self.offset!r})"


def named(name: str) -> Zone:
    """The zone of that name, for a time of day. Raises NotThatType for a name that is none."""
    info = _info(name)
    there = _PLAIN_YEAR.replace(tzinfo=info)
    offset = there.utcoffset() or dt.timedelta(0)
    return Zone(name, offset - (there.dst() or dt.timedelta(0)))


def offset_of(name: str, moment: dt.datetime) -> dt.timedelta:
    """The offset of a zone at a moment that has one. Raises NotThatType for an unknown name."""
    return moment.astimezone(_info(name)).utcoffset() or dt.timedelta(0)


def at_local(name: str, local: int) -> tuple[int, Zone]:
    """The clock reading and the zone for what a clock of the zone shows, in nanoseconds since day 0.

    A reading that clocks skip when they go forward is moved on by what they skip; of two equal ones the first counts.
    Raises NotThatType for an unknown name.
    """
    near = _near(local)
    there = near.replace(tzinfo=_info(name))
    real = there.astimezone(dt.UTC).astimezone(there.tzinfo)
    moved = (real.replace(tzinfo=None) - near) // _MOMENT * 1000
    return local + moved, Zone(name, real.utcoffset() or dt.timedelta(0))


def at_instant(name: str, instant: int) -> Zone:
    """The zone with its offset at an instant, in nanoseconds of UTC since day 0. Raises NotThatType."""
    near = _near(instant)
    offset = near.replace(tzinfo=dt.UTC).astimezone(_info(name)).utcoffset()
    return Zone(name, offset or dt.timedelta(0))


def _near(moment: int) -> dt.datetime:
    """The same moment, to the microsecond, in a year that Python can hold.

    Rules of zones reach years 1 to 9999; beyond, the year 400 years or a multiple of it away stands in.
    """
    day, clock = divmod(moment, DAY)
    if not 366 < day < 3_652_000:
        day = (day - 1) % CYCLE + 1 + CYCLE * (1 if day <= 366 else 23)
    return dt.datetime.fromordinal(day) + dt.timedelta(microseconds=clock // 1000)


@lru_cache(maxsize=64)
def _info(name: str) -> ZoneInfo:
    if name not in _OWN_SETTING and is_zone_name(name):
        return ZoneInfo(name)
    raise NotThatType(f"`{name[:64]}` is no time zone{zone_hint(name)}")


@lru_cache(maxsize=256)
def zone_hint(name: str) -> str:
    """What follows `... is not a time zone`: the zone that may be meant, or examples. Among so many names the search
    takes some 20 ms, and the rows of a table often have one fault."""
    near = did_you_mean(name, zone_names() - _OWN_SETTING)
    return f"; {near}" if near.startswith("did") else " such as Asia/Kolkata or Europe/Paris"


@cache
def zone_names() -> frozenset[str]:
    """The names of the time zone database, the machine's and the package's. Reading the folders takes 20 ms."""
    return frozenset(available_timezones())


def is_zone_name(name: str) -> bool:
    """Whether `name` is one of `zone_names`, which are read only for a name that the package does not list."""
    return name in _listed() or name in zone_names()


@cache
def _listed() -> frozenset[str]:
    return frozenset((pkgutil.get_data("tzdata", "zones") or b"").decode().split())
