"""A model's card: everything about a trained version that is not its files, kept as `card.json` beside them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import SIMPLE, Type
from ordain.models.data.mapping import limits_from
from ordain.models.spec import Gives, Output, Report


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Feature(_Part):
    """The declaration of one fact that the model reads."""

    name: str
    type: Literal["number", "flag", "text", "date", "date and time"]
    values: tuple[str, ...] = ()
    range: str = ""
    optional: bool = False
    protected: bool = False
    meaning: str = ""

    @classmethod
    def of(cls, fact: Fact) -> Self:
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


class Given(_Part):
    """One output: a fact that the model can give. `type` is as `facts.yaml` writes it."""

    name: str
    gives: Gives
    type: str
    values: tuple[str, ...] = ()
    meaning: str = ""
    digits: int | None = None

    @classmethod
    def of(cls, output: Output) -> Self:
        return cls(
            name=output.name,
            gives=output.gives,
            type=str(output.type),
            values=output.type.values,
            meaning=output.meaning,
            digits=output.digits,
        )


class Data(_Part):
    """What the model was trained on. `parts` says how many rows were used for what."""

    table: str
    digest: str
    about: str
    licence: str
    synthetic: bool
    rows: int
    parts: dict[str, int]


class Spread(_Part):
    """One figure over several seeds: mean, standard deviation, lowest and highest."""

    figure: str
    mean: float
    deviation: float
    low: float
    high: float


class MappingText(_Part):
    name: str
    digest: str
    text: str


class Card(_Part):
    """`spec` names the specification that trained it and loads it; `name` is how policies call it.

    `seeds` are the figures over so many trainings as `trainings` says, each with a split of its own; `seed` is that of
    the first.
    `trained_at` is ISO 8601, `code` the version of Ordain that trained it, `files` the digest of each file.
    """

    name: str
    version: int
    spec: str
    about: str
    trained_at: str
    seed: int
    data: Data
    mapping: MappingText | None
    features: tuple[Feature, ...]
    outputs: tuple[Given, ...]
    parameters: dict[str, float | int | str]
    report: Report
    trainings: int = 1
    seeds: tuple[Spread, ...] = ()
    code: str
    libraries: dict[str, str]
    files: dict[str, str]

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(feature.fact() for feature in self.features)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"
