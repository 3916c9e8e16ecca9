"""Random definitions and random records: out of order, known late, of every type, at the edges of windows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from plain_features import DAY

from ordain.engine.values.types import DATE, DATE_TIME, FLAG, NUMBER, TEXT
from ordain.models.features.definition import (
    COMPARES,
    MAY_HAVE_FIELD,
    NEVER_MISSING,
    NO_FIELD,
    OF_STATES,
    PICKS,
    Aggregation,
    Condition,
    Definition,
    Definitions,
)
from ordain.models.store.records import Event, Snapshot

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)

moments = st.builds(
    lambda days, ticks: START + days * DAY + ticks * TICK, st.integers(0, 5), st.sampled_from([0, 0, 0, -1, 1])
)
numbers = st.decimals(-5, 5, places=3) | st.sampled_from([Decimal("999999999999999.999999999"), Decimal("1E-9")])
texts = st.sampled_from(["a", "b", "é'\"", "007", "1.50", "-0", "true", "2026-02-30", "2026-01-02", "0000-01-01"])
dates = st.dates(dt.date(2025, 12, 29), dt.date(2026, 3, 3))
held = st.one_of(numbers, texts, st.booleans(), dates, moments, st.none())
few = st.sampled_from(["a", "007", True, Decimal(7), Decimal("-2.5")])
"""Values that are often equal, or nearly."""
fields = st.fixed_dictionaries({}, optional={"x": st.one_of(numbers, few, held), "y": few})
DEFAULTS: list[tuple[Any, Any]] = [
    (NUMBER, Decimal(-7)),
    (TEXT, "none"),
    (FLAG, True),
    (DATE, dt.date(2020, 2, 2)),
    (DATE_TIME, START),
]


@dataclass(frozen=True)
class Happening:
    """An event or a snapshot before anybody is named."""

    source: str
    happened: dt.datetime
    known: dt.datetime
    fields: dict[str, Any]


happenings = st.builds(Happening, st.sampled_from(["a", "b", "snapshot s"]), moments, moments, fields)
conditions = st.builds(
    Condition,
    st.sampled_from(["y", "y", "x"]),
    st.lists(st.one_of(few, texts), min_size=1, max_size=2).map(tuple),
)


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    found = {}
    for number in range(draw(st.integers(3, 10))):
        of_snapshot = draw(st.booleans())
        asked = draw(st.sampled_from(sorted(OF_STATES) if of_snapshot else list(Aggregation)))
        type, default = draw(st.sampled_from(DEFAULTS)) if asked in PICKS else (NUMBER, Decimal(-7))
        if asked in (Aggregation.MIN, Aggregation.MAX):
            type, default = draw(st.sampled_from([DEFAULTS[0], DEFAULTS[3]]))
        bare = asked in NO_FIELD or (asked in MAY_HAVE_FIELD and draw(st.booleans()))
        window = draw(st.none() | st.integers(1, 4)) if asked not in COMPARES else draw(st.integers(1, 3))
        found[f"f{number}"] = Definition(
            name=f"f{number}",
            source="snapshot s" if of_snapshot else draw(st.sampled_from(["a", "b"])),
            aggregation=asked,
            type=FLAG if asked is Aggregation.EXISTS else type,
            field="" if bare else "x",
            window=window,
            against=draw(st.integers(1, 3)) if asked in COMPARES else None,
            where=tuple(draw(st.lists(conditions, max_size=1))),
            default=None if asked in NEVER_MISSING or draw(st.booleans()) else default,
            digits=draw(st.integers(0, 6)),
        )
    return Definitions(found)


def records_of(subject: str, happenings: list[Happening]) -> list[Event | Snapshot]:
    """What happened to a subject, as events with ids of their own and snapshots."""
    return [
        Snapshot(subject, each.source.removeprefix("snapshot "), each.happened, each.known, each.fields)
        if each.source.startswith("snapshot ")
        else Event(f"{subject}-{number}", subject, each.source, each.happened, each.known, each.fields)
        for number, each in enumerate(happenings)
    ]


def moments_of(records: list[Event | Snapshot], features: Definitions, most: int) -> list[dt.datetime]:
    """Moments around which something changes, some of them: at each one, and just before and after it."""
    lengths = {each.window for each in features.features.values() if each.window}
    lengths |= {(each.window or 0) + each.against for each in features.features.values() if each.against}
    edges = {moment for record in records for moment in (record.happened, record.known)} or {START}
    edges |= {edge + length * DAY for edge in edges for length in lengths}
    chosen = sorted(edges)[:: 1 + len(edges) // most]
    return sorted({moment for edge in chosen for moment in (edge - TICK, edge, edge + TICK)})
