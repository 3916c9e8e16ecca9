"""A model's card: everything about a trained model that is not the trees, kept as `card.json` beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import SIMPLE, Type
from ordain.models.data.mapping import limits_from
from ordain.models.registry.quality import Bin, Metrics


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Feature(_Part):
    """The declaration of one fact that the model reads."""

    name: str
    type: Literal["number", "flag", "text"]
    values: tuple[str, ...] = ()
    range: str = ""
    optional: bool = False
    protected: bool = False
    meaning: str = ""

    @classmethod
    def of(cls, fact: Fact) -> Feature:
        return cls.model_validate(
            {
                "name": fact.name,
                "type": str(fact.type.kind),
                "values": fact.type.values,
                "range": "" if fact.limits is None else str(fact.limits),
                "optional": fact.optional,
                "protected": fact.protected,
                "meaning": fact.meaning,
            }
        )

    def fact(self) -> Fact:
        return Fact(
            name=self.name,
            type=Type(SIMPLE[self.type].kind, values=self.values),
            limits=limits_from(self.range) if self.range else None,
            optional=self.optional,
            personal=True,
            protected=self.protected,
            meaning=self.meaning,
        )


class Data(_Part):
    """What the model was trained on. `base_rate` is the share of all rows that churned."""

    table: str
    digest: str
    about: str
    licence: str
    synthetic: bool
    rows: int
    training: int
    validation: int
    held_out: int
    base_rate: float


class MappingText(_Part):
    name: str
    digest: str
    text: str


class Quality(_Part):
    """On held-out rows: the model, the model before calibration, and "everybody stays" at the training rows'
    churn rate, which any model has to beat."""

    model: Metrics
    uncalibrated: Metrics
    everybody_stays: Metrics
    reliability: tuple[Bin, ...]


class Card(_Part):
    """`slope` and `intercept` turn the trees' margin into calibrated log-odds (see models.calibration).

    `threshold` is the risk from which F1 is highest on the validation rows. `trained_at` is ISO 8601.
    """

    name: str
    version: int
    trained_at: str
    seed: int
    data: Data
    mapping: MappingText
    features: tuple[Feature, ...]
    parameters: dict[str, float | str]
    trees: int
    slope: float
    intercept: float
    threshold: float
    quality: Quality
    libraries: dict[str, str]
    model_digest: str

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(feature.fact() for feature in self.features)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"
