"""The model `segments`: which kind of customer somebody is, by what all customers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.late import late
from ordain.engine.policy.facts import Fact
from ordain.engine.text.source import digest_of
from ordain.engine.values.types import FLAG, NUMBER, TEXT, Limits, Type, Value
from ordain.models.data.table import Table
from ordain.models.spec import Artifact, Gives, Output, Parameter, Progress, Role, Scorer

NAMES = Path(__file__).with_name("segment_names.yaml")
ELASTICITY_NOISE = 0.15
"""Standard deviation of what an operator would estimate of a SYNTHETIC customer's elasticity around the true one."""

_SAMPLE = (
    Fact("usage_gb", NUMBER, limits=Limits(Decimal(0)), personal=True, meaning="Gigabytes used this month"),
    Fact("elasticity", NUMBER, personal=True, meaning="Estimated change of demand in percent per percent of price"),
    Fact("current_price", NUMBER, limits=Limits(Decimal(0)), personal=True, meaning="Monthly price in rupees"),
)


@dataclass(frozen=True, slots=True)
class Segments:
    """`method` is `kmeans`, `ward` or `dbscan`; `segments` how many, where it is not to be found; `radius` DBSCAN's.

    `names` is a YAML file of profiles by which segments are named (`models.methods.segment_names`).
    """

    method: str = "kmeans"
    segments: int | None = None
    radius: float | None = None
    names: Path = NAMES

    @property
    def name(self) -> str:
        return "segments"

    @property
    def about(self) -> str:
        return (
            "The segment of a customer now, among segments that were found by what customers do; it predicts nothing."
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (
            Output("segment", Gives.CLASS, TEXT, "The segment that the customer is nearest to"),
            Output("confidence", Gives.PROBABILITY, NUMBER, "How surely it is this one, by the distances", 4),
            Output("second_segment", Gives.CLASS, TEXT, "The segment that is next"),
        )

    @property
    def roles(self) -> tuple[Role, ...]:
        return (
            Role("revenue", NUMBER, "What the customer brought in, to compare segments by", needed=False),
            Role("label", FLAG, "Whether something happened (the customer left), to compare segments by", needed=False),
        )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        methods = Type(TEXT.kind, values=("kmeans", "ward", "dbscan"))
        return (
            Parameter("method", methods, "how segments are found"),
            Parameter("segments", NUMBER, "how many there are to be; found by a rule if left out", whole=True),
            Parameter("radius", NUMBER, "how near customers of one dense region are, in scaled units, for dbscan"),
            Parameter("names", TEXT, "the profiles by which segments are named, as YAML", file=True),
        )

    def adjusted(self, values: Mapping[str, Value]) -> Segments:
        told = dict[str, Any](values)
        for name, kind in (("segments", int), ("radius", float), ("names", Path)):
            if name in told:
                told[name] = kind(told[name])
        return replace(self, **told)

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None) -> Artifact:
        """Raises DataQualityIssue, SettingsError (method, number, radius) and PolicyError (the file of names)."""
        profiles = late("ordain.models.methods.segment_names:read_profiles")(self.names)
        training = late("ordain.models.methods.segment_training")
        options = training.Options(self.method, self.segments, self.radius, profiles)
        trained: Artifact = training.train(table, options, seed, progress)
        return trained

    def scorer(
        self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Mapping[str, float | int | str]
    ) -> Scorer:
        model = late("ordain.models.methods.segment_model")
        if model.FILE not in files:
            raise ModelDegradationDetected(
                f"model `{self.name}`: `{model.FILE}` is missing", "run: ordain train segments"
            )
        scorer: Scorer = model.SegmentScorer(self.name, files[model.FILE], reads)
        return scorer

    def sample(self, count: int, seed: int) -> Table:
        """SYNTHETIC broadband customers (`models.data.synthetic`) with an estimated elasticity; revenue is what they
        paid so far, the label whether they left."""
        made = late("ordain.models.data.synthetic").customers(count, seed)
        noise = np.random.default_rng([seed, 1]).normal(0.0, ELASTICITY_NOISE, count)
        columns: dict[str, Sequence[Value]] = {
            "usage_gb": _decimals(made["usage_gb"], 1),
            "elasticity": _decimals(made["elasticity"] + noise, 2),
            "current_price": _decimals(made["monthly_price"], 0),
        }
        revenue = _decimals(made["monthly_price"] * made["contract_months"], 0)
        label = tuple(each == "yes" for each in made["churned"])
        rows = tuple(dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
        return Table(
            name=f"{count:,} SYNTHETIC customers, seed {seed}",
            facts=_SAMPLE,
            subjects=tuple(made["subject"]),
            rows=rows,
            digest=digest_of(made.to_csv(index=False, lineterminator="\n").encode()),
            roles={"revenue": revenue, "label": label},
        )


def _decimals(values: Sequence[float], digits: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(f"{value:.{digits}f}") for value in values)


SPEC = Segments()
