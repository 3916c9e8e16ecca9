"""What training rows looked like, small enough to lie beside a model's card as `reference.json`.

Of each feature and score: how many rows, how many missing, and how many in each bin. A bin of numbers lies between two
quantiles of the training rows; a value that is frequent has a bin of its own. There are at most LIMITS.bins, and at
least LIMITS.bin_rows rows in each between quantiles; texts that are rarer than that are counted together. No row, no
least and no greatest value is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Value
from ordain.models.limits import LIMITS

FILE = "reference.json"
JOINED = 10
"""Bins that the population stability index is of; those that are kept are joined to so many."""


class Summary(BaseModel):
    """One feature or score. `edges` are the upper ends of all bins but the last; a value at an edge is below it.

    `texts` are the categories, flags as `true` and `false`; the last count is that of all other texts. `counts` leave
    out what is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    edges: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    counts: tuple[int, ...]
    missing: int

    @property
    def is_number(self) -> bool:
        return not self.texts

    @property
    def rows(self) -> int:
        return sum(self.counts) + self.missing

    def counted(self, values: Iterable[Value]) -> tuple[tuple[int, ...], int]:
        """How many of `values` fall into each bin, and how many are missing (None, or no finite number)."""
        if self.is_number:
            numbers, missing = _numbers(values)
            bins = np.searchsorted(np.array(self.edges), numbers, side="left")
            return tuple(np.bincount(bins, minlength=len(self.counts)).tolist()), missing
        place = {text: at for at, text in enumerate(self.texts)}
        found = [0] * len(self.counts)
        missing = 0
        for value in values:
            if value is None:
                missing += 1
            else:
                found[place.get(_text(value), len(self.texts))] += 1
        return tuple(found), missing

    def coarse(self, counts: Sequence[int]) -> tuple[int, ...]:
        """Counts joined so that each of JOINED bins or fewer holds as many reference rows as the bins allow."""
        if not self.is_number or len(self.counts) <= JOINED:
            return tuple(counts)
        total = sum(self.counts)
        below = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        part = (below * JOINED // max(total, 1)).astype(np.intp)
        joined = np.bincount(np.unique(part, return_inverse=True)[1], weights=counts)
        return tuple(int(each) for each in joined)


class Reference(BaseModel):
    """`features` and `scores` of the rows that a version was trained on or, of another table, was last seen with."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    rows: int
    features: tuple[Summary, ...]
    scores: tuple[Summary, ...] = ()

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=1).encode() + b"\n"


def reference_from(data: bytes, model: str) -> Reference:
    """What `to_bytes` wrote. Raises ModelDegradationDetected naming the model."""
    try:
        read = Reference.model_validate_json(data)
    except ValidationError as error:
        what = f"`{FILE}` cannot be understood: {error.errors()[0]['msg']}"
        raise ModelDegradationDetected(f"model `{model}`: {what}", f"run: ordain train {model}") from None
    for each in (*read.features, *read.scores):
        bins = len(each.texts or each.edges) + 1
        if len(each.counts) != bins or list(each.edges) != sorted(set(each.edges)) or min(each.counts) < 0:
            raise ModelDegradationDetected(f"model `{model}`: `{FILE}` has wrong bins for `{each.name}`")
    return read


def reference_of(
    facts: Iterable[Fact], rows: Sequence[Mapping[str, Value]], scores: Mapping[str, Sequence[Value]] | None = None
) -> Reference:
    """The summary of `rows`, one value per fact (None where missing), and of what the model gave for them, by output.

    Numbers, flags and texts are summed up; a fact of another type is left out. Raises nothing.
    """
    kept = [fact for fact in facts if fact.type.kind in (Kind.NUMBER, Kind.FLAG, Kind.TEXT)]
    features = (
        summary(fact.name, [row.get(fact.name) for row in rows], is_number=fact.type.kind is Kind.NUMBER)
        for fact in kept
    )
    given = (summary(name, values, is_number=_are_numbers(values)) for name, values in (scores or {}).items())
    return Reference(rows=len(rows), features=tuple(features), scores=tuple(given))


def summary(name: str, values: Sequence[Value], *, is_number: bool) -> Summary:
    """Of numbers by quantiles, of texts and flags by category."""
    if not is_number:
        frequent = Counter(_text(value) for value in values if value is not None).most_common(LIMITS.bins)
        kept = sorted(text for text, count in frequent if count >= LIMITS.bin_rows or text in ("true", "false"))
        # Without any frequent text all are told as one: the list must not be empty, or they were numbers.
        empty = Summary(name=name, texts=tuple(kept) or ("",), counts=(0,) * (max(len(kept), 1) + 1), missing=0)
    else:
        edges = _edges(_numbers(values)[0])
        empty = Summary(name=name, edges=edges, counts=(0,) * (len(edges) + 1), missing=0)
    counts, missing = empty.counted(values)
    return empty.model_copy(update={"counts": counts, "missing": missing})


def _are_numbers(values: Iterable[Value]) -> bool:
    return not any(isinstance(value, str | bool) for value in values)


def _edges(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    bins = max(1, min(LIMITS.bins, len(numbers) // LIMITS.bin_rows))
    if not len(numbers):
        return ()
    # An observed value each, no mean of two: a frequent value is then equal to its edge.
    inner = np.linspace(0, 1, bins + 1)[1:-1] if bins > 1 else np.array([0.5])
    quantiles = np.quantile(numbers, inner, method="inverted_cdf").tolist()
    edges = set(quantiles)
    most = max(1, len(numbers) / bins)
    values, counts = np.unique(numbers, return_counts=True)
    for value in values[counts >= most].tolist():
        edges |= {value, float(np.nextafter(value, -np.inf))}
    return tuple(sorted(edges))


def _numbers(values: Iterable[Value]) -> tuple[NDArray[np.float64], int]:
    """The finite numbers as floats, and how many are none."""
    many = np.array([np.nan if value is None or isinstance(value, str) else float(value) for value in values])
    many = many.astype(np.float64)
    finite = np.isfinite(many)
    return many[finite], int((~finite).sum())


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
