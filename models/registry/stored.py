"""One stored version as its files say, before anything is loaded from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact
from ordain.models.registry.card import Card


@dataclass(frozen=True, slots=True)
class Stored:
    """A version as its files say, checked by their sums; it does not score. `digest` is that of the card's bytes."""

    card: Card
    digest: str
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def version(self) -> str:
        return str(self.card.version)

    @property
    def reads(self) -> tuple[Fact, ...]:
        return self.card.facts

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs, the model's own first."""
        return tuple(output.name for output in self.card.outputs)


def broken(name: str, version: int | str, what: str) -> ModelDegradationDetected:
    """The error for a version that cannot be used."""
    return ModelDegradationDetected(f"model `{name}` version {version}: {what}", f"run: ordain train {name} --promote")
