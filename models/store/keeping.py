"""Features that were worked out and are kept, as JSON: by name what was settled, and until when it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any

import orjson

from ordain.engine.errors import FeaturesUnavailable
from ordain.engine.values.types import Kind, Value, plain
from ordain.models.features.computing import Settled
from ordain.models.features.definition import SINCE, Definition
from ordain.models.features.field_values import picked
from ordain.models.limits import LIMITS
from ordain.models.store.database import Database, KeptLine

Told = Mapping[str, list[Any]]
"""By name of a feature: the settled value as JSON, and until when it holds."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """All features of a subject as of a moment, in microseconds, made of that many records."""

    told: Told
    as_of: int
    records: int
    stamp: int

    def holds(self, names: Iterable[str], stamp: int, at: int) -> bool:
        """Whether all of these features are at `at` what they were, nothing more being known than then."""
        return self.stamp == stamp and self.as_of <= at and all(self.holds_one(name, at) for name in names)

    def holds_one(self, name: str, at: int) -> bool:
        until = self.told[name][1]
        return until is None or at < until


def told_text(features: Mapping[str, Settled]) -> str:
    """What `told_of` reads."""
    told = {name: [_as_json(each.value), each.until] for name, each in features.items()}
    return orjson.dumps(told).decode()


def told_of(text: str) -> Told:
    told: Told = orjson.loads(text)
    return told


def settled_of(definition: Definition, raw: Any) -> Value:
    """What `figures.settle` gave, from its JSON."""
    if raw is None or definition.aggregation in SINCE:
        return raw
    if definition.type.kind is Kind.NUMBER:
        return Decimal(raw)
    return picked(raw, definition.type)


def _as_json(value: Value) -> Any:
    return value if type(value) is int else plain(value)


class Keeper:
    """Keeps what readings work out, some dozens in one transaction. Until then this process has them alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, KeptLine] = {}
        self._lock = Lock()

    def waiting(self, subject: str) -> KeptLine | None:
        return self._waiting.get(subject)

    def keep(self, line: KeptLine) -> None:
        with self._lock:
            self._waiting[line.subject] = line
            if len(self._waiting) < LIMITS.kept_together:
                return
            lines, self._waiting = self._waiting, {}
        self._write(lines)

    def forget(self, subject: str) -> None:
        with self._lock:
            self._waiting.pop(subject, None)

    def flush(self) -> None:
        with self._lock:
            lines, self._waiting = self._waiting, {}
        self._write(lines)

    def _write(self, lines: Mapping[str, KeptLine]) -> None:
        if lines:
            with suppress(FeaturesUnavailable):  # it is worked out again
                self._database.guarded(lambda: self._database.keep(list(lines.values())))
