"""The moment that is decided for, as a fact: a model of demand is asked for the hour in which the price is quoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ordain.engine.fact_store import Kept
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind


@dataclass(frozen=True, slots=True)
class DecisionTime:
    """A store that says the same of everybody; a fact that is a date is that day, in the tenant's zone."""

    facts: Mapping[str, Fact]

    def read(self, subject: str, names: Collection[str], at: dt.datetime) -> Mapping[str, Kept]:
        """Of each of the names that is a fact."""
        return {
            name: Kept(at.date().isoformat() if self.facts[name].type.kind is Kind.DATE else at.isoformat(), at)
            for name in names
            if name in self.facts
        }
