"""What the feature store knows of one person, as reviewers and commands are told it; that it was read is on record."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ordain.api.facts.late_store import LateStore
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.records.readings import Access, note_reading
from ordain.engine.late import late
from ordain.engine.values.types import plain

Json = dict[str, Any]


def facts_of(
    features: LateStore, opened: OpenLedger, subject: str, at: dt.datetime, by: Access, action: str
) -> list[Json]:
    """Every feature of the subject at a moment; none of somebody of whom nothing was known then.

    The reading goes on record first, sealed under the subject's key; of somebody whom nothing is known of without the
    name. Raises FeaturesUnavailable, SettingsError, NotRecorded, MalformedRequest for want of a purpose.
    """
    if not is_known(features, subject, at):
        note_reading(opened, action, by, [], query={"at": at.isoformat()})
        return []
    store = features.opened()
    definitions = store.definitions.features
    query = {"subject": subject, "at": at.isoformat(), "features": len(definitions)}
    note_reading(opened, action, by, [], query=query, subject=subject, known=False)
    kept = store.read(subject, definitions, at)
    return [
        {
            "name": name,
            "value": plain(kept[name].value),
            "type": str(each.type),
            "as_of": kept[name].as_of.isoformat(),
            "stale": kept[name].stale,
            "source": each.source,
            "owner": each.owner,
            "personal": each.personal,
            "meaning": each.meaning,
        }
        for name, each in definitions.items()
    ]


def is_known(features: LateStore, subject: str, at: dt.datetime) -> bool:
    """Whether anything was known of the subject by then. Raises FeaturesUnavailable, SettingsError."""
    if not features.is_there:
        return False
    database = features.opened().database
    known = database.guarded(lambda: database.known(subject))
    return known is not None and bool(known.first_known <= late("ordain.models.features.definition:micros")(at))
