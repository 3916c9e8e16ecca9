"""A ledger opened for reading alone, by its file or by its database URL."""

from __future__ import annotations

from pathlib import Path

from ordain.audit.verifier.source import Source, path_of
from ordain.audit.verifier.sqlite_source import SqliteSource
from ordain.engine.late import late


def open_source(source: str | Path) -> Source:
    """Raises SettingsError when there is no ledger there, or it cannot be opened."""
    path = path_of(source)
    if path is not None:
        return SqliteSource(path)
    opened: Source = late("ordain.audit.verifier.postgresql_source:PostgresSource")(str(source))
    return opened
