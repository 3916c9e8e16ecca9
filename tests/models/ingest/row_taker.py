"""Rows taken into a store as the command takes them, at one moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from ordain.models.ingest.column_mapping import PLAIN, ColumnMapping
from ordain.models.ingest.files import lines_of
from ordain.models.ingest.moments import Moments
from ordain.models.ingest.row_reading import Reading, RowReader, needed_columns
from ordain.models.ingest.taking import Taken, take
from ordain.models.store.store import FeatureStore

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def take_in(
    store: FeatureStore, file: Path, mapping: ColumnMapping = PLAIN, zone: str = "Asia/Kolkata", **more: object
) -> Taken:
    """Takes a file in as the command does, at `NOW`."""
    moments = Moments(ZoneInfo(mapping.time_zone or zone), mapping.time_format, mapping.date_format)
    reading = Reading(store.definitions, moments, mapping, **more)  # type: ignore[arg-type]
    lines = lines_of(file, mapping, lambda _done, _total: None, needed_columns(reading.source))
    return take(lines, RowReader(reading, lambda: NOW), store, file.name)
