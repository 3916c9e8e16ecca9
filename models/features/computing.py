"""The features of one subject, worked out from its records in plain Python: what a reading of the store does.

Beside each value stands until when it holds if nothing more becomes known: the next moment at which a record enters
what counts, or leaves a window.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import orjson

from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Value
from ordain.models.features.definition import COMPARES, DAY, SINCE, Aggregation, Definition, Definitions
from ordain.models.features.field_values import Fields, begins, fields_of, holds, number_in, picked
from ordain.models.features.figures import Figures, settle


class Record(NamedTuple):
    """An event or a snapshot. Times in microseconds; `id` is empty for a snapshot; `fields` is JSON."""

    source: str
    happened: int
    known: int
    id: str
    fields: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What `figures.settle` gave, and from when on it may be something else; None: never by time alone."""

    value: Value
    until: int | None


def features_of(definitions: Definitions, records: Iterable[Record], at: int) -> dict[str, Settled]:
    """All features of one subject at a moment. Records may come in any order, those not yet known too."""
    by_source: dict[str, list[Record]] = {source: [] for source in definitions.sources}
    for record in records:
        if record.source in by_source:
            by_source[record.source].append(record)
    timelines = {source: _Timeline(found, at) for source, found in by_source.items()}
    return {name: timelines[each.source].feature(each) for name, each in definitions.features.items()}


class _Timeline:
    """The records of one source that count at a moment, in the order in which they happened."""

    def __init__(self, records: list[Record], at: int) -> None:
        self.at = at
        there = [record for record in records if record.happened <= at and record.known <= at]
        # By what happened first, was known first, and last by the id: the same order on every machine.
        there.sort(key=lambda record: record[1:4])
        self.fields = [fields_of(record.fields) for record in there]
        self.happened = [record.happened for record in there]
        entering = [max(record.happened, record.known) for record in records] if len(there) < len(records) else []
        self.enters = min((moment for moment in entering if moment > at), default=None)

    def feature(self, definition: Definition) -> Settled:
        window, against = (None if days is None else days * DAY for days in (definition.window, definition.against))
        first = 0 if window is None else bisect_right(self.happened, self.at - window)
        moments = [self.enters, self._leaves(first, window)]
        before = 0
        if window is not None and against is not None:
            before = bisect_right(self.happened, self.at - window - against)
            moments.append(self._leaves(before, window + against))
        places: Sequence[int] = range(first, len(self.fields))
        if definition.of_snapshot:
            places = places[-1:]
        if definition.where:
            places = [place for place in places if holds(self.fields[place], definition.where)]
        figures = self._figures(definition, places)
        if definition.aggregation in COMPARES:
            earlier = [self.fields[p] for p in range(before, first) if holds(self.fields[p], definition.where)]
            figures = Figures(figures.count, figures.total, _sum(definition, earlier)[1])
        return Settled(settle(definition, figures), min((m for m in moments if m is not None), default=None))

    def _leaves(self, first: int, length: int | None) -> int | None:
        """When the earliest record of a window that begins at that place leaves it."""
        return None if length is None or first == len(self.happened) else self.happened[first] + length

    def _figures(self, definition: Definition, places: Sequence[int]) -> Figures:
        name = definition.field
        match definition.aggregation:
            case Aggregation.COUNT | Aggregation.EXISTS:
                return Figures(len(places))
            case Aggregation.SUM | Aggregation.MEAN | Aggregation.CHANGE | Aggregation.FALL:
                return Figures(*_sum(definition, (self.fields[place] for place in places)))
            case Aggregation.DISTINCT:
                held = (self.fields[place].get(name) for place in places)
                return Figures(len({orjson.dumps(raw) for raw in held if raw is not None}))
            case Aggregation.MIN | Aggregation.MAX:
                held = (self.fields[place].get(name) for place in places)
                values = {value: raw for raw in held if (value := picked(raw, definition.type)) is not None}
                if not values:
                    return Figures()
                return Figures(raw=values[(min if definition.aggregation is Aggregation.MIN else max)(values)])
        if definition.aggregation in SINCE and not name:
            return Figures(begins=self.happened[places[-1]] if places else None)
        ordered = places if definition.aggregation is Aggregation.FIRST else reversed(places)
        held = (self.fields[place].get(name) for place in ordered)
        raw = next((raw for raw in held if raw is not None), None)
        return Figures(begins=begins(raw)) if definition.aggregation in SINCE else Figures(raw=raw)


def _sum(definition: Definition, fields: Iterable[Fields]) -> tuple[int, Decimal | None]:
    """How many hold a number, and their sum: exact, as each has few digits. The sum is None where none does."""
    count, total = 0, Decimal(0)
    for each in fields:
        if (number := number_in(each.get(definition.field))) is not None:
            count, total = count + 1, NUMBERS.add(total, number)
    return count, total if count else None
