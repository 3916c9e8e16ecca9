"""What a feature is: one figure about a subject, made of the events or the snapshots that are known of it.

At a moment `at`, a record counts when it had happened and was known by then: `happened <= at` and `known <= at`. A
window of 30 days is the time after `at - 30 days` up to `at`. Of a snapshot only the latest counts: it is a state, and
an older one is over. Times are whole microseconds since 1970-01-01T00:00Z here, which compare exactly and fast.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from ordain.engine.errors import SettingsError, Span, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Type, plain
from ordain.models.limits import LIMITS

SNAPSHOT = "snapshot "
"""A source that begins so names the snapshots of that name; any other is a kind of event."""
DAY = 86_400_000_000
"""Microseconds of a day."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
NUMBER = re.compile(
    rf"-?(0|[1-9][0-9]{{0,{LIMITS.feature_whole_digits - 1}}})(\.[0-9]{{1,{LIMITS.feature_part_digits}}})?"
)
"""A number that a feature reads, as the store writes it: more digits would not add up exactly in a table of DuckDB."""


class Aggregation(StrEnum):
    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    FIRST = "first"
    DISTINCT = "distinct"
    EXISTS = "exists"
    DAYS_SINCE = "days since last"
    MONTHS_SINCE = "months since last"
    CHANGE = "change in percent"
    FALL = "fall in percent"


NO_FIELD = frozenset({Aggregation.COUNT, Aggregation.EXISTS})
"""Those that read no field."""
MAY_HAVE_FIELD = frozenset({Aggregation.DAYS_SINCE, Aggregation.MONTHS_SINCE})
"""Those that read a field with a date, or else the time of the event itself."""
OF_NUMBERS = frozenset({Aggregation.SUM, Aggregation.MEAN, Aggregation.CHANGE, Aggregation.FALL})
PICKS = frozenset({Aggregation.LAST, Aggregation.FIRST, Aggregation.MIN, Aggregation.MAX})
"""Those whose value is one of the field's."""
ROUNDED = frozenset({Aggregation.MEAN, Aggregation.CHANGE, Aggregation.FALL})
SINCE = frozenset({Aggregation.DAYS_SINCE, Aggregation.MONTHS_SINCE})
COMPARES = frozenset({Aggregation.CHANGE, Aggregation.FALL})
OF_STATES = frozenset({Aggregation.LAST, Aggregation.EXISTS, *SINCE})
"""Those that a snapshot can be asked for."""
NEVER_MISSING = frozenset({Aggregation.COUNT, Aggregation.SUM, Aggregation.DISTINCT, Aggregation.EXISTS})
"""Those that have a value of nothing: 0, or false."""

Plain = str | bool | Decimal


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` is one of `values`: a text, a flag or a number, each equal only to its like."""

    field: str
    values: tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One feature. `window` and `against` are days; no window: all that ever happened.

    `type` is the type of the value. `against` is the length of the time before the window with which it is compared.
    `digits` are those after the point that a mean or a percentage is rounded to, half to even.
    """

    name: str
    source: str
    aggregation: Aggregation
    type: Type
    field: str = ""
    window: int | None = None
    against: int | None = None
    where: tuple[Condition, ...] = ()
    default: object = None
    digits: int = LIMITS.feature_digits
    owner: str = ""
    personal: bool = True
    meaning: str = ""
    span: Span | None = made(default=None, compare=False)

    @property
    def of_snapshot(self) -> bool:
        return self.source.startswith(SNAPSHOT)

    @property
    def reach(self) -> int | None:
        """Microseconds before a moment from which on records matter; None: all."""
        return None if self.window is None else (self.window + (self.against or 0)) * DAY

    @property
    def fact(self) -> Fact:
        """The feature as a fact that a model or a policy reads; it may be missing where it has no value of nothing."""
        optional = self.default is None and self.aggregation not in NEVER_MISSING
        return Fact(
            self.name, self.type, optional=optional, personal=self.personal, meaning=self.meaning, span=self.span
        )

    @property
    def digest(self) -> str:
        """Of all that its value depends on: owner and meaning may change without changing it."""
        where = [[each.field, [[type(value).__name__, plain(value)] for value in each.values]] for each in self.where]
        parts = [self.name, self.source, str(self.aggregation), str(self.type), self.field, self.window, self.against]
        text = json.dumps([*parts, where, plain(self.default), self.digits], ensure_ascii=True)
        return "sha256:" + sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Definitions:
    """All features of an installation, by name. `digest` is of what all their values depend on."""

    features: Mapping[str, Definition]
    digest: str = made(init=False)

    def __post_init__(self) -> None:
        digests = sorted(definition.digest for definition in self.features.values())
        object.__setattr__(self, "digest", "sha256:" + sha256("".join(digests).encode()).hexdigest())

    def named(self, name: str) -> Definition:
        """Raises SettingsError where there is none."""
        try:
            return self.features[name]
        except KeyError:
            hint = did_you_mean(name, self.features)
            raise SettingsError(f"there is no feature `{name}`", hint) from None

    @property
    def sources(self) -> tuple[str, ...]:
        """Kinds of events and `snapshot NAME`, in order."""
        return tuple(sorted({definition.source for definition in self.features.values()}))

    def of_source(self, source: str) -> tuple[Definition, ...]:
        return tuple(each for each in self.features.values() if each.source == source)


def micros(moment: dt.datetime) -> int:
    """Microseconds since 1970 of a date and time with an offset; exact."""
    return (moment - EPOCH) // MICROSECOND


def moment(count: int) -> dt.datetime:
    """The moment that many microseconds after 1970, in UTC."""
    return EPOCH + count * MICROSECOND
