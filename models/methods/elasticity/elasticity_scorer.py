"""Trained price elasticities, asked for one segment and product."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ordain.engine.errors import (
    CustomerDataIncomplete,
    DataQualityIssue,
    Issue,
    ModelDegradationDetected,
    OrdainError,
    did_you_mean,
)
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.types import Value
from ordain.models.methods.elasticity.willingness import prices, share_that_buys

FILE = "elasticities.json"
DIGITS = 4
PRICE_DIGITS = 2
BASES = ("own", "drawn", "pooled")
OWN = 0.9
"""Weight of a group's own estimate from which on it is called its own."""


@dataclass(frozen=True, slots=True)
class GroupElasticity:
    """What is known of one segment and product. `usable` is not so where its own estimate was above 0, or none."""

    estimate: float
    low: float
    high: float
    weight: float
    usable: bool

    @property
    def basis(self) -> str:
        if not self.usable:
            return "pooled"
        return "own" if self.weight >= OWN else "drawn"


class ElasticityScorer:
    """Nothing changes once it is made: safe between threads."""

    def __init__(self, name: str, files: Mapping[str, bytes], reads: tuple[Fact, ...]) -> None:
        self.name, self.reads = name, reads
        try:
            kept = json.loads(files[FILE])
            self._groups = {(str(each["segment"]), str(each["product"])): _group(each) for each in kept["groups"]}
            self._pooled = _group(kept["pooled"])
            self._prices = {str(product): _bounds(pair) for product, pair in kept["prices"].items()}
            self._usual = {"segment": str(kept["usual"][0]), "product": str(kept["usual"][1])}
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise self._broken(f"its file is damaged: {str(error)[:120]}") from None
        self._known = {
            role: sorted({pair[number] for pair in self._groups}) for number, role in enumerate(("segment", "product"))
        }
        if not self._groups or set(self._known["product"]) - set(self._prices):
            raise self._broken("its file is damaged: groups or prices are missing")
        if {fact.name for fact in reads} - {"segment", "product"} or not reads:
            raise self._broken("it is not asked by segment and product")
        self._mean_of_segment = {
            segment: float(np.mean([each.estimate for (of, _), each in self._groups.items() if of == segment]))
            for segment in self._known["segment"]
        }
        self._curves = {pair: self._curve(pair[1], each) for pair, each in self._groups.items()}

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        return [self._score(inputs) for inputs in many]

    def _score(self, inputs: Mapping[str, Value]) -> Score | OrdainError:
        asked = {fact.name: inputs.get(fact.name) for fact in self.reads}
        if issues := [Issue(f"the model needs `{name}`", fact=name) for name, value in asked.items() if value is None]:
            return CustomerDataIncomplete(issues)
        if issues := [
            Issue(
                f"`{name}`: the model does not know `{value}`", did_you_mean(str(value), self._known[name]), fact=name
            )
            for name, value in asked.items()
            if value not in self._known[name]
        ]:
            return DataQualityIssue(issues)
        pair = str(asked.get("segment", "")), str(asked.get("product", ""))
        found = self._groups.get(pair, self._pooled)
        grid, shares = self._curves.get(pair) or self._curve(pair[1], found)
        also: dict[str, Value] = {
            "raw_elasticity": _decimal(found.estimate),
            "low": _decimal(found.low),
            "high": _decimal(found.high),
            "basis": found.basis,
            "curve_prices": grid,
            "curve": shares,
        }
        return Score(_decimal(min(1.0, max(-1.0, found.estimate))), self._reasons(pair, found), asked, also)

    def _reasons(self, pair: tuple[str, str], found: GroupElasticity) -> tuple[Reason, ...]:
        """What segment and product add to the pooled elasticity, in elasticity; they add up to the raw one.

        The segment's part is the mean of its products; the product's is the rest.
        """
        if not found.usable:
            return ()
        of_segment = self._mean_of_segment[pair[0]] if any(fact.name == "segment" for fact in self.reads) else None
        mean = self._pooled.estimate if of_segment is None else of_segment
        parts = {"segment": mean - self._pooled.estimate, "product": found.estimate - mean}
        if not any(fact.name == "product" for fact in self.reads):
            parts = {"segment": found.estimate - self._pooled.estimate}
        told = [
            Reason(name, pair[0] if name == "segment" else pair[1], _decimal(part), self._usual[name])
            for name, part in sorted(parts.items(), key=lambda item: -abs(item[1]))
        ]
        return tuple(reason for reason in told if reason.contribution)

    def _curve(self, product: str, found: GroupElasticity) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
        grid = prices(*self._prices[product])
        shares = share_that_buys(grid, min(found.estimate, 0.0))
        return tuple(_decimal(price, PRICE_DIGITS) for price in grid), tuple(_decimal(share) for share in shares)

    def _broken(self, what: str) -> ModelDegradationDetected:
        return ModelDegradationDetected(f"model `{self.name}`: {what}", f"run: ordain train {self.name}")


def _decimal(value: float, digits: int = DIGITS) -> Decimal:
    return round_to(Decimal(repr(float(value))), digits)


def _group(kept: Mapping[str, object]) -> GroupElasticity:
    """Raises KeyError, TypeError or ValueError for one that training did not write."""
    estimate, low, high, weight = (float(str(kept[name])) for name in ("estimate", "low", "high", "weight"))
    if not (np.isfinite([estimate, low, high]).all() and low <= estimate <= high and 0 <= weight <= 1):
        raise ValueError("an elasticity is not within its interval")
    if estimate >= 0 or not isinstance(kept["usable"], bool):
        raise ValueError("an elasticity is not below 0")
    return GroupElasticity(estimate, low, high, weight, kept["usable"])


def _bounds(pair: Sequence[float]) -> tuple[float, float]:
    low, high = float(pair[0]), float(pair[1])
    if not 0 < low <= high < np.inf:
        raise ValueError("a price is not above 0")
    return low, high
