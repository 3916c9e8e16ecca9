"""Features that give the label away, looked for before training: a model that learned from them is worthless in use.

A strong feature is no leak. What gives a leak away is that it alone reaches what all other features together do not
come near to (Kaufman et al. 2012, "Leakage in data mining", section 4: too good to be true), so each suspect is judged
by what trees make of the others on rows they have not learned from. Other suspects of the same kind are not among those
others: two leaks would hide each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, Issue, SettingsError, counted, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind
from ordain.models.data.table import LABEL, Table
from ordain.models.features.encoder import Encoder, Row
from ordain.models.limits import LIMITS
from ordain.models.methods.binary_metrics import auc
from ordain.models.methods.copies import Copies, copies_in, numbered
from ordain.models.training.leak_groups import TIMES, Group, odds, pure
from ordain.models.training.others import Reached

KNOWN, LEFT, DAYS = "known", "left", "days"
"""Roles: when the features were read, when the label came true, how many days lay between."""
STRONG = 0.85
"""AUC from which on a feature is a suspect; no more than that: clean tables have such features."""
PERFECT = 0.95
"""AUC of a feature alone that is near perfect, where the others leave twice its error (1 - AUC) at least."""
WITH_IT = 0.95
"""AUC of all features together that is near perfect, where three times the error is left without the suspect."""
ALONE = 0.70
"""And the least AUC of the suspect alone then: two good features are not taken for one leak."""
LEARNABLE = 6
"""Different rows of each label without which nothing can be learned from two thirds, and training is refused anyway."""
_LEAVE = "leave it out of the mapping, unless it is known before the label is; then train with --allow-leak {}"


@dataclass(frozen=True, slots=True)
class Leak:
    """`feature` is "" where rows are at fault; then nothing allows it."""

    feature: str
    seen: str
    do: str

    def issue(self) -> Issue:
        return Issue(self.seen, self.do, fact=self.feature, code="leak")


def allowed_leaks(table: Table, allowed: Collection[str] = (), seed: int = 0) -> tuple[Leak, ...]:
    """The leaks that were found and that the user knows about, for the card; none for a table without a label.

    Raises DataQualityIssue with every other leak, and SettingsError when `allowed` names no feature.
    """
    names = [fact.name for fact in table.facts]
    for name in allowed:
        if name not in names:
            raise SettingsError(f"there is no feature `{name}` to allow", did_you_mean(name, names))
    found = leaks_in(table, seed)
    if refused := [leak.issue() for leak in found if leak.feature not in allowed]:
        raise DataQualityIssue(refused)
    return found


def leaks_in(table: Table, seed: int = 0) -> tuple[Leak, ...]:
    """Every leak that is found, in the order of the features, then those of rows. Too few rows of a label show none."""
    labels = table.labels if LABEL in table.roles else np.zeros(0, dtype=np.int64)
    if not table.facts or min(int(labels.sum()), int((1 - labels).sum())) < LIMITS.fewest_rows:
        return ()
    encoder = Encoder(table.facts)
    rows = encoder.rows(table.rows)
    group = numbered(rows)
    copied = _copied(copies_in(group, labels))
    # A group that is pure because one row stands there many times says nothing about its feature.
    kept = np.unique(2 * group + labels, return_index=True)[1] if copied else np.arange(len(labels))
    different = [len(np.unique(group[labels == label])) for label in (0, 1)]
    found = _Search(encoder, rows[kept], labels[kept], seed).leaks() if min(different) >= LEARNABLE else {}
    return (*(found[fact.name] for fact in table.facts if fact.name in found), *copied, *_late(table, labels))


class _Search:
    """Suspects by a quick look at each feature alone; each is judged by what the others reach, until no more fall."""

    def __init__(self, encoder: Encoder, rows: Row, labels: NDArray[np.int64], seed: int) -> None:
        self.labels = labels
        self.reached = Reached(encoder, rows, labels, seed)
        self.alone: dict[str, float] = {}
        self.groups: dict[str, tuple[Group, ...]] = {}
        for fact, start in zip(encoder.facts, encoder.starts, strict=True):
            values, names = _values(fact, rows, start)
            self.alone[fact.name] = _alone(values, labels)
            self.groups[fact.name] = pure(values, names, labels)
        self.suspects = [name for name in self.alone if self.alone[name] >= STRONG or self.groups[name]]
        self.perfect = {name for name in self.suspects if self.alone[name] >= PERFECT}

    def leaks(self) -> dict[str, Leak]:
        found: dict[str, Leak] = {}
        while new := {name: leak for name in self.suspects if name not in found and (leak := self.judged(name, found))}:
            found |= new
        return found

    def judged(self, name: str, known: Mapping[str, Leak]) -> Leak | None:
        without = {name, *known, *self.perfect}
        for group in self.groups[name]:
            beside = {each for each in self.suspects if any(group.overlaps(other) for other in self.groups[each])}
            if seen := self.pure(name, group, without | beside):
                return Leak(name, seen, _LEAVE.format(name))
        seen = self.strong(name, without) if self.alone[name] >= STRONG else ""
        return Leak(name, seen, _LEAVE.format(name)) if seen else None

    def pure(self, name: str, group: Group, without: Collection[str]) -> str:
        chances = self.others(without)[group.rows]
        expected = float((chances if group.label == 0 else 1 - chances).sum())
        size = len(chances)
        if odds(group.most) * TIMES > odds(expected / size):
            return ""
        of_label, label = int((self.labels == group.label).sum()), ("false", "true")[group.label]
        return (
            f"`{name}` {group.what} in {counted(size, 'row')}: {size - group.others:,} of the {of_label:,} rows whose "
            f"label is {label}, and {group.others:,} others where the other features suggest {expected:,.0f}"
        )

    def strong(self, name: str, without: Collection[str]) -> str:
        reached = auc(self.labels, self.others(without))
        alone = auc(self.labels, self.reached.chances([name]))
        together = auc(self.labels, self.others(set(without) - {name}))
        surely = alone - 2 * _spread(alone, self.labels)
        if surely >= STRONG and alone >= PERFECT and 1 - reached >= 2 * (1 - alone):
            return f"`{name}` alone tells the labels apart with an AUC of {alone:.3f}, {self.rest(reached)}"
        if surely >= ALONE and together >= WITH_IT and 1 - reached >= 3 * (1 - together):
            return f"with `{name}` the labels are told apart with an AUC of {together:.3f}, {self.rest(reached)}"
        return ""

    def rest(self, reached: float) -> str:
        return f"without it the other features together reach {reached:.3f}"

    def others(self, without: Collection[str]) -> NDArray[np.float64]:
        return self.reached.chances([name for name in self.reached.features if name not in without])


def _values(fact: Fact, rows: Row, start: int) -> tuple[NDArray[np.float64], tuple[str, ...] | None]:
    """One number for each row, NaN where it is missing, and their names, where they stand for texts or flags."""
    if fact.type.kind is not Kind.TEXT:
        return rows[:, start].astype(np.float64), ("false", "true") if fact.type.kind is Kind.FLAG else None
    cells = rows[:, start : start + len(fact.type.values)]
    return np.where(np.isnan(cells[:, 0]), math.nan, cells.argmax(axis=1)), fact.type.values


def _alone(values: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """AUC of the share of the label in up to 40 bins, on the rows themselves: a first look, a little too good."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, 41), method="lower")) if len(known) else known
    bins = np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right"))
    sizes = np.bincount(bins)
    shares = np.bincount(bins, weights=labels) / np.maximum(sizes, 1)
    return auc(labels, shares[bins])


def _spread(reached: float, labels: NDArray[np.int64]) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982); at 1, that of one row that is not told apart."""
    true = int(labels.sum())
    false = len(labels) - true
    least = min(reached, 1 - 1 / (true * false))
    one, two = least / (2 - least), 2 * least**2 / (1 + least)
    square = least * (1 - least) + (true - 1) * (one - least**2) + (false - 1) * (two - least**2)
    return math.sqrt(max(square, 0.0) / (true * false))


def _copied(copies: Copies) -> tuple[Leak, ...]:
    if (label := copies.copied) is None:
        return ()
    share, other = copies.shares[label], copies.shares[1 - label]
    seen = (
        f"{share:.0%} of the different rows whose label is {('false', 'true')[label]} stand there several times, and "
        f"{other:.0%} of the others: rows of one label were copied before the split"
    )
    return (Leak("", seen, "train on the table as it was; the labels need no balance, the chances are calibrated"),)


def _late(table: Table, labels: NDArray[np.int64]) -> tuple[Leak, ...]:
    """Features that were read when the label had come true already."""
    found = []
    known, left = table.roles.get(KNOWN), table.roles.get(LEFT)
    if known is not None and left is not None:
        pairs = zip(known, left, labels, strict=True)
        late = sum(
            isinstance(read, date) and isinstance(came, date) and read >= came for read, came, label in pairs if label
        )
        if late:
            found.append(f"the features of {counted(late, 'row')} were read when the label had come true already")
    days = table.roles.get(DAYS, ())
    gone = sum(label == 1 and each is not None and each <= 0 for each, label in zip(days, labels, strict=False))
    if gone:
        found.append(f"`{DAYS}` is 0 or less for {counted(gone, 'row')} whose label is true: they had left already")
    return tuple(Leak("", seen, "read the features as they were before, or leave these rows out") for seen in found)
