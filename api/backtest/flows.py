"""Flows: how many decisions went from which value of an output to which, counted as they come by."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from ordain.api.backtest.bands import Band, band_of, in_bands
from ordain.api.backtest.leaves import Leaf
from ordain.api.limits import LIMITS
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import plain

Json = dict[str, Any]

OTHER = "(other)"
"""All values beyond those that are told apart."""
_ZERO = Decimal(0)
_MEAN_DIGITS = Decimal("0.0001")


class WordFlow:
    """Of an output that is no number. `most` values are told apart, in the order in which they came."""

    def __init__(self, most: int = LIMITS.flow_values) -> None:
        self._most = most
        self._known: dict[str, str] = {}
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._changed = 0

    def add(self, old: str, new: str) -> None:
        """Counts one decision."""
        self._changed += old != new
        self._pairs[self._named(old), self._named(new)] += 1

    def data(self) -> Json:
        """`values`, and `flows` of how many went from which to which; those that came from one are together."""
        values = [value for value in self._known.values() if value != OTHER]
        if any(OTHER in pair for pair in self._pairs):
            values.append(OTHER)
        return {"kind": "words", "changed": self._changed, "values": values, "flows": _flows(values, self._pairs)}

    def _named(self, value: str) -> str:
        if value not in self._known and len(self._known) >= self._most:
            return OTHER
        return self._known.setdefault(value, value)


class NumberFlow:
    """Of an output that is a number. Where `unit` is a currency, it is money; amounts are added up as decimals."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self._exact: Counter[tuple[Decimal, Decimal]] | None = Counter()
        self._bands: Counter[tuple[Band, Band]] = Counter()
        self._distinct: set[Decimal] = set()
        self._up = self._down = self._same = self._appeared = self._vanished = 0
        self._neither = self._others = 0
        self._old = self._new = _ZERO
        self._most_up: tuple[Decimal, str, Decimal, Decimal] | None = None
        self._most_down: tuple[Decimal, str, Decimal, Decimal] | None = None

    def add(self, name: str, old: Leaf, new: Leaf) -> None:
        """Counts the decision with that name."""
        before, after = old.number, new.number
        if before is None or after is None:
            self._appeared += before is None and after is not None
            self._vanished += before is not None and after is None
            self._neither += before is None and after is None
            return
        if old.unit != new.unit:
            self._others += 1
            return
        change = NUMBERS.subtract(after, before)
        self._old, self._new = NUMBERS.add(self._old, before), NUMBERS.add(self._new, after)
        if change > _ZERO:
            self._up += 1
            if self._most_up is None or change > self._most_up[0]:
                self._most_up = change, name, before, after
        elif change < _ZERO:
            self._down += 1
            if self._most_down is None or change < self._most_down[0]:
                self._most_down = change, name, before, after
        else:
            self._same += 1
        self._count(before, after)

    def data(self) -> Json:
        """Counts, totals, means and the largest changes as decimal texts, and `flows` between values or bands."""
        both = self._up + self._down + self._same
        change = NUMBERS.subtract(self._new, self._old)
        if self._exact is not None:
            values = [Band(value, value) for value in sorted(self._distinct)]
            flows = Counter({(Band(a, a), Band(b, b)): count for (a, b), count in self._exact.items()})
        else:
            values, flows = in_bands(self._bands, LIMITS.flow_bands)
        named = Counter({(str(old), str(new)): count for (old, new), count in flows.items()})
        return {
            "kind": "numbers",
            "unit": self.unit,
            "changed": self._up + self._down + self._appeared + self._vanished + self._others,
            "up": self._up,
            "down": self._down,
            "same": self._same,
            "appeared": self._appeared,
            "vanished": self._vanished,
            "neither": self._neither,
            "other_unit": self._others,
            "total_old": plain(self._old),
            "total_new": plain(self._new),
            "mean_old": mean(self._old, both),
            "mean_new": mean(self._new, both),
            "mean_change": mean(change, both),
            "largest_up": _largest(self._most_up),
            "largest_down": _largest(self._most_down),
            "bands": self._exact is None,
            "values": [str(value) for value in values],
            "flows": _flows([str(value) for value in values], named),
        }

    def _count(self, before: Decimal, after: Decimal) -> None:
        if self._exact is not None:
            self._distinct.update((before, after))
            self._exact[before, after] += 1
            if len(self._distinct) <= LIMITS.flow_values:
                return
            for (old, new), count in self._exact.items():
                self._bands[band_of(old), band_of(new)] += count
            self._exact = None
            self._distinct.clear()
            return
        self._bands[band_of(before), band_of(after)] += 1


def mean(total: Decimal, count: int) -> str | None:
    """A mean as a decimal text, with four digits after the point; None of nothing."""
    if not count:
        return None
    found = NUMBERS.divide(total, Decimal(count))
    with suppress(InvalidOperation):  # of a number with more digits before the point than that leaves room for
        found = found.quantize(_MEAN_DIGITS, context=NUMBERS)
    return str(plain(found.normalize(NUMBERS)))


def share(part: int, whole: int) -> str | None:
    """A part of a whole, from 0 to 1, as `mean` writes it."""
    return mean(Decimal(part), whole)


def _largest(found: tuple[Decimal, str, Decimal, Decimal] | None) -> Json | None:
    if found is None:
        return None
    change, name, old, new = found
    return {"decision": name, "change": plain(change), "old": plain(old), "new": plain(new)}


def _flows(values: list[str], pairs: Counter[tuple[str, str]]) -> list[Json]:
    places = {value: place for place, value in enumerate(values)}
    ordered = sorted(pairs, key=lambda pair: (places[pair[0]], places[pair[1]]))
    return [{"old": old, "new": new, "count": pairs[old, new]} for old, new in ordered]
