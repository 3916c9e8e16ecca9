"""A ledger of SYNTHETIC decisions of half a year, with what follows on them, for the questions that auditors ask.

The same number and seed make the same decisions; ids and the subjects' keys differ each time.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.decision_form import DecisionForm
from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Kind, new_id
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.records.follow_ups import confirm, settle
from ordain.audit.records.query import Query
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import search
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import OrdainError
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Facts, Score
from ordain.engine.policy.model import Verdict
from ordain.engine.values.json_text import read_json

POLICIES = Path(__file__).parents[2] / "policies"
START = dt.datetime(2026, 6, 1, 3, 0, tzinfo=dt.UTC)
DAYS = 172
ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))

_CALL: dict[str, Any] = {
    "churn_risk": 0.85,
    "clv_tier": "high",
    "tenure_months": 30,
    "offers_last_90_days": 0,
    "jurisdiction": "IN",
    "marketing_objection": False,
    "opted_out_channels": [],
    "consented_channels": ["phone"],
    "recipient_time_zone": "Asia/Kolkata",
}
_PRICE: dict[str, Any] = {
    "base_price": 500,
    "plan_min_price": 400,
    "plan_max_price": 600,
    "current_price": 500,
    "demand": 0.9,
    "price_elasticity": -0.15,
    "churn_risk": 0.05,
    "contract_start": "2025-03-01",
    "contract_price": 500,
    "plan": "standard",
    "tenure_months": 20,
    "jurisdiction": "IN",
    "plan_enrolled_on": "2025-03-01",
    "plan_validity_months": 1,
    "upfront_paid": False,
    "price_personalised": True,
    "personal_data_inputs": ["usage"],
    "mandate_cap": 1000,
}


@dataclass(frozen=True)
class Churn:
    """A model that is asked for nothing: its scores are made up here."""

    version: str
    name: str = "churn"
    reads: tuple[Any, ...] = ()

    @property
    def digest(self) -> str:
        return "sha256:" + self.version * 64

    def score(self, inputs: Any) -> Score:
        raise AssertionError("the scores are made up")


@cache
def _catalog() -> Catalog:
    return load_catalog(read_texts(POLICIES), run_examples=False)


@cache
def _form(service: str) -> tuple[Plan, DecisionForm]:
    known = _catalog()
    policies = tuple(Document("policy", policy.text, policy.name, policy.version) for policy in known.policies())
    texts = (*policies, Document("vocabulary", known.vocabulary.text), Document("services", known.services.text))
    plan = known.pick(service, START + dt.timedelta(days=DAYS))
    return plan, DecisionForm(plan, texts)


def fill(opened: OpenLedger, decisions: int, seed: int = 1) -> None:
    """Records so many decisions, and what follows on some of them."""
    dice, clock = random.Random(seed), _Clock()  # noqa: S311 - made-up data
    use = replace(opened, now=clock.now)
    people = max(10, decisions // 8)
    step = dt.timedelta(days=DAYS) / decisions
    many: list[DecisionEntry] = []
    while len(many) < decisions:
        clock.at += step
        subject = f"C-{dice.randrange(people)}"
        many.append(_decision(dice, subject, clock.at))
    form_texts = _form("retention")[1].texts + _form("price-quote")[1].texts + _form("plan-advice")[1].texts
    for at in range(0, decisions, 100):
        use.ledger.append_all(many[at : at + 100], form_texts)
    use.settle()
    _follow(use, clock, dice)
    _keep(use, clock, dice, people)
    use.settle()


class _Clock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> dt.datetime:
        self.at += dt.timedelta(milliseconds=1)
        return self.at


def _decision(dice: random.Random, subject: str, time: dt.datetime) -> DecisionEntry:
    service = dice.choices(("retention", "price-quote", "plan-advice"), (9, 9, 2))[0]
    at = time.astimezone(ZONE)
    if dice.random() < 0.05:
        at -= dt.timedelta(days=dice.randrange(2, 40))
    plan, form = _form(service)
    known = _catalog()
    while True:
        sent = _facts(dice, service)
        facts = gather(read_json(json.dumps(sent).encode(), "the facts"), plan.needs, known.vocabulary, {})
        if service == "retention" and dice.random() < 0.4:
            facts = _scored(facts, dice)
        try:
            outcome = plan.evaluate(facts, at)
        except OrdainError:  # no decision comes of such facts: others are drawn
            continue
        caller = {"name": dice.choice(("shop", "call-centre", "app"))} if dice.random() < 0.8 else None
        return DecisionEntry(form, new_id(time), time, at, subject, sent.get("jurisdiction"), facts, outcome, caller)


def _scored(facts: Facts, dice: random.Random) -> Facts:
    version, value = dice.choice("34"), facts.values["churn_risk"]
    score = Score(value, (), {})
    named = {**facts.sources, "churn_risk": f"churn@{version}"}
    return Facts(dict(facts.values), named, {"churn_risk": (Churn(version), score)})


def _facts(dice: random.Random, service: str) -> dict[str, Any]:
    law = dice.choices(("IN", "EU", "UK"), (7, 2, 1))[0]
    if service == "plan-advice":
        return {"usage_gb": dice.randrange(200), "plan_gb": 100}
    if service == "retention":
        consent = dice.choice((["phone"], ["sms"], ["phone", "e-mail"]))
        more: dict[str, Any] = {"vulnerable_customer": True} if dice.random() < 0.1 else {}
        tier = dice.choice(("high", "medium", "low"))
        risk = round(dice.random(), 4)
        return {
            **_CALL,
            "churn_risk": risk,
            "clv_tier": tier,
            "jurisdiction": law,
            "consented_channels": consent,
            **more,
        }
    more = {"vulnerable_customer": dice.random() < 0.1}
    if dice.random() < 0.3:
        more["price_12_months_ago"] = dice.randrange(380, 560)
    if dice.random() < 0.1:
        more["personal_data_inputs"] = ["usage", "religion"]
    base = dice.randrange(380, 700)
    return {**_PRICE, "base_price": base, "demand": round(dice.random(), 4), "jurisdiction": law, **more}


def _follow(use: OpenLedger, clock: _Clock, dice: random.Random) -> None:
    """Reviews are settled, texts shown, decisions carried out, some otherwise than decided."""
    for record in list(search(use.reader, Query(kind=Kind.DECISION))):
        private = record.private or {}
        by = {"actor": dice.choice(("anna", "ben"))}
        if record.envelope["outcome_class"] == Verdict.REVIEW and dice.random() < 0.5:
            settle(use, record, dice.choice((Verdict.PERMIT, Verdict.DENY)), f"case {dice.randrange(900)}", by)
        app = {"at": clock.now().isoformat(), "actor": "shop"}
        if private.get("disclosures") and dice.random() < 0.5:
            confirm(use, record, Kind.SHOWN, {**app, "texts": []})
        if record.envelope["service"] == "price-quote" and dice.random() < 0.2:
            confirm(use, record, Kind.PERFORMED, {**app, "outcome": _done(record, dice)})


def _done(record: Record, dice: random.Random) -> dict[str, Any]:
    price = (record.private or {})["outcome"]["price"]
    return {"price": {**price, "amount": "1.00"} if dice.random() < 0.3 else price}


def _keep(use: OpenLedger, clock: _Clock, dice: random.Random, people: int) -> None:
    """Reads of many and of one, holds, restrictions, erasures."""
    for number, asked in enumerate(_reads(clock)):
        records = list(search(use.reader, asked))
        ids = [str(record.entry.id) for record in records]
        places = [record.entry.leaf_index or 0 for record in records]
        by = Access(dice.choice(("anna", "ben", "carl")), f"audit {number}")
        note_search(use, "export", by, asked, ids, len(ids), (min(places), max(places) + 1), role="reviewer")
    some = iter(dice.sample([f"C-{number}" for number in range(people)], 8))
    act: Callable[..., Any]
    kept = {"actor": "dora", "reason": "lawsuit 7"}
    for act in (
        partial(hold, on=True),
        partial(hold, on=True),
        partial(erase, not_before=dt.date(2030, 1, 31)),
        erase,
        erase,
    ):
        _tried(act, use, some, kept)


def _tried(act: Callable[..., Any], use: OpenLedger, some: Iterator[str], kept: dict[str, str]) -> None:
    for subject in some:  # one of whom the ledger knows nothing is passed over
        try:
            act(use, subject, private=kept)
        except OrdainError:
            continue
        return


def _reads(clock: _Clock) -> list[Query]:
    until = clock.at - dt.timedelta(days=60)
    return [
        Query(kind=Kind.DECISION),
        Query(kind=Kind.DECISION, service="price-quote"),
        Query(kind=Kind.DECISION, service="plan-advice", until=until),
        Query(kind=Kind.DECISION, verdict="deny", limit=20),
    ]
