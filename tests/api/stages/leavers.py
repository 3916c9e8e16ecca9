"""A feature store of SYNTHETIC customers as they were some days ago, of whom some left since."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from ordain.models.data.synthetic import customers
from ordain.models.ingest.invented import records
from ordain.models.store.records import Event
from ordain.models.store.store import FeatureStore

DAY = dt.timedelta(days=1)


def fill_store(folder: Path, count: int = 600, *, days: int = 90, seed: int = 5) -> list[str]:
    """Makes `features.db` in the folder, as of so many days before today; the names of those who left.

    Until today everybody goes on as before: who left, too, of whom it is not looked at.
    """
    then = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0) - days * DAY
    events, snapshots = records(count, seed, then)
    since = records(count, seed, then + days * DAY)[0]
    events += [replace(each, id=f"{each.id}-since") for each in since if each.happened > then]
    table = customers(count, seed)
    gone = [f"SYNTHETIC-{each.removeprefix('S-')}" for each in table[table["churned"] == "yes"]["subject"]]
    moments = {name: then + (1 + place % (days - 2)) * DAY for place, name in enumerate(gone)}
    with FeatureStore(f"sqlite:///{folder}/features.db") as store:
        for start in range(0, len(events), 5_000):
            store.add(events[start : start + 5_000])
        store.put(snapshots)
        store.add([Event(f"left-{name}", name, "cancelled", at, at) for name, at in moments.items()])
    return gone
