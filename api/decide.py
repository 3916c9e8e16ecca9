"""A decision's path, from the question to the recorded answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import uuid_utils

from api.services import ENGINE, Services
from audit.entry import Receipt
from audit.record import decision_record
from engine.errors import ComplianceViolation, Issue, MalformedRequest
from engine.gather import gather
from engine.policy import Verdict
from engine.values import fixed_offset


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks: `facts` are raw JSON values, numbers as Decimal or int; `at` is now when None."""

    service: str
    subject: str
    facts: Mapping[str, object]
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided, as recorded. `record` is the body of the ledger's entry."""

    record: Mapping[str, Any]
    receipt: Receipt

    def shown(self) -> dict[str, Any]:
        """The answer as an app gets it."""
        record = self.record
        return {
            "decision_id": record["id"],
            "service": record["service"],
            "at": record["at"],
            "outcome": record["outcome"],
            "verdict": record["verdict"],
            "reasons": record["reasons"],
            "obligations": record["obligations"],
            "policies": record["policies"],
            "models": [{key: model[key] for key in _MODEL_KEYS} for model in record["models"]],
            "receipt": {"entry_id": self.receipt.entry_id, "seq": self.receipt.seq, "hash": self.receipt.hash},
        }


_MODEL_KEYS = ("model", "version", "digest", "fact", "score", "reasons")


def decide(ask: Ask, use: Services) -> Answer:
    """Decides and records. There is an answer only once its entry is durable.

    Raises DataError, DecisionError, ModelDegradationDetected; NotRecorded when the ledger cannot take the entry; and
    ComplianceViolation, with the decision on record, when a service that refuses denied outcomes was asked.
    """
    now = use.now()
    at = now if ask.at is None else _local(ask.at, use.settings.zone)
    plan = use.catalog.pick(ask.service, at)
    facts = gather(ask.facts, plan.needs, use.vocabulary, use.models)
    outcome = plan.evaluate(facts, at)
    record = decision_record(
        decision_id=str(uuid_utils.uuid7()),
        recorded=now,
        at=at,
        tenant=use.settings.tenant,
        subject=ask.subject,
        engine=ENGINE,
        documents={"vocabulary": use.catalog.vocabulary.digest, "services": use.catalog.services.digest},
        facts=facts,
        outcome=outcome,
    )
    receipt = use.ledger.append(record, use.documents)
    if plan.service.refuses and outcome.verdict is Verdict.DENY:
        raise ComplianceViolation(_refusals(record))
    return Answer(record, receipt)


def _local(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """`at` in the tenant's zone, whose calendar says which day it is."""
    try:
        return fixed_offset(at.astimezone(zone))
    except OverflowError:
        raise MalformedRequest(f"`at`: `{at.isoformat()}` is out of the calendar") from None


def _refusals(record: Mapping[str, Any]) -> list[Issue]:
    """Which rules denied, and where the decision is on record; the outcome itself stays out of the answer."""
    denials = [reason for reason in record["reasons"] if reason.get("verdict") == Verdict.DENY]
    return [
        Issue(
            f"`{denial['rule']}` denies it: {denial['because'] or denial['source']}",
            f"{denial['source']}; on record as decision {record['id']}",
        )
        for denial in denials
    ]
