"""The decisions of a backtest by the values of one fact: segments, and groups with how far their rates are apart.

The measure of groups is the rate at which a group gets an outcome, divided by that of the group that gets it most. In
employment a rate below four fifths of the highest is generally taken as evidence of adverse impact, and greater
differences may be none where the numbers are small (29 CFR 1607.4(D)). The ratio says where to look, and no more:
whether an outcome is a good one, what law there is and why rates differ, a person has to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ordain.api.backtest.bands import Band, band_of, joined
from ordain.api.backtest.flows import OTHER, mean, share
from ordain.api.backtest.leaves import Leaf, number_of, word_of
from ordain.api.limits import LIMITS
from ordain.engine.policy.facts import Fact
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Kind, plain

Json = dict[str, Any]
Leaves = Mapping[str, Leaf]

NOT_GIVEN = "(not given)"
SOURCE = "29 CFR 1607.4(D), the four-fifths rule"
_FOUR_FIFTHS = Fraction(4, 5)
_ZERO = Decimal(0)


@dataclass(slots=True)
class _Slice:
    """`words` has, by path and value, how many had it before and after; `numbers`, by path, both counts and totals."""

    decisions: int = 0
    changed: int = 0
    words: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    numbers: dict[str, list[Any]] = field(default_factory=dict)

    def take(self, other: _Slice) -> None:
        """Adds what another one counted."""
        self.decisions += other.decisions
        self.changed += other.changed
        for path, words in other.words.items():
            for word, counts in words.items():
                own = self.words.setdefault(path, {}).setdefault(word, [0, 0])
                own[:] = [own[at] + counts[at] for at in (0, 1)]
        for path, sums in other.numbers.items():
            held = self.numbers.setdefault(path, [0, 0, _ZERO, _ZERO])
            added = [NUMBERS.add(held[at], sums[at]) for at in (2, 3)]
            held[:] = [held[0] + sums[0], held[1] + sums[1], *added]


class Slices:
    """One fact's. A number goes by its band."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self._slices: dict[str | Band, _Slice] = {}
        self._most = LIMITS.slice_bands if fact.type.kind is Kind.NUMBER else LIMITS.slice_values
        self._words: dict[str, dict[str, None]] = {}
        self.seen = False
        """Whether any decision had a value of it."""

    def add(self, facts: Json, changed: bool, old: Leaves, new: Leaves) -> None:
        """Counts one decision."""
        value = self._value(facts.get(self.fact.name))
        if value not in self._slices and len(self._slices) >= self._most:
            value = OTHER
        part = self._slices.setdefault(value, _Slice())
        part.decisions += 1
        part.changed += changed
        for at, leaves in ((0, old), (1, new)):
            for path, leaf in leaves.items():
                if not leaf.is_number:
                    known = self._words.setdefault(path, {})
                    is_told = leaf.word in known or len(known) < LIMITS.slice_words
                    word = leaf.word if is_told else OTHER
                    known.setdefault(word)
                    part.words.setdefault(path, {}).setdefault(word, [0, 0])[at] += 1
                elif leaf.number is not None:
                    sums = part.numbers.setdefault(path, [0, 0, _ZERO, _ZERO])
                    sums[at] += 1
                    sums[at + 2] = NUMBERS.add(sums[at + 2], leaf.number)

    def segments(self) -> Json:
        """Each value with how many decisions it has, how many of them changed, and totals and means of numbers."""
        values = [
            {
                "value": value,
                "decisions": part.decisions,
                "changed": part.changed,
                "numbers": {path: _sums(sums) for path, sums in part.numbers.items()},
                "words": {
                    path: {word: {"old": old, "new": new} for word, (old, new) in words.items()}
                    for path, words in part.words.items()
                },
            }
            for value, part in self._ordered()
        ]
        return {"fact": self.fact.name, "values": values}

    def groups(self) -> Json:
        """The same, and the rates of each outcome by group, with their ratios to the highest one."""
        rates = [
            {"output": path, "value": word, "groups": self._rates(path, word)}
            for path, words in self._words.items()
            for word in words
            if len(words) > 1 and OTHER not in words  # what all have says nothing, nor does a text that nobody shares
        ]
        return {**self.segments(), "rates": rates, "source": SOURCE, "small_group": LIMITS.small_group}

    def _rates(self, path: str, word: str) -> list[Json]:
        counts = [
            (value, part.decisions, part.words.get(path, {}).get(word, [0, 0])) for value, part in self._ordered()
        ]
        large = [each for each in counts if each[1] >= LIMITS.small_group and each[0] not in (NOT_GIVEN, OTHER)]
        best = [max((Fraction(had[at], whole) for _, whole, had in large), default=Fraction(0)) for at in (0, 1)]
        told = []
        for value, whole, had in counts:
            is_compared = any(value == each[0] for each in large)
            ratios = [Fraction(had[at], whole) / best[at] if is_compared and best[at] else None for at in (0, 1)]
            told.append(
                {
                    "group": value,
                    "decisions": whole,
                    "old_rate": share(had[0], whole),
                    "new_rate": share(had[1], whole),
                    "old_ratio": _said(ratios[0]),
                    "new_ratio": _said(ratios[1]),
                    "too_small": whole < LIMITS.small_group,
                    "below_four_fifths": ratios[1] is not None and ratios[1] < _FOUR_FIFTHS,
                }
            )
        return told

    def _value(self, raw: Any) -> str | Band:
        if raw is None:
            return NOT_GIVEN
        self.seen = True
        amount = number_of(raw) if self.fact.type.kind is Kind.NUMBER else None
        return word_of(raw) if amount is None else band_of(amount)

    def _ordered(self) -> list[tuple[str, _Slice]]:
        """Declared values in their order, bands from the lowest, others by how many they are; what is none is last."""
        bands = {value: part.decisions for value, part in self._slices.items() if isinstance(value, Band)}
        into, merged = joined(bands, LIMITS.flow_bands), dict[str, _Slice]()
        for band in sorted(bands):
            merged.setdefault(str(into[band]), _Slice()).take(self._slices[band])
        declared = {value: place for place, value in enumerate(self.fact.type.values)}

        def place(item: tuple[str, _Slice]) -> tuple[bool, int, int, str]:
            value, part = item
            return value in (NOT_GIVEN, OTHER), declared.get(value, len(declared)), -part.decisions, value

        words = [(value, part) for value, part in self._slices.items() if isinstance(value, str)]
        return [*merged.items(), *sorted(words, key=place)]


def _sums(sums: list[Any]) -> Json:
    old, new, old_total, new_total = sums
    return {
        "total_old": plain(old_total),
        "total_new": plain(new_total),
        "mean_old": mean(old_total, old),
        "mean_new": mean(new_total, new),
    }


def _said(ratio: Fraction | None) -> str | None:
    return None if ratio is None else mean(Decimal(ratio.numerator), ratio.denominator)
