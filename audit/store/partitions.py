"""PostgreSQL: the payloads of each month in a partition of their own, so that a month is dropped as one."""

from __future__ import annotations

import datetime as dt
import re

import sqlalchemy as sa

_MONTH = re.compile(r"payload_\d{4}_\d{2}")


def month_partitions(connection: sa.Connection, first: dt.date, months: int) -> None:
    """Makes the partitions of the payloads of `months` months from the one of `first` on, where they are missing.

    The rows of a month lie between the smallest UUIDv7 of its first moment and that of the next month's.
    """
    year, month = first.year, first.month
    for _ in range(months):
        later = _after(year, month)
        name = f"payload_{year:04d}_{month:02d}"
        there = connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar()
        if there is None:
            _make_partition(connection, name, _first_id(year, month), _first_id(*later))
        year, month = later


def _make_partition(connection: sa.Connection, name: str, start: str, end: str) -> None:
    """A table, filled with what stood in the default partition for want of it, and then made a partition."""
    bounds = f"FROM ('\\x{start}') TO ('\\x{end}')"
    within = f"id >= '\\x{start}' AND id < '\\x{end}'"
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE payload INCLUDING ALL)")
    connection.exec_driver_sql(f"ALTER TABLE {name} ALTER COLUMN sealed SET STORAGE EXTERNAL")
    connection.exec_driver_sql("LOCK TABLE payload IN SHARE ROW EXCLUSIVE MODE")
    moved = f"DELETE FROM payload_default WHERE {within} RETURNING *"  # noqa: S608 - months, and nothing else
    connection.exec_driver_sql(f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved")  # noqa: S608 - same
    connection.exec_driver_sql(f"ALTER TABLE payload ATTACH PARTITION {name} FOR VALUES {bounds}")


def months_before(connection: sa.Connection, day: dt.date) -> list[str]:
    """The names of the partitions of months that ended before that day, oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'payload'::regclass ORDER BY 1"
    )
    limit = f"payload_{day.year:04d}_{day.month:02d}"
    return [row[0] for row in rows if _MONTH.fullmatch(row[0]) and row[0] < limit]


def bounds_of(name: str) -> tuple[bytes, bytes]:
    """The smallest id of a month's partition, and that of the next. Raises ValueError."""
    if not _MONTH.fullmatch(name):
        raise ValueError(f"{name} is no month's partition")
    year, month = int(name[8:12]), int(name[13:])
    return bytes.fromhex(_first_id(year, month)), bytes.fromhex(_first_id(*_after(year, month)))


def _after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def _first_id(year: int, month: int) -> str:
    milliseconds = round(dt.datetime(year, month, 1, tzinfo=dt.UTC).timestamp() * 1000)
    return f"{milliseconds:012x}" + "0" * 20
