"""Scores of models as columns of record batches: what a cluster's workers add to rows before they are decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from ordain.engine.errors import NotThatType, OrdainError
from ordain.engine.policy.facts import Fact, round_to
from ordain.engine.values.types import Value
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A column with the scores of a model: `output` says which of them, "" is the first. Numbers are rounded to
    `precision`, as those of a fact are."""

    name: str
    model: str
    output: str
    precision: int | None
    type: pa.DataType

    @classmethod
    def of(cls, fact: Fact, kind: pa.DataType) -> ScoreColumn:
        """The column of a fact that a model gives."""
        return cls(fact.name, fact.model, fact.output, fact.precision, kind)


@dataclass(frozen=True, slots=True)
class ScoredBatches:
    """Adds the scores of models to batches of rows, as columns; one that is there already is replaced.

    `models` are a version and its digest by the name of each model, in the registry of the folder `directory` with the
    public keys in `keys`: no other will do. A score is null where the model has no usable answer for a row, or one
    that the column has no room for: then the row lacks the fact.

    It can be sent to other processes, each of which loads the models itself. Raises ModelDegradationDetected there for
    a version that is not the one with the digest.
    """

    columns: tuple[ScoreColumn, ...]
    models: Mapping[str, tuple[int, str]]
    directory: Path
    keys: Path

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        registry = Registry(self.directory, self.keys)
        loaded = [registry.load(name, version, known=digest) for name, (version, digest) in self.models.items()]
        for batch in batches:
            yield self._scored(batch, loaded)

    def schema(self, given: pa.Schema) -> pa.Schema:
        """What comes out for batches of a schema."""
        names = {column.name for column in self.columns}
        kept = [field for field in given if field.name not in names]
        return pa.schema([*kept, *(pa.field(column.name, column.type) for column in self.columns)])

    def _scored(self, batch: pa.RecordBatch, models: Sequence[ScoreModel]) -> pa.RecordBatch:
        made: dict[str, list[Any]] = {each.name: [None] * batch.num_rows for each in self.columns}
        for model in models:
            cells = {
                fact.name: [_value(cell) for cell in batch.column(fact.name).to_pylist()]
                for fact in model.reads
                if fact.name in batch.schema.names
            }
            rows = [{name: those[place] for name, those in cells.items()} for place in range(batch.num_rows)]
            asked = [column for column in self.columns if column.model == model.name]
            for place, score in enumerate(model.score_many(rows, reasons=False)):
                if isinstance(score, OrdainError):
                    continue
                for column in asked:
                    is_first = column.output in ("", *model.outputs[:1])
                    value = score.value if is_first else score.also.get(column.output)
                    made[column.name][place] = _rounded(value, column.precision)
        schema = self.schema(batch.schema)
        arrays = [
            _column(made[field.name], field.type) if field.name in made else batch.column(field.name)
            for field in schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _rounded(value: Value, precision: int | None) -> Value:
    if precision is None or not isinstance(value, Decimal):
        return value
    try:
        return round_to(value, precision)
    except NotThatType:
        return None


def _value(cell: Any) -> Any:
    """A cell as a fact has it."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    return tuple(cell) if isinstance(cell, list) else cell


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except pa.ArrowInvalid:  # one of them has more digits than there is room for
        return pa.array([value if _fits(value, kind) else None for value in values], kind)


def _fits(value: Any, kind: pa.DataType) -> bool:
    try:
        pa.scalar(value, kind)
    except pa.ArrowInvalid:
        return False
    return True
