"""A version that scores for a share of the subjects, and the live one for the rest: always the same ones for the same
version, by the buckets that roll-outs of policies have, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordain.api.late_model import LateModel
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.lifecycle.bucket import bucket
from ordain.engine.policy.facts import FactSource

Models = Mapping[str, FactSource | ModelDegradationDetected]


@dataclass(frozen=True, slots=True)
class PartlyLive:
    """`share` of 10,000 buckets of subjects are scored by `model`; `source` is what is asked: the model, or what stands
    for it where several decisions are scored together."""

    model: LateModel
    share: int
    source: FactSource

    def takes(self, subject: str) -> bool:
        """Whether it scores for them. One that cannot be read scores for nobody."""
        label = f"model {self.model.name}@{self.model.version}"
        return self.model.fault is None and bucket(label, subject) < self.share


def models_for(subject: str, models: Models, partly: Mapping[str, PartlyLive]) -> Models:
    """`models`, with those of `partly` that take this subject in the places of the live ones."""
    taken = {name: each.source for name, each in partly.items() if each.takes(subject)}
    return {**models, **taken} if taken else models
