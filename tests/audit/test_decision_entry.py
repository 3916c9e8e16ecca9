"""A decision's entry keeps what cannot be made again; what is joined from pieces is the canonical form of its data."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from reading_sample import NOON, Sample, catalog, documents, sample

from ordain.audit.entry.canonical import digest
from ordain.audit.entry.decision import DecisionEntry, decided
from ordain.audit.entry.decision_form import DecisionForm
from ordain.audit.entry.entry import Kind, Stamp, new_id, utc
from ordain.audit.entry.padding import STEP
from ordain.audit.entry.plan_text import PLAN, DoesNotUnpack, unpack
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.restoring import NOT_RESTORED, restored
from ordain.audit.ledger.told import told_by
from ordain.audit.store.rows import DOCUMENT
from ordain.engine.errors import OrdainError
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Fact, Facts, ModelCard, Reason, Score
from ordain.engine.values.types import Kind as Type
from ordain.engine.values.types import plain


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as made:
        yield made


STAMP = Stamp("b5063a89-4020-4887-b269-711668c03c11", "t \U0001f600", 'ordain "9"')
HASH, COMMITMENT = "sha256:" + "0" * 64, "1" * 64
SERVICES = ("price-quote", "retention", "plan-advice")
ODD = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)


class Churn:
    """A model of which only the name matters here."""

    name, version, digest, reads = "churn", "3", "sha256:" + "a" * 64, ()


def _raw(fact: Fact) -> st.SearchStrategy[Any]:
    limits, kind = fact.limits, fact.type.kind
    if kind is Type.NUMBER:
        low = limits.low if limits and limits.low is not None else Decimal(-1000)
        high = limits.high if limits and limits.high is not None else Decimal(1000)
        return st.decimals(low, high, places=4, allow_nan=False)
    if kind is Type.FLAG:
        return st.booleans()
    if kind is Type.DATE:
        return st.dates(dt.date(2024, 1, 1), dt.date(2027, 1, 1)).map(str)
    if kind is Type.LIST:
        one = st.sampled_from(sorted(fact.type.item.values)) if fact.type.item and fact.type.item.values else ODD
        return st.lists(one, max_size=2)
    if fact.time_zone:
        return st.just("Asia/Kolkata")
    return st.sampled_from(sorted(fact.type.values)) if fact.type.values else ODD


@cache
def _given(service: str) -> st.SearchStrategy[dict[str, Any]]:
    needs = catalog().pick(service, NOON).needs
    wanted = {need.fact.name: _raw(need.fact) for need in needs if not need.may_be_null}
    return st.fixed_dictionaries(wanted, optional={n.fact.name: _raw(n.fact) for n in needs if n.may_be_null})


def _entry(
    service: str,
    given: dict[str, Any],
    subject: str = "C-1",
    score: Score | None = None,
    models: tuple[ModelCard, ...] = (),
) -> DecisionEntry:
    known = catalog()
    plan = known.pick(service, NOON)
    facts = gather(given, plan.needs, known.vocabulary, {})
    if score is not None:
        facts = Facts(facts.values, {**facts.sources, "churn_risk": "churn@3"}, {"churn_risk": (Churn(), score)})
    form = DecisionForm(plan, documents(), models)
    return DecisionEntry(form, new_id(NOON), NOON, NOON, subject, "IN", facts, plan.evaluate(facts, NOON))


def _in_full(entry: DecisionEntry) -> dict[str, Any]:
    """The record as it was kept before: everything, derived or not."""
    parts = decided(entry.outcome)
    facts = entry.facts
    scores = [
        {
            "model": model.name,
            "version": model.version,
            "digest": model.digest,
            "fact": name,
            "score": plain(score.value),
            "inputs": plain(score.inputs),
            "reasons": [
                {"feature": r.feature, "value": plain(r.value), "contribution": plain(r.contribution)}
                for r in score.reasons
            ],
        }
        for name, (model, score) in facts.scores.items()
    ]
    return {
        "at": entry.at.isoformat(),
        "subject": entry.subject,
        "models": scores,
        "facts": {
            name: {"value": _shown(entry, name, value), "source": facts.sources[name]}
            for name, value in facts.values.items()
        },
        "form": 4,
        **parts,
        "disclosures": [due["disclose"] for due in parts["obligations"] if "disclose" in due],
    }


def _shown(entry: DecisionEntry, name: str, value: Any) -> Any:
    [type] = [need.fact.type for need in entry.outcome.plan.needs if need.fact.name == name]
    if type.is_money and value is not None:
        return {"amount": plain(value), "currency": type.unit}
    return plain(value)


def _by_name(part: dict[str, Any]) -> dict[str, Any]:
    policy, _, version = part["policy"].partition("@")
    return {**part, "policy": policy, "version": int(version)}


def _policies(entry: DecisionEntry) -> list[dict[str, Any]]:
    policies = [compiled.policy for compiled in entry.outcome.plan.policies]
    return [{"policy": p.name, "version": p.version, "digest": p.digest} for p in policies]


def _held_to_the_slow_form(entry: DecisionEntry) -> None:
    full = _in_full(entry)
    codes = [f"{reason['policy']}/{reason.get('rule') or reason['decision']}" for reason in full["reasons"]]
    plan = next(text for text in entry.form.texts if text.kind == PLAN)
    slow = {
        **{"v": 4, "id": str(entry.id), "time": utc(entry.time), "kind": Kind.DECISION, "about": {}},
        **{"ledger": STAMP.ledger, "tenant": STAMP.tenant, "engine": STAMP.engine},
        **{"service": entry.outcome.plan.service.name, "plan": digest(plan.text)},
        **{"payload_hash": HASH, "key_commitment": COMMITMENT},
    }
    envelope = entry.envelope(STAMP, HASH, COMMITMENT)
    assert envelope == rfc8785.dumps(slow)
    answer = {
        "decision_id": str(entry.id),
        "service": entry.outcome.plan.service.name,
        "policies": _policies(entry),
        "receipt": {"entry_id": str(entry.id), "leaf_hash": "ab"},
        "models": [
            {name: int(value) if name == "version" else value for name, value in model.items() if name != "inputs"}
            for model in full["models"]
        ],
        "outcome": None if full["verdict"] == "review" or _refused(entry, full) else full["outcome"],
        "reasons": [
            {
                name: value
                for name, value in _by_name(reason).items()
                if name != "missing" and (name, reason.get("verdict")) != ("because", "permit")
            }
            for reason in full["reasons"]
        ],
        "obligations": list(map(_by_name, full["obligations"])),
        "status": {"deny": "refused", "review": "in_review"}.get(full["verdict"], "decided"),
        **{name: full[name] for name in ("at", "verdict", "missing", "not_known")},
    }
    assert entry.answer_with("ab") == rfc8785.dumps(answer)
    del answer["receipt"]
    assert entry.answer == rfc8785.dumps(answer)
    packed, payload = entry.payload(), entry.private()
    private = json.loads(payload)
    assert payload == rfc8785.dumps(private) == unpack(packed, plan.text, padded=True)
    assert len(packed) % STEP == 0
    assert private["answer"] == sha256(entry.answer).hexdigest()
    past = Past(_texts(entry).get)
    whole = _told(past, envelope, private)
    assert whole["reason_codes"] == codes
    assert (whole["jurisdiction"], whole["outcome_class"]) == ("IN", full["verdict"] or "decided")
    assert [model["model"] for model in whole["models"]] == [model["model"] for model in full["models"]]
    assert restored(private, whole, past) == full


def _told(past: Past, envelope: bytes, private: dict[str, Any]) -> dict[str, Any]:
    """The envelope with what readers get of the private part beside it."""
    whole = past.in_full(json.loads(envelope))
    return whole | told_by(private, past.named(whole), past.codes(whole))


def _refused(entry: DecisionEntry, full: dict[str, Any]) -> bool:
    return full["verdict"] == "deny" and entry.outcome.plan.service.refuses


def _texts(entry: DecisionEntry) -> dict[str, bytes]:
    return {document.reference.digest: document.text for document in entry.form.texts}


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data(), subject=ODD)
def test_what_is_joined_from_pieces_is_the_slow_canonical_form_and_can_be_made_whole(
    service: str, data: st.DataObject, subject: str
) -> None:
    try:
        entry = _entry(service, data.draw(_given(service)), subject)
    except OrdainError:
        assume(False)
        raise
    _held_to_the_slow_form(entry)


def test_a_score_is_kept_with_its_inputs_and_reasons() -> None:
    facts = {"churn_risk": Decimal("0.85"), "clv_tier": "high", "offers_last_90_days": 0, "jurisdiction": "IN"}
    contact = {"marketing_objection": False, "opted_out_channels": [], "consented_channels": ["phone"]}
    contact |= {"promotions_blocked": False, "consent_kind": "explicit"}
    told = (Reason("tenure", Decimal(3), Decimal("-0.25")), Reason("plan \U0001f600", None, Decimal("0.5")))
    score = Score(Decimal("0.85"), told, {"tenure": Decimal(3), "plan \U0001f600": None})
    given = {**facts, **contact, "vulnerable_customer": False, "recipient_time_zone": "Asia/Kolkata"}
    for models in ((), (Churn(),)):
        entry = _entry("retention", given, score=score, models=models)
        assert entry.form.models.keys() == {model.name for model in models}
        _held_to_the_slow_form(entry)


@given(name=ODD, key=st.sampled_from([None, "0123456789ab"]))
def test_a_record_says_who_asked_and_the_answer_does_not(name: str, key: str | None) -> None:
    plain_entry = _entry("plan-advice", {"usage_gb": Decimal(95), "plan_gb": Decimal(100)})
    caller = {"name": name} if key is None else {"name": name, "key": key}
    entry = replace(plain_entry, caller=caller)
    assert (entry.answer, entry.envelope(STAMP, HASH, COMMITMENT)) == (
        plain_entry.answer,
        plain_entry.envelope(STAMP, HASH, COMMITMENT),
    )
    private = json.loads(entry.private())
    without = json.loads(plain_entry.private())
    assert entry.private() == rfc8785.dumps(private) == rfc8785.dumps({**without, "caller": caller})
    past = Past(_texts(entry).get)
    envelope = _told(past, entry.envelope(STAMP, HASH, COMMITMENT), private)
    assert restored(private, envelope, past) == {**_in_full(entry), "caller": caller}
    untold = restored({**private, "form": 9}, envelope, past)
    assert (untold["caller"], NOT_RESTORED in untold) == (caller, True)


def test_a_record_holds_no_text_that_the_policies_hold() -> None:
    entry = _entry("plan-advice", {"usage_gb": Decimal(95), "plan_gb": Decimal(100)})
    assert json.loads(entry.private()).keys() == {
        *("form", "at", "verdict", "jurisdiction"),
        *("subject", "facts", "sources", "scores", "steps", "outcome", "answer"),
    }
    assert b"More than 90 percent" not in entry.private()
    assert b"More than 90 percent" in entry.answer


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answer": "0" * 64}, "the answer is not the one that was given"),
        ({"outcome": {"action": "stay"}}, "the answer is not the one that was given"),
        ({"steps": [[99, None]]}, "its steps do not fit the policies"),
        ({"steps": None}, "its steps do not fit the policies"),
        ({"form": 5}, "it was recorded in form 5, which this version cannot read"),
    ],
)
def test_what_cannot_be_made_whole_says_why_and_tells_what_is_known(change: dict[str, Any], why: str) -> None:
    entry = _entry("plan-advice", {"usage_gb": Decimal(95), "plan_gb": Decimal(100)})
    private = {**json.loads(entry.private()), **change}
    past = Past(_texts(entry).get)
    told = restored(private, past.in_full(json.loads(entry.envelope(STAMP, HASH, COMMITMENT))), past)
    assert why in told[NOT_RESTORED]
    assert not {"reasons", "obligations", "trace"} & told.keys()
    assert told["facts"]["usage_gb"] == {"value": "95", "source": "request"}


def test_without_its_texts_a_record_tells_what_it_holds_itself(made: Sample) -> None:
    entry_id = made.decide("C-1")
    with made.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.kind != PLAN))
    record = made.record(entry_id)
    assert record.private is not None
    assert "the ledger does not hold the text" in record.private[NOT_RESTORED]
    assert record.private["subject"] == "C-1"


def test_without_its_plans_text_a_record_says_so_and_its_envelope_can_be_read(made: Sample) -> None:
    entry_id = made.decide("C-1")
    with made.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.kind == PLAN))
    record = made.record(entry_id)
    assert record.private is not None
    assert "the ledger does not hold the text of the plan" in record.private[NOT_RESTORED]
    assert record.envelope["service"] == "retention"


def test_what_was_packed_with_another_plans_text_is_refused() -> None:
    advice = _entry("plan-advice", {"usage_gb": Decimal(95), "plan_gb": Decimal(100)})
    text = next(text for text in advice.form.texts if text.kind == PLAN).text
    for packed in (b"", b"\xff" * 40, advice.payload()[:-1], advice.payload() + b"x"):
        with pytest.raises(DoesNotUnpack):
            unpack(packed, text)
