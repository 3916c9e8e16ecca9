"""Rows that could not be taken, kept with why until somebody looks: each once, however often it comes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from ordain.models.limits import LIMITS
from ordain.models.store.records import Quarantined
from ordain.models.store.rows import QUARANTINE
from ordain.models.store.store import FeatureStore


def keep(store: FeatureStore, rows: Sequence[Quarantined]) -> int:
    """Keeps those that are not there: another file, line, text or reason. How many there was no room for.

    Raises FeaturesUnavailable.
    """
    if not rows:
        return 0
    columns = QUARANTINE.c
    wanted = sa.select(columns.file, columns.line, columns.raw, columns.reasons).where(
        columns.file.in_({_kept(row.file) for row in rows}), columns.line.in_({row.line for row in rows})
    )
    with store.database.reading() as connection:
        there = {(row.file, row.line, row.raw, row.reasons) for row in connection.execute(wanted)}
        count = connection.execute(sa.select(sa.func.count()).select_from(QUARANTINE)).scalar() or 0
    new = [row for row in rows if _key(row) not in there]
    room = max(0, LIMITS.quarantine_rows - count)
    store.quarantine(new[:room])
    return len(new[room:])


def drop(store: FeatureStore, file: str | None) -> int:
    """Removes what is in quarantine, of one file or of all; how many rows. Raises FeaturesUnavailable."""
    gone = sa.delete(QUARANTINE) if file is None else sa.delete(QUARANTINE).where(QUARANTINE.c.file == _kept(file))

    def removed() -> int:
        with store.database.transaction() as connection:
            return connection.execute(gone).rowcount

    count = store.database.guarded(removed)
    store.database.guarded(store.database.scrub)
    return count


def _key(row: Quarantined) -> tuple[str, int, str, str]:
    return _kept(row.file), row.line, _kept(row.raw), json.dumps([_kept(reason) for reason in row.reasons])


def _kept(text: str) -> str:
    """As the store keeps it."""
    return text[: LIMITS.raw_characters].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
