"""Who may leave: every subject of the feature store scored by the live version, with the value that would go with it.

Nobody is scored who objected (see `api.facts.objections`), nor whoever has left already. Value at risk is what somebody
brings in 12 months, times the probability that they leave within the days asked for: by the live `lifetime_value` where
it can tell, or else twelve times the monthly price. Each row says which. It is no forecast of what is lost: who leaves
late in that time has paid until then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import Any

from ordain.api.facts.late_store import LateStore
from ordain.api.facts.objections import Objections
from ordain.api.settings import Settings
from ordain.api.stages.live_models import check_same, none_live
from ordain.api.stages.model_record import Stages
from ordain.api.stages.store_rows import opened
from ordain.engine.catalog import Catalog
from ordain.engine.errors import MalformedRequest, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Reason, Score, round_to
from ordain.engine.values.types import Value, plain
from ordain.models.features.definition import micros
from ordain.models.limits import LIMITS
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.store.bulk import entities, features_at
from ordain.models.store.store import FeatureStore
from ordain.models.training.from_store import outcomes

HORIZONS = (30, 60, 90)
LEVELS = ("low", "medium", "high", "critical")
LEVEL, VALUE, SEGMENTS = "risk_level", "lifetime_value", "segments"
PRICE = "current_price"
"""The feature that says what somebody pays a month."""
GONE = "cancelled"
"""The kind of event after which nobody is at risk any more."""
MONTHS = 12
UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Filter:
    """`level` and those above it; "" for every level and every segment, and for every `subject`."""

    days: int = 90
    level: str = ""
    segment: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        """Raises MalformedRequest."""
        if self.days not in HORIZONS:
            raise MalformedRequest(f"days: {self.days} is not possible", "ask for 30, 60 or 90")
        if self.level and self.level not in LEVELS:
            raise MalformedRequest(f"level: there is no level `{self.level[:40]}`", f"known: {', '.join(LEVELS)}")

    def passes(self, row: AtRisk) -> bool:
        high = not self.level or LEVELS.index(row.level) >= LEVELS.index(self.level)
        return high and self.segment in ("", row.segment)

    def as_json(self) -> dict[str, Any]:
        return {"days": self.days, "level": self.level or None, "segment": self.segment or None}


@dataclass(frozen=True, slots=True)
class AtRisk:
    """`probability` is that of leaving within the days asked for; `value` what 12 months bring, by `value_from`, None
    where neither is known; `at_risk` their product. `reasons` are sentences, the strongest first."""

    subject: str
    level: str
    probability: Decimal
    segment: str
    value: Decimal | None
    value_from: str
    at_risk: Decimal | None
    reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "level": self.level,
            "probability": str(self.probability),
            "segment": self.segment,
            "value": plain(self.value),
            "value_from": self.value_from or None,
            "value_at_risk": plain(self.at_risk),
            "reasons": list(self.reasons),
        }


@dataclass(slots=True)
class Found:
    """`rows` are those that pass, the most value at risk first, without reasons. `objected`, `gone` and `unscored`
    count who was left out: the last of whom the model could make nothing."""

    model: ScoreModel
    at: dt.datetime
    asked: Filter
    rows: list[AtRisk] = field(default_factory=list)
    objected: int = 0
    gone: int = 0
    unscored: int = 0

    def sums(self, by: str) -> list[dict[str, Any]]:
        """People and value at risk by `level` or `segment`, in its order."""
        names = sorted({getattr(row, by) for row in self.rows}, key=LEVELS.index if by == "level" else str)
        return [
            {
                by: name,
                "people": sum(getattr(row, by) == name for row in self.rows),
                "value_at_risk": plain(total([row for row in self.rows if getattr(row, by) == name])),
            }
            for name in names
        ]

    def tenths(self) -> list[int]:
        """How many people there are in each tenth of the probability."""
        counts = [0] * 10
        for row in self.rows:
            counts[min(9, int(row.probability * 10))] += 1
        return counts

    def told(self, rows: Sequence[AtRisk]) -> dict[str, Any]:
        """The JSON form, with some of the rows."""
        return {
            "model": self.model.name,
            "version": int(self.model.version),
            "at": self.at.isoformat(),
            **self.asked.as_json(),
            "people": len(self.rows),
            "value_at_risk": plain(total(self.rows)),
            "levels": self.sums("level"),
            "segments": self.sums("segment"),
            "tenths": self.tenths(),
            "left_out": {"objected": self.objected, "gone": self.gone, "not_scored": self.unscored},
            "rows": [row.as_json() for row in rows],
        }


def total(rows: Iterable[AtRisk]) -> Decimal:
    return sum((row.at_risk for row in rows if row.at_risk is not None), Decimal(0))


class AtRiskList:
    """Raises SettingsError without a feature store, ModelDegradationDetected without a live version, MalformedRequest
    for a model that tells no levels; every method FeaturesUnavailable."""

    def __init__(
        self, settings: Settings, features: LateStore, catalog: Catalog, stages: Stages, model: str = "churn"
    ) -> None:
        self._store: FeatureStore = opened(features)
        self._registry = Registry(settings.models, settings.keys)
        self._stages = stages
        self._objections = Objections(catalog)
        self._protected = {name for name in catalog.vocabulary if catalog.vocabulary[name].protected}
        self._model = self._live(model)
        if LEVEL not in self._model.outputs:
            raise MalformedRequest(f"the model `{model}` says nobody's risk of leaving", "such as `churn` does")
        self._value, self._segments = self._live_if(VALUE), self._live_if(SEGMENTS)

    def found(self, asked: Filter, at: dt.datetime) -> Found:
        """Everybody who passes."""
        found = Found(self._model, at, asked)
        everybody = iter([asked.subject]) if asked.subject else self._store.subjects()
        while some := list(islice(everybody, LIMITS.subjects_at_once)):
            for row in self._scored(found, some, at):
                if asked.passes(row):
                    found.rows.append(row)
        found.rows.sort(key=lambda row: (-(row.at_risk or 0), -row.probability, row.subject))
        return found

    def with_reasons(self, found: Found, rows: Sequence[AtRisk]) -> list[AtRisk]:
        """The rows with what moved each risk most; what `facts.yaml` protects is in no reason."""
        known = dict(self._read([row.subject for row in rows], found.at))
        scores = self._model.score_many([known[row.subject] for row in rows])
        return [
            replace(row, reasons=tuple(self._sentences(score))) if isinstance(score, Score) else row
            for row, score in zip(rows, scores, strict=True)
        ]

    def _scored(self, found: Found, some: Sequence[str], at: dt.datetime) -> Iterator[AtRisk]:
        now = micros(at)
        there = {each.subject for each in entities(self._store, some) if each.first_known <= now}
        left = outcomes(self._store, GONE, some, now)
        objected = self._objections.among(self._store, some, at)
        found.gone += len(there & left.keys())
        found.objected += len((there & objected) - left.keys())
        listed = [each for each in some if each in there and each not in left and each not in objected]
        known = [facts for _, facts in self._read(listed, at)]
        scores = self._model.score_many(known, reasons=False)
        values, segments = _outputs(self._value, known), _outputs(self._segments, known)
        for subject, facts, score, value, segment in zip(listed, known, scores, values, segments, strict=True):
            if isinstance(score, OrdainError):
                found.unscored += 1
                continue
            chance = Decimal(str(score.also[f"within_{found.asked.days}_days"]))
            worth, source = self._worth(value, facts)
            risked = None if worth is None else round_to(worth * chance, 2)
            named = UNKNOWN if segment is None else str(segment)
            yield AtRisk(subject, str(score.also[LEVEL]), chance, named, worth, source, risked)

    def _worth(self, value: Value, facts: Mapping[str, Value]) -> tuple[Decimal | None, str]:
        if isinstance(value, Decimal) and self._value is not None:
            return round_to(value, 2), f"{VALUE}@{self._value.version}"
        price = facts.get(PRICE)
        return (round_to(price * MONTHS, 2), f"{MONTHS} x {PRICE}") if isinstance(price, Decimal) else (None, "")

    def _read(self, subjects: Sequence[str], at: dt.datetime) -> Iterator[tuple[str, dict[str, Value]]]:
        models = [each for each in (self._model, self._value, self._segments) if each is not None]
        wanted = {fact.name for model in models for fact in model.reads} | {PRICE}
        names = sorted(wanted & self._store.definitions.features.keys())
        return features_at(self._store, at, names, subjects)

    def _sentences(self, score: Score) -> Iterator[str]:
        meanings = {fact.name: fact.meaning for fact in self._model.reads}
        for reason in score.reasons:
            if reason.feature not in self._protected:
                yield sentence(reason, meanings.get(reason.feature, ""))

    def _live(self, name: str) -> ScoreModel:
        versions = self._registry.versions(name)
        if not versions:
            raise ModelDegradationDetected(f"there is no model `{name}`", f"train it: ordain train {name}")
        live = (self._stages.get(name) or ModelStages(name)).live
        if live is None:
            raise none_live(name, versions)
        check_same(name, live, self._registry.stored(name, live.version).digest)
        return self._registry.load(name, live.version)

    def _live_if(self, name: str) -> ScoreModel | None:
        try:
            return self._live(name)
        except ModelDegradationDetected:
            return None


def sentence(reason: Reason, meaning: str = "") -> str:
    """What one feature does to the risk, in words; of a meaning the part before a semicolon."""
    called = meaning.partition(";")[0] or reason.feature
    value = UNKNOWN if reason.value is None else plain(reason.value)
    usual = "" if reason.usual is None else f", for most {plain(reason.usual)}"
    return f"{called}: {value}{usual}: {'more' if reason.contribution > 0 else 'less'} risk"


def _outputs(model: ScoreModel | None, known: Collection[Mapping[str, Value]]) -> list[Value]:
    """The first output for each; None where there is no model, or it can say nothing."""
    if model is None:
        return [None] * len(known)
    try:
        scores = model.score_many(list(known), reasons=False)
    except OrdainError:
        return [None] * len(known)
    return [score.value if isinstance(score, Score) else None for score in scores]
