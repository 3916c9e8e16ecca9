"""A segmentation as it is stored, `model.json`, and as it is asked: needs no library but numpy.

The file holds the names, the scaling and the centres, and what is usual of each feature. Of DBSCAN it holds core
points, which are scaled rows of customers without any id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from ordain.engine.errors import ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.types import Kind, Value
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.segment_assignment import Centres, Nearest
from ordain.models.methods.segment_scaling import Scaling

FILE = "model.json"
DIGITS = 4
"""Digits after the point of a confidence and of a reason's contribution."""


class Stored(BaseModel):
    """`usual` holds the usual value of each cell, before scaling."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    method: str
    names: tuple[str, ...]
    log: tuple[bool, ...]
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    usual: tuple[float, ...]
    points: tuple[tuple[float, ...], ...]
    owners: tuple[int, ...]
    variance: float

    @classmethod
    def of(cls, method: str, names: Sequence[str], scaling: Scaling, centres: Centres) -> Stored:
        return cls(
            method=method,
            names=tuple(names),
            log=tuple(scaling.log.tolist()),
            middle=tuple(scaling.middle.tolist()),
            spread=tuple(scaling.spread.tolist()),
            usual=tuple(scaling.usual.tolist()),
            points=tuple(tuple(point) for point in centres.points.tolist()),
            owners=tuple(centres.owners.tolist()),
            variance=centres.variance,
        )

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=1).encode() + b"\n"

    def fault(self, width: int) -> str:
        """What does not fit for rows of `width` cells, or ""."""
        per_cell = (self.log, self.middle, self.spread, self.usual, *self.points)
        if any(len(each) != width for each in per_cell):
            return "its centres are not those of the facts that its card names"
        if len(self.owners) != len(self.points) or sorted(set(self.owners)) != list(range(len(self.names))):
            return "its centres are not those of its segments"
        if len(self.names) < 2 or len(set(self.names)) < len(self.names):
            return "its segments do not have two names at least, each its own"
        if self.variance <= 0 or min(self.spread, default=0.0) <= 0:
            return "its scaling is not positive"
        return ""


class SegmentScorer:
    """A loaded version. Safe to share between threads: nothing changes once it is made."""

    def __init__(self, name: str, data: bytes, reads: tuple[Fact, ...]) -> None:
        """Raises ModelDegradationDetected when `data` is not a segmentation by `reads`."""
        try:
            stored = Stored.model_validate_json(data)
        except ValidationError as error:
            raise _broken(name, f"`{FILE}` cannot be understood: {error.errors()[0]['msg']}") from None
        self._encoder = Encoder(reads)
        if fault := stored.fault(self._encoder.width):
            raise _broken(name, fault)
        self.names = stored.names
        self.reads = reads
        self._scaling = Scaling(*(np.array(part) for part in (stored.log, stored.middle, stored.spread, stored.usual)))
        self._centres = Centres(np.array(stored.points), np.array(stored.owners), stored.variance)
        self._usual = usual_of(reads, stored.usual)

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """The segment of each; `also` has `confidence` and `second_segment`. Errors are those of `Encoder.cells`."""
        rows: list[list[float]] = []
        kept: list[OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._encoder.cells(inputs))
                kept.append(None)
            except OrdainError as error:
                kept.append(error)
        cells = np.array(rows, dtype=np.float64).reshape(len(rows), self._encoder.width)
        answers = iter(self._centres.nearest(self._scaling.places(cells), self._encoder.starts))
        return [error or self._score(inputs, next(answers)) for inputs, error in zip(many, kept, strict=True)]

    def _score(self, inputs: Mapping[str, Value], answer: Nearest) -> Score:
        used = {fact.name: inputs.get(fact.name) for fact in self.reads}
        reasons = []
        order = sorted(zip(answer.parts, used, strict=True), key=lambda part: -abs(part[0]))
        for part, name in order[: LIMITS.reasons]:
            if contribution := round_to(Decimal(repr(part)), DIGITS):
                reasons.append(Reason(name, used[name], contribution, self._usual[name]))
        confidence = round_to(Decimal(repr(answer.confidence)), DIGITS)
        also = {"confidence": confidence, "second_segment": self.names[answer.second]}
        return Score(self.names[answer.segment], tuple(reasons), used, also)


def usual_of(facts: Sequence[Fact], cells: Sequence[float]) -> dict[str, Value]:
    """What is usual of each fact, as its value, from one row of cells."""
    usual: dict[str, Value] = {}
    at = 0
    for fact in facts:
        if fact.type.kind is Kind.TEXT:
            own = list(cells[at : at + len(fact.type.values)])
            usual[fact.name] = fact.type.values[own.index(max(own))]
            at += len(own)
            continue
        usual[fact.name] = cells[at] >= 0.5 if fact.type.kind is Kind.FLAG else _decimal(cells[at])
        at += 1
    return usual


def _decimal(cell: float) -> Decimal:
    """As people write it: six digits after the point at most, and none that are zero."""
    rounded = round(cell, 6)
    return Decimal(int(rounded)) if rounded.is_integer() else Decimal(repr(rounded))


def _broken(name: str, what: str) -> ModelDegradationDetected:
    return ModelDegradationDetected(f"model `{name}`: {what}", f"run: ordain train {name}")
