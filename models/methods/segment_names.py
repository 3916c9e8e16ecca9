"""What segments are called: by a table of named profiles, and else by what marks them.

`models/specs/segment_names.yaml` holds the profiles that are shipped. Which segment gets which name is decided for all
at once, so that the sum of the distances is least (Kuhn 1955, the assignment problem).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.values.types import Kind
from ordain.models.methods.segment_assignment import Floats, Indices

LEVELS = {"very low": 0.1, "low": 0.3, "middle": 0.5, "high": 0.7, "very high": 0.9}
"""The mean rank, from 0 to 1, of a segment's customers among all."""
NEAR = 0.2
"""How far off a segment may be of a profile on the average of its features, in ranks: the distance of two levels."""
MARKED = 0.5
"""Standard deviations from the mean of all from which a feature marks a segment."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`levels` is the rank, from 0 to 1, by feature."""

    name: str
    levels: Mapping[str, float]


def read_profiles(path: Path) -> tuple[Profile, ...]:
    """The profiles in a YAML file. Raises PolicyError with every finding."""
    root = parse(read_file(path, path.name), path.name)
    issues: list[Issue] = []
    entries = root.get("profiles")
    if entries is None or not isinstance(entries.value, dict):
        raise PolicyError(Issue("`profiles` is missing", "such as `profiles: {budget: {usage_gb: low}}`", root.span))
    profiles = tuple(Profile(name, _levels(name, node, issues)) for name, node in entries.items())
    if issues:
        raise PolicyError(issues)
    return profiles


def _levels(name: str, node: Node, issues: list[Issue]) -> dict[str, float]:
    levels = {}
    for feature, level in node.items():
        if level.text in LEVELS:
            levels[feature] = LEVELS[level.text]
        else:
            issues.append(Issue(f"`{level.text}` is not a level", did_you_mean(level.text, LEVELS), level.span))
    if not list(node.items()):
        issues.append(Issue(f"the profile `{name}` has no features", "such as `{usage_gb: low}`", node.span))
    return levels


def named(
    facts: Sequence[Fact], starts: Sequence[int], places: Floats, labels: Indices, profiles: Sequence[Profile]
) -> tuple[str, ...]:
    """A name for each segment, no two the same. `places` (n, width) begin feature i at `starts[i]`; `labels` (n,)."""
    count = int(labels.max()) + 1
    names = _by_profile(facts, starts, places, labels, profiles)
    for segment in range(count):
        if segment not in names:
            names[segment] = _made(segment, facts, places, labels, set(names.values()))
    return tuple(names[segment] for segment in range(count))


def _by_profile(
    facts: Sequence[Fact], starts: Sequence[int], places: Floats, labels: Indices, profiles: Sequence[Profile]
) -> dict[int, str]:
    at = {fact.name: start for fact, start in zip(facts, starts, strict=True) if fact.type.kind is not Kind.TEXT}
    usable = [each for each in profiles if at.keys() >= each.levels.keys()]
    if not usable:
        return {}
    ranks = {name: _mean_ranks(places[:, start], labels) for name, start in at.items()}
    cost = np.array(
        [np.mean([np.abs(ranks[name] - level) for name, level in each.levels.items()], axis=0) for each in usable]
    )
    # What is too far costs the same wherever it goes, so that it takes no segment from a profile that is near.
    chosen = zip(*linear_sum_assignment(np.where(cost <= NEAR, cost, 1.0)), strict=True)
    return {int(segment): usable[row].name for row, segment in chosen if cost[row, segment] <= NEAR}


def _mean_ranks(values: Floats, labels: Indices) -> Floats:
    """For each segment the mean rank of its rows among all, from 0 to 1; equals share theirs."""
    ranks = (rankdata(values) - 0.5) / len(values)
    return np.asarray(np.bincount(labels, weights=ranks) / np.bincount(labels))


def _made(segment: int, facts: Sequence[Fact], places: Floats, labels: Indices, taken: set[str]) -> str:
    """The two features that mark it most, in the facts' order; more of them, then a number, where the name is taken."""
    marks = _marks(facts, places, labels == segment)
    strong = sum(mark.size >= MARKED for mark in marks)
    for count in range(min(strong, 2), len(marks) + 1):
        chosen = sorted(marks[:count], key=lambda mark: mark.at)
        name = ", ".join(mark.words for mark in chosen) or "usual customers"
        if name not in taken:
            return name
    return next(each for number in range(2, len(taken) + 3) if (each := f"{name} ({number})") not in taken)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How a segment differs in one feature: standard deviations from the mean of all, the feature's number, words."""

    size: float
    at: int
    words: str


def _marks(facts: Sequence[Fact], places: Floats, own: NDArray[np.bool_]) -> list[_Mark]:
    """What marks the rows `own`, the strongest first."""
    spread = places.std(axis=0)
    away = (places[own].mean(axis=0) - places.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    marks, cell = [], 0
    for at, fact in enumerate(facts):
        if fact.type.kind is Kind.TEXT:
            values = fact.type.values
            best = int(np.argmax(away[cell : cell + len(values)]))
            marks.append(_Mark(float(away[cell + best]), at, f"{fact.name} {values[best]}"))
            cell += len(values)
            continue
        words = ("high", "low") if fact.type.kind is Kind.NUMBER else ("mostly", "rarely")
        marks.append(_Mark(abs(float(away[cell])), at, f"{words[0] if away[cell] > 0 else words[1]} {fact.name}"))
        cell += 1
    return sorted(marks, key=lambda mark: (-mark.size, mark.at))
