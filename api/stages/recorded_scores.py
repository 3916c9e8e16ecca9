"""What a model said in decisions on record: its scores with their inputs, and beside them what shadows made of the same
rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind, first_id
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.told import models_named
from ordain.engine.errors import NotThatType
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Type, Value, read

Json = dict[str, Any]
_AFTER_ALL = b"\xff" * 16
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Scored:
    """One decision. `facts` are all of the record's, as JSON. `beside` is by version a shadow's score, or why there is
    none."""

    subject: str
    at: dt.datetime
    version: int
    inputs: Mapping[str, Value]
    facts: Mapping[str, Any]
    score: Value
    beside: Mapping[int, Value | Missing]


@dataclass(frozen=True, slots=True)
class Missing:
    """A score that a shadow did not give."""

    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which scores are wanted: of `model`, as it became one of the facts `names`, of `type`; `reads` are its inputs."""

    model: str
    names: Collection[str]
    type: Type
    reads: tuple[Fact, ...]


def recorded_scores(reader: Reader, asked: Asked, since: dt.datetime) -> Iterator[Scored]:
    """Those of decisions since then, by their places; a decision that cannot be read, or no longer, is passed over.

    Where a decision asked the model for several facts it counts once. Raises LedgerUnavailable.
    """
    start, end = reader.bounds(first_id(since), _AFTER_ALL)
    for record in reader.marked(start, end, canonical({"model": asked.model})[1:-1]):
        if record.envelope["kind"] == Kind.DECISION and dt.datetime.fromisoformat(record.envelope["time"]) >= since:
            try:
                scored = _scored(record, reader, asked)
            except (*_MALFORMED, NotThatType):  # of an older form, or by a version that read something else
                continue
            if scored is not None:
                yield scored


def _scored(record: Record, reader: Reader, asked: Asked) -> Scored | None:
    private = record.private or {}
    for each in private["scores"]:
        (model,) = models_named([each["model"]], reader.past.named(record.envelope))
        if model["model"] == asked.model and each["fact"] in asked.names:
            types = {fact.name: fact.type for fact in asked.reads}
            return Scored(
                private["subject"],
                dt.datetime.fromisoformat(record.envelope["time"]),
                int(model["version"]),
                {name: _value(types[name], raw) for name, raw in each["inputs"].items() if name in types},
                private["facts"],
                _value(asked.type, each["score"]),
                dict(_beside(private.get("shadow_scores", ()), each["fact"], asked)),
            )
    return None


def _beside(told: Collection[Json], fact: str, asked: Asked) -> Iterator[tuple[int, Value | Missing]]:
    for each in told:
        if each["fact"] == fact and each["model"]["model"] == asked.model:
            score = _value(asked.type, each["score"]) if "score" in each else Missing(str(each["why"]))
            yield int(each["model"]["version"]), score


def _value(type: Type, raw: Any) -> Value:
    return None if raw is None else read(type, raw, stored=True)
