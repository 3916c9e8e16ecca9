"""`ordain.Decider`: policies asked from Python, as a trial without a record. See docs/python.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.evaluate import Outcome
from ordain.engine.explain.why_not import why_not
from ordain.engine.gather import gather
from ordain.engine.values.temporal import fixed_offset
from ordain.engine.values.types import format_raw
from ordain.engine.values.zones import is_zone_name, zone_hint

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, in the form of the HTTP answer: numbers as decimal strings, money with its currency.

    `verdict` is `permit`, `deny` or `review`, None for a service without compliance; `policies` are labels such as
    `plan-advice@1`; `at` is the time that was decided for. `status` is `decided`, `refused` or `in_review`: a trial has
    its outcome in any case, and nobody should act on one that is not `decided`. `missing` are the facts that compliance
    needed, `not_known` those whose absence left something out, each with the rules.
    """

    service: str
    at: dt.datetime
    outcome: Mapping[str, Any]
    verdict: str | None
    reasons: tuple[Json, ...]
    obligations: tuple[Json, ...]
    policies: tuple[str, ...]
    status: str
    missing: tuple[Json, ...]
    not_known: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, every step on the way to it, and for each rule that did not fire the condition that did not hold."""

    decision: Decision
    trace: tuple[Json, ...]
    why_not: tuple[Json, ...]


class Decider:
    """Loaded policies. Nothing that it decides is on record. May be shared between threads."""

    def __init__(self, catalog: Catalog, zone: dt.tzinfo) -> None:
        self._catalog, self._zone = catalog, zone

    @classmethod
    def load(cls, policies: str | Path, *, time_zone: str = "UTC") -> Self:
        """Reads a folder of policies, checks them all and runs their examples. `time_zone` says which day it is.

        Raises PolicyError with all findings, SettingsError for an unknown time zone.
        """
        if not is_zone_name(str(time_zone)):
            raise SettingsError(f"`{time_zone}` is not a time zone{zone_hint(str(time_zone))}")
        zone = ZoneInfo(time_zone)
        return cls(load_catalog(read_texts(Path(policies), zone)), zone)

    def decide(self, service: str, facts: Mapping[str, object], at: dt.datetime | None = None) -> Decision:
        """Decides for the time `at`, with its offset; for now, if left out. Numbers of facts are int or Decimal.

        A score that a model gives comes among the facts: no model is asked.

        Raises MalformedRequest, UnknownService, NotInForce, CustomerDataIncomplete, DataQualityIssue, DecisionError.
        """
        moment = self._moment(at)
        return _decision(self._outcome(service, facts, moment), moment)

    def decide_many(
        self, service: str, many: Iterable[Mapping[str, object]], at: dt.datetime | None = None
    ) -> Iterator[Decision]:
        """Decides each in turn, all for the same time, as they are asked for. Raises as `decide`, at the first."""
        moment = self._moment(at)
        for facts in many:
            yield _decision(self._outcome(service, facts, moment), moment)

    def explain(self, service: str, facts: Mapping[str, object], at: dt.datetime | None = None) -> Explanation:
        """Decides, and says why, and why not otherwise. Raises as `decide`."""
        moment = self._moment(at)
        outcome = self._outcome(service, facts, moment)
        not_fired = why_not(outcome.plan.policies, outcome.steps, outcome.values, moment)
        return Explanation(_decision(outcome, moment), tuple(outcome.trace()), tuple(not_fired))

    def _moment(self, at: object) -> dt.datetime:
        """In the zone whose calendar says which day it is."""
        if at is None:
            at = dt.datetime.now(dt.UTC)
        if not isinstance(at, dt.datetime) or at.tzinfo is None:
            raise MalformedRequest(
                f"`at` is {at!r}", "give a datetime with its offset: datetime(2026, 1, 31, tzinfo=UTC)"
            )
        try:
            return fixed_offset(at.astimezone(self._zone))
        except (OverflowError, ValueError):
            raise MalformedRequest(f"`at`: `{at.isoformat()}` is out of the calendar") from None

    def _outcome(self, service: object, facts: object, at: dt.datetime) -> Outcome:
        if not isinstance(service, str):
            raise MalformedRequest(f"the service is {format_raw(service)}", "give its name")
        if not isinstance(facts, Mapping) or not all(isinstance(name, str) for name in facts):
            raise MalformedRequest("`facts` must be a mapping of names and values")
        plan = self._catalog.pick(service, at)
        return plan.evaluate(gather(facts, plan.needs, self._catalog.vocabulary, {}), at)


def _decision(outcome: Outcome, at: dt.datetime) -> Decision:
    return Decision(
        service=outcome.plan.service.name,
        at=at,
        outcome=outcome.given(),
        verdict=None if outcome.verdict is None else str(outcome.verdict),
        reasons=tuple(outcome.reasons()),
        obligations=tuple(outcome.obligations()),
        policies=tuple(compiled.policy.label for compiled in outcome.plan.policies),
        status=str(outcome.status),
        missing=tuple(outcome.missing()),
        not_known=tuple(outcome.not_known()),
    )
