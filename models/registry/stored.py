"""One stored version as its files say, before anything is loaded from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact
from ordain.models.registry.card import Card
from ordain.models.specs.catalogue import SPECS


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


def broken(name: str, version: int | str, what: str, spec: str = "") -> ModelDegradationDetected:
    """The error for a version that cannot be used; `spec` is the model that it was trained as, where that is known."""
    return ModelDegradationDetected(
        f"model `{name}` version {version}: {what}", f"run: {training(name, spec)} --promote"
    )


def training(name: str, spec: str = "") -> str:
    """The command that trains the next version of what policies call `name`, which need not be the model's own name."""
    model = spec or (name if name in SPECS else "")
    if model == name:
        return f"ordain train {name}"
    return f"ordain train {model or 'MODEL'} --name {name}"
