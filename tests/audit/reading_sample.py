"""Real ledgers with real decisions, for the tests of what reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from ledgers import opened

from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.decision_form import DecisionForm
from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Entry, new_id
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.privacy.erasure import Erased, erase
from ordain.audit.privacy.retention import retain
from ordain.audit.store.store import Store
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Facts, FactSource, Reason, Score
from ordain.engine.values.json_text import read_json

POLICIES = Path(__file__).parents[2] / "policies"
KOLKATA = dt.timezone(dt.timedelta(hours=5, minutes=30))
NOON = dt.datetime(2026, 11, 21, 12, 0, tzinfo=KOLKATA)

CALL = """{"churn_risk": 0.85, "clv_tier": "high", "tenure_months": 30, "offers_last_90_days": 0, "jurisdiction": "IN",
 "marketing_objection": false, "opted_out_channels": [], "consented_channels": ["phone"],
 "recipient_time_zone": "Asia/Kolkata", "consent_kind": "explicit", "promotions_blocked": false}"""
"""A personal call, permitted."""

NO_CALL = CALL.replace('["phone"]', '["sms"]')
"""A personal call, denied."""

LOOKED_AT = CALL.replace("}", ', "vulnerable_customer": true}')
"""A personal call that a person is to look at first."""

E_MAIL = CALL.replace('"high"', '"low"').replace('["phone"]', '["phone", "e-mail"]')
"""An e-mail with ten percent, permitted."""

NOTHING = CALL.replace("0.85", "0.1").replace('"high"', '"medium"')
"""No offer."""

PRICE = """{"base_price": 500, "plan_min_price": 400, "plan_max_price": 600, "current_price": 500, "demand": 0.9,
 "price_elasticity": -0.15, "churn_risk": 0.05, "contract_start": "2025-03-01", "contract_price": 500,
 "plan": "standard", "tenure_months": 20, "jurisdiction": "IN", "plan_enrolled_on": "2025-03-01",
 "plan_validity_months": 1, "upfront_paid": false, "price_personalised": true, "personal_data_inputs": ["usage"],
 "mandate_cap": 1000}"""


@cache
def catalog() -> Catalog:
    return load_catalog(read_texts(POLICIES), run_examples=False)


@cache
def documents() -> tuple[Document, ...]:
    known = catalog()
    policies = tuple(Document("policy", policy.text, policy.name, policy.version) for policy in known.policies())
    return (*policies, Document("vocabulary", known.vocabulary.text), Document("services", known.services.text))


@dataclass(frozen=True)
class Churn:
    """A model that gives one score."""

    name: str = "churn"
    version: str = "3"
    digest: str = "sha256:" + "3" * 64
    reads: tuple[Any, ...] = ()

    def score(self, inputs: Any) -> Score:
        raise AssertionError("the sample sends its scores, so no model is asked")


@dataclass
class Clock:
    """A second passes before each thing that a test records."""

    at: dt.datetime = NOON

    def now(self) -> dt.datetime:
        return self.at

    def tick(self) -> dt.datetime:
        self.at += dt.timedelta(seconds=1)
        return self.at


@dataclass
class Sample:
    """An open ledger, and short ways to fill it."""

    use: OpenLedger
    clock: Clock

    @property
    def reader(self) -> Reader:
        return self.use.reader

    @property
    def store(self) -> Store:
        return self.use.store

    def decide(self, subject: str, facts: str = CALL, service: str = "retention", score: Score | None = None) -> UUID:
        """Decides and records as the service does."""
        return self.append(decided_entry(subject, facts, service, score, self.clock.tick()))

    def append(self, entry: Entry) -> UUID:
        return UUID(self.use.ledger.append(entry, entry.form.texts).entry_id)

    def event(self, kind: str, private: dict[str, Any], about: dict[str, Any]) -> UUID:
        self.clock.tick()
        return UUID(self.use.note(kind, about, private).entry_id)

    def record(self, entry_id: UUID) -> Record:
        record = self.reader.record(entry_id)
        assert record is not None
        return record

    def erase(self, subject: str) -> None:
        assert erase(self.use, subject, private={}).status is Erased.DONE

    def restrict(self, subject: str) -> None:
        wanted = erase(self.use, subject, private={}, not_before=dt.date(2030, 1, 1))
        assert wanted.status is Erased.RESTRICTED

    def expire(self) -> None:
        """Removes the private parts of all that was recorded so far."""
        assert retain(self.use, self.clock.tick(), private={}).payloads


def decided_entry(subject: str, facts: str, service: str, score: Score | None, at: dt.datetime) -> DecisionEntry:
    known = catalog()
    plan = known.pick(service, at)
    gathered = gather(read_json(facts.encode(), "the facts"), plan.needs, known.vocabulary, {})
    if score is not None:
        model: FactSource = Churn()
        gathered = Facts(
            {**gathered.values, "churn_risk": known.vocabulary["churn_risk"].accept(score.value)},
            {**gathered.sources, "churn_risk": "churn@3"},
            {"churn_risk": (model, score)},
        )
    form = DecisionForm(plan, documents())
    law = gathered.values.get("jurisdiction")
    return DecisionEntry(form, new_id(at), at, at, subject, law, gathered, plan.evaluate(gathered, at))


def scored(value: Any, *reasons: tuple[str, Any, Any]) -> Score:
    told = tuple(Reason(name, given, contribution) for name, given, contribution in reasons)
    return Score(value, told, {name: given for name, given, _ in reasons})


@contextmanager
def sample(url: str, **options: Any) -> Iterator[Sample]:
    """A ledger at `url`, new or not."""
    clock = Clock()
    with opened(url, at=clock.now, **options) as use:
        yield Sample(use, clock)
