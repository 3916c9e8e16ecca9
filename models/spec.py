"""What every model of the product is, whatever library is inside: it learns from a table and gives facts.

A model has a specification of its own, one file in `specs`, which says what it predicts, what it has to beat, what
it needs to know, and how it is trained and asked. Registry, training, cards, watching and commands know models by this
file alone: none of them knows what any model is about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ordain.engine.errors import OrdainError
from ordain.engine.policy.facts import Fact, Score
from ordain.engine.values.types import Type, Value

if TYPE_CHECKING:  # a card is read without what it takes to learn from a table
    from ordain.models.data.table import Table

Progress = Callable[[int, int, str], None]
"""Called with how much is done, how much there is (it may end earlier), and what was seen last, in a few words."""


class Gives(StrEnum):
    """What kind of answer an output is: it says how the output is measured, drawn and watched."""

    PROBABILITY = "probability"
    AMOUNT = "amount"
    COUNT = "count"
    CLASS = "class"
    DATE = "date"
    CURVE = "curve"
    RANKING = "ranking"


@dataclass(frozen=True, slots=True)
class Output:
    """One fact that a model can give.

    A fact whose `source` is the bare name of a model gets its first output; `churn.risk_level` names another. `digits`
    are the digits after the point to which a number is meant.
    """

    name: str
    gives: Gives
    type: Type
    meaning: str
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A column that a model learns from and that is no feature: the label, a time, an amount.

    The mapping of a table says which column plays it: `columns: {at: {column: Date}}`. `type` is its type as a fact's.
    """

    name: str
    type: Type
    meaning: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that training may be told beside its table: how many segments, whose holidays.

    `type` is that of a value as a fact's. A number may have to be `whole`; a text may name a `file`.
    """

    name: str
    type: Type
    meaning: str
    whole: bool = False
    file: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of quality on rows that took no part in any choice. A card's figures may be floats: none is a fact.

    `low` and `high` are its 95 % interval, where one was made; `baseline` is the same measure of what the model has to
    beat. `better` is "higher", "lower" or "" where neither is.
    """

    name: str
    value: float
    meaning: str
    better: str = ""
    low: float | None = None
    high: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line, row of bars or cloud of points of a plot: as many `ys` as `xs`."""

    name: str
    xs: tuple[float | str, ...]
    ys: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """What a card draws. `drawn` is "line", "bars" or "points"."""

    name: str
    title: str
    drawn: str
    x: str
    y: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """How good a model is: the figures, the name of its baseline, and what a reader must know before trusting it.

    The first figure is the one that versions are compared by.
    """

    figures: tuple[Figure, ...]
    baseline: str
    notes: tuple[str, ...] = ()
    plots: tuple[Plot, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """What training gives. `files` are in formats that load without running anything in them (UBJSON, JSON): no pickle.

    `reads` are the facts that it takes to be asked; `parameters` what it was trained with; `parts` how many rows were
    used for what (`training`, `validation`, `held out`), and `held_out` names rows that took no part in any choice.
    """

    files: Mapping[str, bytes]
    reads: tuple[Fact, ...]
    report: Report
    parameters: Mapping[str, float | int | str]
    parts: Mapping[str, int] = field(default_factory=dict)
    held_out: tuple[int, ...] = ()


class Scorer(Protocol):
    """A loaded version. Safe to share between threads."""

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """One answer for each; an error in the place of one that could not be made.

        A `Score` holds the first output as `value` and the others, by name, in `also`.
        """
        ...


@runtime_checkable
class PlainScorer(Scorer, Protocol):
    """A scorer that has a cheaper way when nobody asks for reasons."""

    def plain_scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """What `scores` gives, without reasons."""
        ...


class Spec(Protocol):
    """One model of the product."""

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str:
        """What it predicts, of whom, how far ahead: one sentence."""
        ...

    @property
    def outputs(self) -> tuple[Output, ...]: ...

    @property
    def roles(self) -> tuple[Role, ...]: ...

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None) -> Artifact:
        """The same table, seed and libraries give the same bytes. Raises DataQualityIssue."""
        ...

    def scorer(
        self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Mapping[str, float | int | str]
    ) -> Scorer:
        """What was trained, loaded. Raises ModelDegradationDetected when the files are not what they must be."""
        ...

    def sample(self, count: int, seed: int) -> Table:
        """A SYNTHETIC table to learn from where there is none, and said so wherever it shows."""
        ...


@runtime_checkable
class Adjustable(Spec, Protocol):
    """A specification that can be told parameters."""

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...

    def adjusted(self, values: Mapping[str, Value]) -> Spec:
        """The specification with these values, each of its parameter's type, in the place of its own."""
        ...


@runtime_checkable
class Dated(Spec, Protocol):
    """A specification whose SYNTHETIC rows have a calendar, so that it matters when they end."""

    def sample_until(self, count: int, seed: int, day: dt.date) -> Table:
        """As `sample`, of rows that end as that day begins."""
        ...
