"""Differences found by trying customers, where two versions cannot be compared exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ordain.engine.compare.deciding import Difference
from ordain.engine.compare.example_customers import Customer, Pair
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import Value, plain

MOST_TRIED = LIMITS.compared_samples
MOST_NAMED = LIMITS.compared_regions


@dataclass(frozen=True, slots=True)
class Sampled:
    """`tried` customers were decided by both versions, and `differing` of them otherwise; of those one for each
    difference that there was, at most so many as are named."""

    tried: int
    differing: int
    found: tuple[Customer, ...]


def sampled(pair: Pair) -> Sampled:
    """The customers of the examples of both versions, and each of them with one fact changed to a value at a border."""
    tried = differing = 0
    found: dict[Difference, Customer] = {}
    seen: set[str] = set()
    for facts, at in _customers(pair):
        key = repr((plain(dict(facts)), at))
        if key in seen:
            continue
        seen.add(key)
        tried += 1
        difference = pair.difference(facts, at)
        if difference:
            differing += 1
            if difference not in found and len(found) < MOST_NAMED:
                found[difference] = Customer(facts, at, difference)
        if tried >= MOST_TRIED:
            break
    return Sampled(tried, differing, tuple(found.values()))


def _customers(pair: Pair) -> Iterator[tuple[Mapping[str, Value], dt.datetime]]:
    base = pair.base()
    seeds = []
    for compiled in (pair.new, pair.old):
        for example in compiled.policy.examples:
            seeds.append(({**base, **example.given}, example.at))
    seeds.append((base, pair.times[0]))
    yield from seeds
    for facts, at in seeds:
        for name, values in pair.choices.items():
            for value in values:
                yield {**facts, name: value}, at
        for when in pair.times:
            yield facts, when
