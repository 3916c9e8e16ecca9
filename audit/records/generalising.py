"""Rows made alike: what is left of a row in clear is what at least `k` people have, in every column together.

A row alone is told by its rare combinations, even where no column has a value of one person's own. So the rows of one
kind, service and readability are coarsened together, a column at a time, that with the most different values first:
numbers and days as `COARSE` has them, then masked. Whichever rows are alike with those of enough others leave as they
are by then; the rest go on, and in the end are masked whole. This is Datafly (Sweeney 1998) with the choice made anew
for what remains.

People are counted, not rows: a customer's own ten rows hide nobody. A row without a subject counts as one of somebody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.records.masking import MASKED

Json = dict[str, Any]
Place = tuple[str, ...]
"""Where a column stands in a row: `outcome`, `price`, or `trace`, the policy, the decision, and the how manieth."""

_IDS = ("entry_id", "subject")
_TOGETHER = ("kind", "service", "private_part")
"""Rows that differ in these are not made alike, but by being masked whole."""
_NONE = -1


@dataclass(frozen=True, slots=True)
class Alike:
    """A row that is ready, and its ids beside it; `masked` whole, or in part `coarser` than it was."""

    row: Json
    entry_id: str
    subject: str | None
    coarser: bool
    masked: bool = False

    @property
    def shown_subject(self) -> str | None:
        """None where the row is masked whole: then it is nobody's."""
        return None if self.masked else self.subject


def made_alike(rows: Iterable[tuple[Json, Json]], k: int) -> list[Alike]:
    """The rows, each given as it is and coarser, in any order. All are masked where there are fewer than `k` people."""
    tables: dict[tuple[Any, ...], _Table] = defaultdict(_Table)
    for fine, coarse in rows:
        tables[tuple(fine.get(name) for name in _TOGETHER)].add(fine, coarse)
    groups = [group for table in tables.values() for group in table.groups(k)]
    open_ones = sorted((group for group in groups if not group[0].masked), key=len)
    masked = [row for group in groups if group[0].masked for row in group]
    while masked and open_ones and people(masked) < k:
        masked += [_masked(row) for row in open_ones.pop(0)]
    return masked + [row for group in open_ones for row in group]


def people(rows: Iterable[Alike]) -> int:
    """How many people these rows may be about."""
    return len({row.subject or row.entry_id for row in rows})


def _masked(row: Alike) -> Alike:
    return Alike(dict(MASKED), row.entry_id, row.subject, True, True)


@dataclass(slots=True)
class _Rungs:
    """The values of a column, each with its coarser one, by number; number 0 is that there is none."""

    values: list[tuple[Any, Any]] = field(default_factory=lambda: [(None, None)])
    numbers: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    coarser: list[int] = field(default_factory=lambda: [0])
    """By the number of a value, the lowest one of those with the same coarser value."""
    first: dict[bytes, int] = field(default_factory=dict)

    def number(self, fine: Any, coarse: Any) -> int:
        key = canonical(fine), canonical(coarse)
        number = self.numbers.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append((fine, coarse))
            self.coarser.append(self.first.setdefault(key[1], number))
        return number


@dataclass(slots=True)
class _Table:
    """Rows by columns of numbers: of one kind and service."""

    ids: list[tuple[str, str | None]] = field(default_factory=list)
    columns: dict[Place, list[int]] = field(default_factory=dict)
    rungs: dict[Place, _Rungs] = field(default_factory=dict)
    order: dict[Place, int] = field(default_factory=dict)

    def add(self, fine: Json, coarse: Json) -> None:
        """Takes a row in."""
        parts, coarser = dict(_split(fine)), dict(_split(coarse))
        for order, place in enumerate(parts):
            if place not in self.columns:
                self.columns[place], self.rungs[place] = [0] * len(self.ids), _Rungs()
                self.order[place] = order
        for place, column in self.columns.items():
            column.append(self.rungs[place].number(parts[place], coarser[place]) if place in parts else 0)
        self.ids.append((fine["entry_id"], fine.get("subject")))

    def groups(self, k: int) -> Iterator[list[Alike]]:
        """Rows that are alike, of `k` people at least, and those that are masked whole."""
        left = list(range(len(self.ids)))
        now = {place: column for place, column in self.columns.items() if place[0] not in _TOGETHER}
        levels = dict.fromkeys(now, 0)
        counts = {place: len(set(column)) for place, column in now.items()}
        while left:
            found: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for at, (_, *numbers) in enumerate(zip(left, *now.values(), strict=True)):
                found[tuple(numbers)].append(at)
            kept = []
            for alike in found.values():
                if len({self._person(left[at]) for at in alike}) >= k:
                    yield [self._row(left[at], levels) for at in alike]
                else:
                    kept += alike
            if len(kept) < len(left):
                left = [left[at] for at in kept]
                now = {place: [column[at] for at in kept] for place, column in now.items()}
                counts = {place: len(set(column)) for place, column in now.items()}
            place = max(counts, key=lambda place: counts[place], default=None)
            if place is None or counts[place] < 2:
                break
            levels[place] += 1
            coarser = self.rungs[place].coarser
            now[place] = [coarser[number] for number in now[place]] if levels[place] == 1 else [_NONE] * len(left)
            counts[place] = len(set(now[place]))
        if left:
            yield [_masked(Alike({}, *self.ids[at], coarser=True)) for at in left]

    def _person(self, at: int) -> str:
        entry_id, subject = self.ids[at]
        return subject or entry_id

    def _row(self, at: int, levels: dict[Place, int]) -> Alike:
        row: Json = {}
        changed = False
        for place in sorted(self.columns, key=lambda place: (self.order[place], place)):
            number, level = self.columns[place][at], levels.get(place, 0)
            fine, coarse = self.rungs[place].values[number]
            if level == 2:
                _put(row, place, _mark(place))
                changed = changed or not number or fine != _mark(place)
            elif number:
                _put(row, place, coarse if level else fine)
                changed = changed or (level == 1 and coarse != fine)
        return Alike(row, *self.ids[at], coarser=changed)


def _split(row: Json) -> Iterator[tuple[Place, Any]]:
    """The columns of a row: each fact, part of the outcome and step has its own."""
    for name, value in row.items():
        if name in _IDS:
            continue
        if name in ("facts", "outcome") and isinstance(value, dict):
            yield (name,), {}
            yield from (((name, part), inner) for part, inner in value.items())
        elif name == "trace":
            yield (name,), []
            yield from _steps(value)
        else:
            yield (name,), value


def _steps(trace: Sequence[Json]) -> Iterator[tuple[Place, Json]]:
    seen: Counter[tuple[str, str]] = Counter()
    for step in trace:
        made = str(step.get("policy")), str(step.get("decision"))
        yield ("trace", *made, str(seen[made])), step
        seen[made] += 1


def _mark(place: Place) -> Any:
    """What stands in place of a masked column, which says nothing of whether the row had it."""
    match place:
        case ("facts", _):
            return {"value": MASKED}
        case ("trace", policy, decision, _):
            return {"policy": policy, "decision": decision, "gives": MASKED}
        case ("facts" | "outcome",):
            return {}
        case ("trace",):
            return []
    return MASKED


def _put(row: Json, place: Place, value: Any) -> None:
    match place:
        case ("trace", _, _, _):
            row.setdefault("trace", []).append(value)
        case ("facts" | "outcome" as name, part):
            row.setdefault(name, {})[part] = value
        case ("facts" | "outcome" as name,):
            row.setdefault(name, {})
        case ("trace",):
            row.setdefault("trace", [])
        case _:
            row[place[0]] = value
