"""Times as files and other systems write them, read into moments with an offset."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from ordain.engine.errors import NotThatType
from ordain.engine.values.types import format_raw
from ordain.models.features.definition import EPOCH
from ordain.models.limits import LIMITS

UNIX = {"unix seconds": 1_000_000, "unix milliseconds": 1_000}
"""Formats of times that are counted since 1970, and the microseconds of one such unit."""
_SUCH_AS = "a time such as 2026-01-31T08:00:00+05:30"


class Moments:
    """Reads times in one format: ISO 8601 if none is named, one of `UNIX`, or one of `strptime`.

    A time without an offset is one of `zone`, at its first occurrence where the clocks are put back, and is counted in
    `without_offset`. A day is its first moment.
    """

    def __init__(self, zone: ZoneInfo, time_format: str = "", date_format: str = "") -> None:
        self._zone, self._format, self._date_format = zone, time_format, date_format
        self._unit = UNIX.get(time_format)
        self.without_offset = 0

    def moment(self, raw: object) -> dt.datetime:
        """Raises NotThatType for what is no time of that format, or before the year `LIMITS.first_year`."""
        if isinstance(raw, dt.datetime):
            time = raw
        elif isinstance(raw, dt.date):
            time = dt.datetime(raw.year, raw.month, raw.day)
        elif self._unit is not None:
            time = _since_1970(raw, self._unit)
        elif isinstance(raw, str):
            time = self._of_text(raw)
        else:
            raise NotThatType(f"{format_raw(raw)} is not {_SUCH_AS}")
        if time.year < LIMITS.first_year or time.year == dt.MAXYEAR:
            raise NotThatType(f"{format_raw(raw)} is not of the years {LIMITS.first_year} to {dt.MAXYEAR - 1}")
        if time.tzinfo is None:
            self.without_offset += 1
            return time.replace(tzinfo=self._zone)
        return time

    def day(self, text: str) -> dt.date:
        """Raises NotThatType for what is no date."""
        try:
            return dt.datetime.strptime(text, self._date_format).date() if self._date_format else _iso_day(text)
        except ValueError:
            raise NotThatType(f"{format_raw(text)} is not a date such as 2026-01-31") from None

    def _of_text(self, text: str) -> dt.datetime:
        try:
            if self._format:
                return dt.datetime.strptime(text, self._format)
            return dt.datetime.fromisoformat(text.upper())  # a small t or z, too
        except ValueError:
            wanted = f"a time of the format `{self._format}`" if self._format else _SUCH_AS
            raise NotThatType(f"{format_raw(text)} is not {wanted}") from None


def _iso_day(text: str) -> dt.date:
    if len(text) != len("2026-01-31"):
        raise ValueError
    return dt.date.fromisoformat(text)


def _since_1970(raw: object, unit: int) -> dt.datetime:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
            raise ValueError
        count = Decimal(raw)
        if not count.is_finite() or count.adjusted() > 18:
            raise ValueError
        return EPOCH + dt.timedelta(microseconds=int(count * unit))
    except (ValueError, ArithmeticError):
        raise NotThatType(f"{format_raw(raw)} is not a number of seconds or milliseconds since 1970") from None
