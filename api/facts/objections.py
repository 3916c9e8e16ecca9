"""Who is not scored outside of a decision either: of whom a service asks no model (GDPR Article 21).

The conditions are those of `services.yaml` (`scores: unless`). Whoever one of them holds for is neither listed nor
learned from, whichever service it stands at; nor is somebody of whom it is not known, where the condition does not say
what holds then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ordain.engine.catalog import Catalog
from ordain.engine.late import late
from ordain.engine.score_gate import objections
from ordain.engine.values.types import Value

if TYPE_CHECKING:
    from ordain.models.store.store import FeatureStore


class Objections:
    """Raises PolicyError for a condition that is none."""

    def __init__(self, catalog: Catalog) -> None:
        self._gates = objections(catalog.services.by_name.values(), catalog.vocabulary)
        self.reads = tuple(sorted({fact.name for gate in self._gates for fact in gate.facts}))

    def hold(self, facts: Mapping[str, Value]) -> bool:
        """Whether somebody of whom this is known is not to be scored. Raises CalculationFailed."""
        given = {
            name: each.isoformat() if isinstance(each, dt.date) else each
            for name, each in facts.items()
            if each is not None
        }
        return any(gate.is_shut(given) for gate in self._gates)

    def among(self, store: FeatureStore, subjects: Iterable[str], at: dt.datetime) -> frozenset[str]:
        """Those of the subjects who are not to be scored, by what the feature store knows at that moment."""
        if not self._gates:
            return frozenset()
        names = [name for name in self.reads if name in store.definitions.features]
        found = late("ordain.models.store.bulk:features_at")(store, at, names, subjects)
        return frozenset(subject for subject, facts in found if self.hold(facts))
